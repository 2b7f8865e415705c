"""Waiting for what changes: in folders, and at places that tell when something came.

- Hints come from threads of their own and say only that a round is worth while; a round is the
  truth. Without a hint there is one every ten minutes.
- What a round writes into a folder is reported too, and tells nothing: the folder is looked at once
  the writing is over for a moment, for what somebody else wrote meanwhile.
- While a round reads or writes much, folders are not watched: thousands of reports of its own would
  cost it a fifth of its time. They are watched again before they are looked at.

Source: docs/spec/47-folders.md section 8; docs/spec/14-relay.md section 5.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from sealhold.model.errors import SealholdError
from sealhold.sharing.devices.watching import hints

EVERY = 600.0  # seconds between rounds without a hint
POLL = 25.0  # seconds of one question to a place
AGAIN = 5.0  # seconds until a place that failed is asked again
ECHO = 0.15  # seconds after own writing in which reports of it still come
OVER = 0.8  # seconds without own writing until folders are looked at for what others wrote
READ = 2.0  # seconds after much was read until folders are looked at for what came meanwhile
LONG = 10.0  # seconds after which they are, although it goes on

Ask = Callable[[float], bool]  # waits so many seconds; whether something came


class Hints:
    """What tells that a round is worth while; a context manager."""

    def __init__(
        self, folders: Sequence[Path], places: Sequence[Ask], came: Event | None = None
    ) -> None:
        """Take what is watched, what is asked, and what others set when something came."""
        self._came = came or Event()
        self._local = Event()  # something in a folder, not only at a place
        self._over = Event()
        self._lock = Lock()  # around the four below
        self._is_writing = False
        self._held_back = False  # something was reported meanwhile
        self._echo = 0.0  # until when reports may be of own writing
        self._due: tuple[float, float] | None = None  # when folders are looked at; at the latest
        self._resting = Event()  # folders are not watched
        self._resumed = Event()
        self._threads = [
            *(Thread(target=self._watch, args=(path,), daemon=True) for path in folders),
        ]
        self._asked: set[Ask] = set()
        self.follow(places)

    def __enter__(self) -> Self:
        """Begin to wait."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait no more; a question that is under way ends by itself."""
        self._over.set()
        self._resumed.set()

    def follow(self, places: Sequence[Ask]) -> None:
        """Ask these places from now on, and no others."""
        fresh, self._asked = set(places) - self._asked, set(places)
        for ask in fresh:
            Thread(target=self._ask, args=(ask,), daemon=True).start()

    def wait(self, seconds: float = EVERY) -> bool:
        """Wait until something may have changed, or so long; return whether folders are to be seen.

        Where only a place told of something, they need not be.
        """
        if self._due is not None:
            seconds = min(seconds, max(0.0, min(self._due) - monotonic()))
        came = self._came.wait(seconds)
        self._came.clear()
        if self._due is not None and monotonic() >= min(self._due):
            self._due, came = None, False
        # a hint that comes from here on stays set: it is cleared only once it was seen
        if is_local := self._local.is_set():
            self._local.clear()
        return is_local or not came

    def writing(self, *, much: bool = False) -> None:
        """Hold back what is reported from now on: folders are about to be written into.

        Args:
            much: so much that they are not watched meanwhile.
        """
        with self._lock:
            self._is_writing = True
        if much:
            self.rest()

    def rest(self) -> None:
        """Watch no folder from now on."""
        self._resumed.clear()
        self._resting.set()

    def resume(self, over: float | None = None) -> None:
        """Watch folders again, if they were not watched, and have them looked at in a while.

        Args:
            over: seconds until then; `OVER` by default.
        """
        if not self._resting.is_set():
            return
        self._resting.clear()
        self._resumed.set()
        with self._lock:
            self._look_in(OVER if over is None else over)

    def wrote(self, *, anything: bool) -> None:
        """Go on, with a look to come if anything was written, at once with what was held back."""
        self.resume()
        with self._lock:
            self._is_writing = False
            was_held, self._held_back = self._held_back, False
            if anything:
                self._look_in(OVER)
            elif was_held:
                self._tell()

    def _look_in(self, seconds: float) -> None:
        now = monotonic()
        latest = now + LONG if self._due is None else self._due[1]
        self._echo, self._due = now + ECHO, (now + seconds, latest)

    def _tell(self) -> None:
        self._local.set()
        self._came.set()

    def _watch(self, path: Path) -> None:
        stopping = _Stopping(self._over, self._resting)
        while not self._over.is_set():
            self._heard(path, stopping)
            if not stopping.was_set:
                return  # the folder cannot be watched
            self._resumed.wait()
            stopping.was_set = False

    def _heard(self, path: Path, stopping: "_Stopping") -> None:
        """Take what is reported of a folder, for as long as it is watched."""
        for is_hint in hints(path, stopping):
            if stopping.is_set():
                return
            if not is_hint:
                continue
            with self._lock:
                if self._is_writing:
                    self._held_back = True
                elif monotonic() > self._echo:
                    self._tell()

    def _ask(self, ask: Ask) -> None:
        while ask in self._asked and not self._over.is_set():
            try:
                if ask(POLL):
                    self._came.set()
                    self._over.wait(0.02)  # the round that follows takes it
            except SealholdError:
                self._over.wait(AGAIN)


class _Stopping:
    """Says when a folder is watched no more, and whether it said so."""

    def __init__(self, *reasons: Event) -> None:
        self._reasons = reasons
        self.was_set = False

    def is_set(self) -> bool:
        """Return whether to stop."""
        self.was_set = self.was_set or any(each.is_set() for each in self._reasons)
        return self.was_set
