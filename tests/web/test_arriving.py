"""Uses that are taken to their ends in rounds, in one loop."""

import asyncio
import threading
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

import pytest

from sealhold.frontends.http import arriving
from sealhold.frontends.http.arriving import Arrivals
from sealhold.model.errors import ConflictError, DeniedError
from sealhold.model.underway import Underway
from tests.loops import in_a_loop

Steps = Generator[str, bool, Any]


def ended(piece: str) -> Future[list[int]]:
    """Return what a writer would for `piece`, at once."""
    waits: Future[list[int]] = Future()
    if piece == "changed":
        waits.set_exception(ConflictError("changed"))
    else:
        waits.set_result([1])
    return waits


def steps(*pieces: str) -> Steps:
    heard: list[bool] = []
    for piece in pieces:
        held = yield piece
        heard += [held]
    return heard


def run(*uses: Underway[Any]) -> list[Any]:
    async def all_of_them() -> list[Any]:
        arrivals = Arrivals(nullcontext)
        return await asyncio.gather(*map(arrivals.arrive, uses), return_exceptions=True)

    return in_a_loop(all_of_them())


def test_each_use_gets_what_came_of_it() -> None:
    uses = [Underway(steps(*["x"] * count), ended) for count in range(20)]

    assert run(*uses) == [[True] * count for count in range(20)]


def test_a_use_hears_that_what_it_was_decided_on_has_changed() -> None:
    assert run(Underway(steps("x", "changed", "x"), ended)) == [[True, False, True]]


def test_a_use_that_fails_ends_no_other() -> None:
    def failing() -> Steps:
        yield "x"
        raise DeniedError("denied")

    came = run(Underway(failing(), ended), Underway(steps("x"), ended))

    assert isinstance(came[0], DeniedError)
    assert came[1] == [True]


def test_a_slow_disk_holds_up_the_loop_for_a_moment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arriving, "PATIENCE", 0.01)
    slow: Future[list[int]] = Future()
    ticks = 0

    async def both() -> tuple[Any, int]:
        nonlocal ticks
        slowly = Underway(steps("x"), lambda _: slow)
        use = asyncio.ensure_future(Arrivals(nullcontext).arrive(slowly))
        await asyncio.sleep(0)
        threading.Timer(0.2, slow.set_result, [[1]]).start()
        while not use.done():
            ticks += 1
            await asyncio.sleep(0.01)
        return use.result(), ticks

    came, counted = in_a_loop(both())

    assert came == [True]
    assert counted >= 5


def test_what_was_begun_is_ended_though_nobody_waits_any_more() -> None:
    slow: Future[list[int]] = Future()
    is_over = threading.Event()

    def use() -> Steps:
        yield "x"
        is_over.set()

    async def leave() -> None:
        task = asyncio.ensure_future(Arrivals(nullcontext).arrive(Underway(use(), lambda _: slow)))
        await asyncio.sleep(0.05)
        task.cancel()
        slow.set_result([1])
        await asyncio.sleep(0.05)

    in_a_loop(leave())

    assert is_over.is_set()
