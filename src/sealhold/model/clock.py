"""Time and randomness as arguments: nothing below `node` reads a clock or an entropy source."""

from threading import Lock
from typing import Protocol

from sealhold.model.quantities import Instant


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> Instant:
        """Return the current UTC time in milliseconds since 1970."""
        ...


class Entropy(Protocol):
    """Gives random bytes."""

    def __call__(self, count: int, /) -> bytes:
        """Return `count` bytes that nobody can foretell."""
        ...


class Onward:
    """A clock that never goes back: where another one does, it goes on from what it told last."""

    def __init__(self, clock: Clock, since: Instant) -> None:
        self._clock = clock
        self._told = since
        self._ahead = 0  # milliseconds, while the other clock is behind
        self._turn = Lock()

    def __call__(self) -> Instant:
        """Return the current time, and never one before what was told."""
        with self._turn:
            now = self._clock()
            if now >= self._told:
                self._ahead = 0
            else:
                self._ahead = max(self._ahead, self._told - now)
            self._told = Instant(now + self._ahead)
            return self._told
