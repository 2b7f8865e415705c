"""Rendezvous: eight short messages between two devices that share nothing but a random id yet.

- Kept in memory, ten minutes from the first message, in eight places that are written once.
- Whoever knows the id may read, write and burn; what is said there is sealed by its two ends.
- So many are open at once; each may be burnt, and a burnt one stays so until its time is over.

Source: docs/spec/14-relay.md section 7.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import Final

PLACES: Final = 8
MAX_MESSAGE: Final = 4_096  # bytes
LIFE: Final = 600.0  # seconds
AT_ONCE: Final = 1_024  # rendezvous; 32 MiB if all are full


class NoRoomError(Exception):
    """Too many are open."""


class OverError(Exception):
    """It was burnt."""


@dataclass(slots=True)
class _Meeting:
    until: float
    said: dict[int, bytes] = field(default_factory=dict)
    is_burnt: bool = False


@dataclass(slots=True)
class Meetings:
    """All rendezvous of a relay."""

    seconds: Callable[[], float] = monotonic
    _open: dict[bytes, _Meeting] = field(default_factory=dict)
    _changed: Condition = field(default_factory=Condition)
    _is_over: bool = False

    def put(self, which: bytes, place: int, message: bytes) -> bytes:
        """Keep a message in its place if that is free, and return what is there then.

        Raises:
            NoRoomError: too many are open.
            OverError: it was burnt.
        """
        with self._changed:
            meeting = self._at(which, make=True)
            held = meeting.said.setdefault(place, message)
            self._changed.notify_all()
            return held

    def get(self, which: bytes, place: int, seconds: float) -> bytes | None:
        """Return a message, waiting up to `seconds` for it; None if it is not there.

        Raises:
            OverError: it was burnt.
        """
        until = monotonic() + seconds
        with self._changed:
            while (said := self._find(which, place)) is None and not self._is_over:
                left = until - monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return self._find(which, place)
            return said

    def burn(self, which: bytes) -> None:
        """Forget what was said, and let nobody go on.

        Raises:
            NoRoomError: too many are open.
        """
        with self._changed:
            try:
                meeting = self._at(which, make=True)
            except OverError:
                return
            meeting.said.clear()
            meeting.is_burnt = True
            self._changed.notify_all()

    def end(self) -> None:
        """Wake all who wait."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def _find(self, which: bytes, place: int) -> bytes | None:
        if which not in self._open or self._open[which].until <= self.seconds():
            return None
        return self._at(which, make=False).said.get(place)

    def _at(self, which: bytes, *, make: bool) -> _Meeting:
        now = self.seconds()
        meeting = self._open.get(which)
        if meeting is None or meeting.until <= now:
            for old in [each for each, held in self._open.items() if held.until <= now]:
                del self._open[old]
            # THREAT T449: memory for strangers has an end
            if make and len(self._open) >= AT_ONCE:
                raise NoRoomError
            meeting = self._open[which] = _Meeting(now + LIFE)
        if meeting.is_burnt:
            raise OverError
        return meeting
