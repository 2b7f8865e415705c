"""Engines for the owner's SQL that are kept for some seconds: who asks again starts none.

- An engine may read the files that it was started for, and none that took their place since: when
  a file is another, or has a log that it had not, another engine is started.

Source: docs/spec/38-in-place.md section 7.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, Timer

from sealhold.compute.engine.cell import Engine
from sealhold.compute.engine.orders import Begin

KEPT = 20.0  # seconds behind the last query
BESIDE = ("", "-wal", "-shm", "-journal")  # what SQLite reads beside a file

_Is = tuple[tuple[str, int, int], ...]


def files_of(path: str) -> tuple[str, ...]:
    """Return a file and what lies beside it that is read with it."""
    return tuple(f"{path}{end}" for end in BESIDE if Path(f"{path}{end}").exists())


def standing(files: tuple[str, ...]) -> _Is:
    """Return which files those are, by device and number."""
    told = ((each, Path(each).stat()) for each in files)
    return tuple((each, at.st_dev, at.st_ino) for each, at in told)


class WarmEngine:
    """Gives the one engine that is kept, or another if it is for other files."""

    def __init__(self, kept: float = KEPT) -> None:
        self._kept = kept
        self._turn = Lock()
        self._engine: Engine | None = None
        self._for: _Is = ()
        self._timer: Timer | None = None

    @contextmanager
    def of(self, files: tuple[str, ...]) -> Iterator[Engine]:
        """Yield an engine that may read `files`, and that nobody else uses meanwhile.

        Raises:
            OSError: one of them is gone.
        """
        begin, wanted = Begin(kind="sql", files=files), standing(files)
        if not self._turn.acquire(blocking=False):
            with Engine(begin) as own:
                yield own
            return
        try:
            self._stop_timer()
            # THREAT T409: a file that took the place of another is for another engine
            if self._engine is None or self._for != wanted:
                self._end()
                self._engine, self._for = Engine(begin), wanted
            yield self._engine
        finally:
            self._timer = Timer(self._kept, self.close)
            self._timer.daemon = True
            self._timer.start()
            self._turn.release()

    def close(self) -> None:
        """End the engine, unless it is in use."""
        if self._turn.acquire(blocking=False):
            try:
                self._stop_timer()
                self._end()
            finally:
                self._turn.release()

    def _end(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
