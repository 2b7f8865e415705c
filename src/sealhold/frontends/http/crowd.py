"""How many may be in here at once: requests, long bodies, and of these how many of one sender.

- What is over a limit is told to come again in a second; nothing of it was read or begun.
- A limit of one sender is lower than that of all, so that no sender takes every place.

Source: docs/spec/20-faces.md section 6.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from sealhold.frontends.http.headers import hardened
from sealhold.frontends.http.problems import problem
from sealhold.model.errors import BusyError

MOST_REQUESTS = 128  # at once; a person's browser has six, an app one or two
LONG_BODIES = 8  # of up to 64 MiB each, in memory at once
OF_ONE_SENDER = 2


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
