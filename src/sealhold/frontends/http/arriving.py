"""Many uses of the vault in the server's one loop, in rounds: all begin, one commit, all end.

- What came in together is begun together and shares a commit. While the disk writes it, the loop
  waits for it a little: two threads that both want to run slow each other down far more than that.
  A disk that takes longer is not waited for; the loop goes on, and is woken.
- What was begun is taken to its end, also if nobody waits for the answer any more.

Source: docs/spec/20-faces.md section 7.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sealhold.model.underway import Underway

CROWD = 8  # uses of a round, from which on the next is worth lingering for
LINGER = 0.002
PATIENCE = 0.02  # seconds that the loop waits for a disk

Done = TypeVar("Done")
Waits = Future[list[int]]


class _One(NamedTuple):
    """A use, and who waits for what comes of it."""

    underway: Underway[Any]  # reason: uses of all kinds share a round
    over: asyncio.Future[Any]


class Arrivals:
    """Takes uses to their ends; all of it in one loop's thread."""

    def __init__(self, together: Callable[[], AbstractContextManager[None]]) -> None:
        self._together = together
        self._ready: list[_One] = []
        self._last = 0  # uses of the last round

    async def arrive(self, underway: Underway[Done]) -> Done:
        """Take `underway` to its end, and return what came of it.

        Raises:
            SealholdError: it failed.
        """
        loop = asyncio.get_running_loop()
        over: asyncio.Future[Done] = loop.create_future()
        self._add(loop, _One(underway, over))
        return await over

    def _add(self, loop: asyncio.AbstractEventLoop, one: _One) -> None:
        if not self._ready:
            if self._last < CROWD:
                loop.call_soon(self._round)  # behind whatever else came in by now
            else:
                loop.call_later(LINGER, self._round)
        self._ready.append(one)

    def _round(self) -> None:
        ready, self._ready = self._ready, []
        self._last = len(ready)
        while ready:
            with self._together():
                going = [(one, waits) for one in ready if (waits := _went(one)) is not None]
            if going:
                _wait([waits for _, waits in going])
            ready = []
            for one, waits in going:
                if waits.done():
                    ready.append(one)
                else:
                    waits.add_done_callback(partial(self._tell, one))

    def _tell(self, one: _One, _waits: Waits) -> None:
        loop = one.over.get_loop()
        with suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(self._add, loop, one)


def _went(one: _One) -> Waits | None:
    """Take the next step of a use, and return what it waits for; None if it is over."""
    try:
        waits = one.underway.go()
    except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
        if not one.over.done():
            one.over.set_exception(err)
        return None
    if waits is None and not one.over.done():  # whoever waited may be gone
        one.over.set_result(one.underway.value)
    return waits


def _wait(several: Sequence[Waits]) -> None:
    """Wait a little for all of them; the last one to be queued is the last to be done."""
    with suppress(TimeoutError):
        several[-1].exception(PATIENCE)
