"""Time and randomness as arguments: nothing below `node` reads a clock or an entropy source."""

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
