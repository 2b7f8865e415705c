"""What takes long goes on beside the loop, few at once; what is long has its room."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import AsyncExitStack, nullcontext
from typing import Any

import pytest

from sealhold.frontends.http.arriving import LONG_ONES, Arrivals
from sealhold.frontends.http.crowd import MOST_WAITING, Room
from sealhold.model.errors import BusyError, DeniedError
from sealhold.model.underway import LONG_AHEAD, Long, Underway
from tests.loops import in_a_loop

Steps = Generator[str | Long, bool, Any]


def ended(_: object) -> Future[list[int]]:
    waits: Future[list[int]] = Future()
    waits.set_result([1])
    return waits


def steps(*pieces: str | Long) -> Steps:
    """Take each step, and return in which thread the last one was taken, and what was heard."""
    heard: list[bool] = []
    for piece in pieces:
        held = yield piece
        heard += [held]
    return threading.current_thread(), heard


def test_whoever_takes_all_steps_alone_goes_on_over_a_long_one() -> None:
    one, other = (Underway(steps("x", LONG_AHEAD, "y"), ended) for _ in range(2))

    assert one.wait() == (threading.current_thread(), [True, True, True])
    assert [other.wait_until_long() for _ in range(2)] == [False, True]
    assert other.value == one.value


@pytest.mark.threat("T434")
def test_a_use_that_takes_long_goes_on_beside_the_loop_and_others_in_it() -> None:
    async def both() -> tuple[Any, Any, threading.Thread]:
        arrivals = Arrivals(nullcontext, lambda came: ("written", *came))
        long = arrivals.arrive(Underway(steps("x", LONG_AHEAD, "y"), ended))
        short = arrivals.arrive(Underway(steps("x"), ended))
        return *await asyncio.gather(long, short), threading.current_thread()

    long, short, loop = in_a_loop(both())

    assert (long[0], long[2]) == ("written", [True, True, True])
    assert long[1] is not loop
    assert short == (loop, [True])


@pytest.mark.threat("T434")
def test_however_many_take_long_few_do_at_once() -> None:
    lock, inside, most = threading.Lock(), 0, 0
    full = threading.Barrier(LONG_ONES)

    def use() -> Steps:
        nonlocal inside, most
        yield LONG_AHEAD
        with lock:
            inside += 1
            most = max(most, inside)
        full.wait(5)  # as many as may be are in here together
        with lock:
            inside -= 1

    async def many() -> None:
        arrivals = Arrivals(nullcontext)
        uses = [arrivals.arrive(Underway(use(), ended)) for _ in range(4 * LONG_ONES)]
        await asyncio.gather(*uses)

    in_a_loop(many())

    assert (most, inside) == (LONG_ONES, 0)


def test_a_long_use_that_fails_tells_so_and_leaves_its_place() -> None:
    def failing() -> Steps:
        yield LONG_AHEAD
        raise DeniedError("denied")

    async def many() -> list[Any]:
        arrivals = Arrivals(nullcontext)
        uses = [arrivals.arrive(Underway(failing(), ended)) for _ in range(9)]
        return await asyncio.gather(*uses, return_exceptions=True)

    assert [type(each) for each in in_a_loop(many())] == [DeniedError] * 9


@pytest.mark.threat("T434")
def test_bytes_in_memory_are_bounded_and_each_comes_in_its_turn() -> None:
    room, came, most = Room(most=10, of_one=10), list[int](), 0

    async def one(number: int) -> None:
        nonlocal most
        async with room.taken(f"app {number}", 4):
            came.append(number)
            most = max(most, room.taken_bytes)
            await asyncio.sleep(0.001)

    async def many() -> None:
        await asyncio.gather(*(one(number) for number in range(20)))

    in_a_loop(many())

    assert came == [*range(20)]
    assert (most, room.taken_bytes) == (8, 0)


@pytest.mark.threat("T434")
def test_one_sender_leaves_room_to_others_and_stands_in_nobodys_way() -> None:
    room = Room(most=12, of_one=6, patience=0.05)

    async def many() -> None:
        async with room.taken("a", 6):
            waits = asyncio.ensure_future(_enter(room, "a", 6))
            await asyncio.sleep(0)
            async with asyncio.timeout(1), room.taken("b", 6):
                assert room.taken_bytes == 12
            with pytest.raises(BusyError):
                await waits

    in_a_loop(many())

    assert room.taken_bytes == 0


@pytest.mark.threat("T434")
def test_who_waits_too_long_or_behind_too_many_is_told_to_come_again() -> None:
    room = Room(most=1, of_one=1, patience=0.05)

    async def many() -> list[BaseException | None]:
        async with room.taken("a", 1):
            uses = [_enter(room, f"{n}", 1) for n in range(MOST_WAITING + 1)]
            return await asyncio.gather(*uses, return_exceptions=True)

    told = in_a_loop(many())

    assert [type(each) for each in told] == [BusyError] * (MOST_WAITING + 1)
    assert room.taken_bytes == 0
    in_a_loop(_enter(room, "a", 1))


def test_who_leaves_while_they_wait_takes_no_room() -> None:
    room = Room(most=1, of_one=1)

    async def leave() -> None:
        async with AsyncExitStack() as held:
            await held.enter_async_context(room.taken("a", 1))
            first, second = (asyncio.ensure_future(_enter(room, "b", 1)) for _ in range(2))
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.sleep(0)
        await second
        let_in = asyncio.ensure_future(_hold(room, "c"))
        async with room.taken("a", 1):
            await asyncio.sleep(0)
        let_in.cancel()  # in the moment in which there was room
        await asyncio.sleep(0.01)

    in_a_loop(leave())

    assert room.taken_bytes == 0


async def _enter(room: Room, sender: str, size: int) -> None:
    async with room.taken(sender, size):
        await asyncio.sleep(0)


async def _hold(room: Room, sender: str) -> None:
    async with room.taken(sender, 1):
        await asyncio.sleep(5)
