"""Many uses of the vault in the server's one loop, in rounds: all begin, one commit, all end.

- What came in together is begun together and shares a commit. While the disk writes it, the loop
  waits for it a little: two threads that both want to run slow each other down far more than that.
  A disk that takes longer is not waited for; the loop goes on, and is woken.
- What was begun is taken to its end, also if nobody waits for the answer any more.
- A use of which a step takes long goes on in a thread. So few do at once that all that they have in
  memory is bounded; the others wait before they read anything.

Source: docs/spec/20-faces.md section 7.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

from starlette.concurrency import run_in_threadpool

from sealhold.model.underway import Long, Underway

FEW = 3  # equal calls of a round, from which on they are taken as one use
CROWD = 8  # uses of a round, from which on the next is worth lingering for
LINGER = 0.002
PATIENCE = 0.02  # seconds that the loop waits for a disk
LONG_ONES = 2  # at once: a megabyte of JSON is 30 of values

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

    def __init__(
        self,
        together: Callable[[], AbstractContextManager[None]],
        written: Callable[[Any], Any] = lambda came: came,
    ) -> None:
        self._together = together
        self._written = written  # what came of a long use, in its thread
        self._few = asyncio.Semaphore(LONG_ONES)
        self._long: set[asyncio.Task[None]] = set()
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

    async def beside(self, run: Callable[[], Done]) -> Done:
        """Return what `run` gives, which takes long: in a thread, and few at once.

        Raises:
            SealholdError: it failed.
        """
        # THREAT T434: however many come, so many contents are values at once and no more
        async with self._few:
            return await run_in_threadpool(run)

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
                went = [(one, waits) for one in ready if (waits := _went(one)) is not None]
                going = [(one, waits) for one, waits in went if not isinstance(waits, Long)]
            for one, waits in went:
                if isinstance(waits, Long):
                    self._go_beside(one)
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

    def _go_beside(self, one: _One) -> None:
        """Leave the rest of a use to a thread."""

        async def rest() -> None:
            try:
                came = await self.beside(lambda: self._written(one.underway.wait()))
            except Exception as err:  # noqa: BLE001  # reason: whatever it is, somebody waits for it
                one.over(None, err)
            else:
                one.over(came, None)

        task = asyncio.get_running_loop().create_task(rest())
        self._long.add(task)
        task.add_done_callback(self._long.discard)

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


def _went(one: _One) -> Waits | Long | None:
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
