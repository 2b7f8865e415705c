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

FEW = 3  # equal calls of a round, from which on they are taken as one use
CROWD = 8  # uses of a round, from which on the next is worth lingering for
LINGER = 0.002
PATIENCE = 0.02  # seconds that the loop waits for a disk

Done = TypeVar("Done")
Waits = Future[list[int]]


Over = Callable[[Any, BaseException | None], None]  # hears what came of a use, or why nothing did


class _One(NamedTuple):
    """A use, and who waits for what comes of it."""

    underway: Underway[Any]  # reason: uses of all kinds share a round
    over: Over


One = Callable[[Any], Underway[Any]]
Many = Callable[[Sequence[Any]], Underway[list[Any]]]  # of each: what comes, an error, or None


class Calls(NamedTuple):
    """How equal calls are begun: one, and many at once."""

    one: One
    many: Many


class _Group(NamedTuple):
    """Equal calls of one round, and who waits for each."""

    one: One
    calls: list[tuple[Any, Over]]


class Arrivals:
    """Takes uses to their ends; all of it in one loop's thread."""

    def __init__(self, together: Callable[[], AbstractContextManager[None]]) -> None:
        self._together = together
        self._ready: list[_One] = []
        self._groups: dict[Many, _Group] = {}
        self._count = 0  # of the round that follows
        self._lingers: asyncio.TimerHandle | None = None  # for more of it
        self._last = 0  # uses of the last round

    async def arrive(self, underway: Underway[Done]) -> Done:
        """Take `underway` to its end, and return what came of it.

        Raises:
            SealholdError: it failed.
        """
        over: asyncio.Future[Done] = asyncio.get_running_loop().create_future()

        def told(came: Done, err: BaseException | None) -> None:
            if over.done():  # whoever waited is gone
                return
            if err is not None:
                over.set_exception(err)
            else:
                over.set_result(came)

        self.take(underway, told)
        return await over

    def take(self, underway: Underway[Any], over: Over) -> None:
        """Take `underway` to its end, and tell `over` what came of it; in the loop's thread."""
        self._add(asyncio.get_running_loop(), _One(underway, over))

    def join(self, calls: Calls, call: object, over: Over) -> None:
        """Take one of equal calls to its end, together with those that come in the same round."""
        group = self._groups.setdefault(calls.many, _Group(calls.one, []))
        group.calls.append((call, over))
        self._expect(asyncio.get_running_loop())

    def _add(self, loop: asyncio.AbstractEventLoop, one: _One) -> None:
        self._ready.append(one)
        self._expect(loop)

    def _expect(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that a round follows: soon, or once as many are there as in the last one."""
        self._count += 1
        if self._lingers is not None and self._count >= self._last:
            self._lingers.cancel()
            self._lingers = None
            loop.call_soon(self._round)
        elif self._count == 1:
            if self._last < CROWD:
                loop.call_soon(self._round)  # behind whatever else came in by now
            else:
                self._lingers = loop.call_later(LINGER, self._round)

    def _round(self) -> None:
        self._lingers = None
        self._last, self._count = self._count, 0
        ready, self._ready = self._ready, []
        groups, self._groups = self._groups, {}
        for many, group in groups.items():
            ready += self._joined(many, group)
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
                    loop = asyncio.get_running_loop()
                    waits.add_done_callback(partial(self._tell, loop, one))

    def _joined(self, many: Many, group: _Group) -> list[_One]:
        """Return the calls of a group as one use, or each as one if they are few."""
        if len(group.calls) < FEW:
            return [one for call in group.calls if (one := _alone(group.one, *call))]

        def over(came: list[Any] | None, err: BaseException | None) -> None:
            for nth, (call, told) in enumerate(group.calls):
                one = None if came is None else came[nth]
                if err is not None:
                    told(None, err)
                elif one is None:  # to be asked for by itself
                    alone = _alone(group.one, call, told)
                    if alone is not None:
                        self._add(asyncio.get_running_loop(), alone)
                elif isinstance(one, Exception):
                    told(None, one)
                else:
                    told(one, None)

        found = _begun(lambda: many([call for call, _ in group.calls]), over)
        return [found] if found is not None else []

    def _tell(self, loop: asyncio.AbstractEventLoop, one: _One, _waits: Waits) -> None:
        with suppress(RuntimeError):  # the server has ended
            loop.call_soon_threadsafe(self._add, loop, one)


def _alone(begin: One, call: object, over: Over) -> _One | None:
    return _begun(lambda: begin(call), over)


def _begun(begin: Callable[[], Underway[Any]], over: Over) -> _One | None:
    """Return a use that can be taken; None if it ended before."""
    try:
        return _One(begin(), over)
    except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
        over(None, err)
        return None


def _went(one: _One) -> Waits | None:
    """Take the next step of a use, and return what it waits for; None if it is over."""
    try:
        waits = one.underway.go()
    except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
        one.over(None, err)
        return None
    if waits is None:
        one.over(one.underway.value, None)
    return waits


def _wait(several: Sequence[Waits]) -> None:
    """Wait a little for all of them; the last one to be queued is the last to be done."""
    with suppress(TimeoutError):
        several[-1].exception(PATIENCE)
