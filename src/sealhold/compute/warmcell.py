"""A reader's server that is kept for a while: who asks a place several times starts it once.

- One look at a time; whoever comes meanwhile gets a server of their own, ended with the look.
- It holds nothing of what was read: each file has a worker of its own, which ends with it.

Source: docs/spec/36-sources.md section 3; docs/spec/18-connectors.md section 8.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer

from sealhold.compute.readercell import ReaderCell

KEPT = 20.0  # seconds behind the last look


class WarmCell:
    """Gives a reader cell; called like the class itself."""

    def __init__(self, cell: Callable[[], ReaderCell] = ReaderCell, kept: float = KEPT) -> None:
        self._new = cell
        self._kept = kept
        self._turn = Lock()
        self._cell: ReaderCell | None = None
        self._timer: Timer | None = None

    @contextmanager
    def __call__(self) -> Iterator[ReaderCell]:
        """Yield a cell that nobody else uses meanwhile."""
        if not self._turn.acquire(blocking=False):
            with self._new() as own:
                yield own
            return
        try:
            self._stop_timer()
            if self._cell is None:
                self._cell = self._new()
            yield self._cell
        finally:
            self._timer = Timer(self._kept, self.close)
            self._timer.daemon = True
            self._timer.start()
            self._turn.release()

    def close(self) -> None:
        """End the server, unless it is in use."""
        if self._turn.acquire(blocking=False):
            try:
                self._stop_timer()
                if self._cell is not None:
                    self._cell.close()
                    self._cell = None
            finally:
                self._turn.release()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
