"""Room in memory for what is long: so many bodies and answers at once, and so many of one token.

- Whoever finds none waits for a while, and is then told to come later.

Source: docs/spec/14-relay.md section 6.
"""

from collections import Counter
from dataclasses import dataclass, field
from threading import Condition
from time import monotonic
from typing import Final

from sealhold.net.relay.wire import Head, RefusedError, Wire

SMALL: Final = 65_536  # bytes; what is longer takes room
LONG: Final = 24  # at once: 192 MiB if all are packs
OF_ONE: Final = 4  # of one token: a device puts two packs at once and reads another
WAIT_SECONDS: Final = 10.0


@dataclass(slots=True)
class Slots:
    """The room of one relay. Several threads may ask."""

    most: int = LONG
    each: int = OF_ONE
    seconds: float = WAIT_SECONDS
    _taken: Counter[str] = field(default_factory=Counter)
    _freed: Condition = field(default_factory=Condition)

    def take(self, who: str) -> None:
        """Take room for one long thing, when there is some.

        Raises:
            RefusedError: there was none for a while.
        """
        until = monotonic() + self.seconds
        with self._freed:
            # THREAT T447: what is long has its room; one token has a part of it, and nobody waits
            # without end
            while self._taken.total() >= self.most or self._taken[who] >= self.each:
                if not self._freed.wait(max(0.0, until - monotonic())):
                    raise RefusedError(503)
            self._taken[who] += 1

    def free(self, who: str) -> None:
        """Give back what `take` took."""
        with self._freed:
            self._taken[who] -= 1
            if not self._taken[who]:
                del self._taken[who]
            self._freed.notify_all()


@dataclass(slots=True, eq=False)
class Coming:
    """The body of one request, and the room that it or its answer takes."""

    wire: Wire
    head: Head
    slots: Slots
    heard: bytes | bytearray = b""
    _has_room: bool = False

    def __call__(self, most: int) -> bytes | bytearray:
        """Return the body.

        Raises:
            RefusedError: it is longer than `most`, or there is no room.
            BrokenOffError: it broke off or took too long.
        """
        if SMALL < self.head.length <= most:
            self.room()
        self.heard = self.wire.body(most)
        return self.heard

    def room(self) -> None:
        """Take room for something long, until the answer was sent.

        Raises:
            RefusedError: there is none now.
        """
        if not self._has_room:
            self.slots.take(self._who)
            self._has_room = True

    def over(self) -> None:
        """Give back the room."""
        if self._has_room:
            self._has_room = False
            self.slots.free(self._who)

    @property
    def _who(self) -> str:
        return self.head.headers.get("authorization", "")
