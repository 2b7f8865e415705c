"""How many may be in here at once: requests, long bodies, and of these how many of one sender.

- What is over a limit is told to come again in a second; nothing of it was read or begun.
- A limit of one sender is lower than that of all, so that no sender takes every place.
- Records of up to a megabyte are counted by their bytes. The next one waits until there is room, in
  its turn, for a few seconds; its body stays with the sender until then.

Source: docs/spec/20-faces.md section 6.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from sealhold.frontends.http.headers import hardened
from sealhold.frontends.http.problems import problem
from sealhold.model.errors import BusyError

MOST_REQUESTS = 128  # at once; a person's browser has six, an app one or two
LONG_BODIES = 8  # of up to 64 MiB each, in memory at once
OF_ONE_SENDER = 2
ROOM, ROOM_OF_ONE = 16_777_216, 8_388_608  # bytes of long records in memory, and of one sender
MOST_WAITING = 64  # for room: half of all requests at once
PATIENCE = 10.0  # seconds that one waits for room


class Places:
    """Counts who is in; used by the one thread of the server's loop."""

    def __init__(self, most: int, of_one: int) -> None:
        self._most = most
        self._of_one = of_one
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, sender: str) -> Iterator[None]:
        """Take a place while the block runs.

        Raises:
            BusyError: none is free, or none for this sender.
        """
        if self._taken.total() >= self._most or self._taken[sender] >= self._of_one:
            raise BusyError("too many at once")
        self._taken[sender] += 1
        try:
            yield
        finally:
            self._taken[sender] -= 1
            self._taken += Counter()  # forgets whoever has no place any more


class _Waiting(NamedTuple):
    """Who waits for room."""

    sender: str
    size: int
    turn: asyncio.Future[None]


class Room:
    """Counts how many bytes are in; used by the one thread of the server's loop."""

    def __init__(
        self, most: int = ROOM, of_one: int = ROOM_OF_ONE, patience: float = PATIENCE
    ) -> None:
        self._most = most
        self._of_one = of_one
        self._patience = patience
        self._taken: Counter[str] = Counter()
        self._waiting: deque[_Waiting] = deque()

    @property
    def taken_bytes(self) -> int:
        """How many bytes are in."""
        return self._taken.total()

    @asynccontextmanager
    async def taken(self, sender: str, size: int) -> AsyncIterator[None]:
        """Have room for `size` bytes while the block runs; wait for it first, if there is none.

        Raises:
            BusyError: there was none for too long, or too many wait.
        """
        # THREAT T434: what has no room is not read; it waits where it is, or comes again
        if self._waiting or not self._fits(sender, size):
            await self._wait(sender, size)
        else:
            self._taken[sender] += size
        try:
            yield
        finally:
            self._taken[sender] -= size
            self._taken += Counter()  # forgets whoever has nothing in here any more
            self._admit()

    async def _wait(self, sender: str, size: int) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise BusyError("too many at once")
        one = _Waiting(sender, size, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        self._admit()
        try:
            async with asyncio.timeout(self._patience):
                await one.turn
        except BaseException as err:
            self._forget(one)
            if isinstance(err, TimeoutError):
                raise BusyError("too many at once") from None
            raise

    def _forget(self, one: _Waiting) -> None:
        """Let go of one who waits no more, and of the room that came in the same moment."""
        if one in self._waiting:
            self._waiting.remove(one)
        elif one.turn.done() and not one.turn.cancelled():
            self._taken[one.sender] -= one.size
            self._taken += Counter()
        self._admit()

    def _fits(self, sender: str, size: int) -> bool:
        is_room = self._taken.total() + size <= self._most
        return is_room and self._taken[sender] + size <= self._of_one

    def _admit(self) -> None:
        """Let in who waits, in their turn; who only waits for their own goes by nobody's way."""
        for one in [*self._waiting]:
            if self._taken.total() + one.size > self._most:
                return
            if self._fits(one.sender, one.size) and not one.turn.done():
                self._waiting.remove(one)
                self._taken[one.sender] += one.size
                one.turn.set_result(None)


def long_bodies() -> Places:
    """Return the places for bodies that are kept in memory whole."""
    return Places(LONG_BODIES, OF_ONE_SENDER)


class Crowd:
    """Answers so many requests at once, and tells the others to come again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._inside = 0

    def enter(self) -> bool:
        """Take a place; False if there is none."""
        if self._inside >= MOST_REQUESTS:
            return False
        self._inside += 1
        return True

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, if there is a place."""
        if not self.enter():  # THREAT T203: told before anything of it is read
            await hardened(problem(BusyError("too many at once")))(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self.leave()
