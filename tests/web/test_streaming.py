"""Answers that are made while they are sent: in one thread, and closed there whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from threading import Event, get_ident

import pytest

from sealhold.frontends.http import streaming
from sealhold.frontends.http.streaming import WAITING, streamed
from tests.loops import in_a_loop

SOON = 10.0  # seconds


class Maker:
    """Makes pieces, and says what became of it."""

    def __init__(self, count: int, fails_at: int = -1) -> None:
        self.made = 0
        self.threads: set[int] = set()
        self.over = Event()
        self._count, self._fails_at = count, fails_at

    def pieces(self) -> Iterator[bytes]:
        try:
            for number in range(self._count):
                self.threads.add(get_ident())
                if number == self._fails_at:
                    raise ValueError("in the middle")
                self.made += 1
                yield b"piece"
        finally:
            self.threads.add(get_ident())
            self.over.set()


def body(maker: Maker) -> AsyncIterator[bytes]:
    return streamed(maker.pieces(), 200, "application/zip", {}).body_iterator  # type: ignore[return-value]  # reason: bytes, since pieces are


def test_all_pieces_arrive_in_their_order_and_one_thread_makes_them() -> None:
    maker = Maker(50)

    async def read() -> list[bytes]:
        return [piece async for piece in body(maker)]

    assert in_a_loop(read()) == [b"piece"] * 50
    assert maker.over.wait(SOON)
    assert len(maker.threads) == 1
    assert get_ident() not in maker.threads


def test_only_a_few_pieces_wait_for_a_client_and_who_goes_away_ends_it() -> None:
    maker = Maker(10_000)

    async def leave() -> None:
        pieces = body(maker)
        await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]  # reason: a generator

    in_a_loop(leave())

    assert maker.over.wait(SOON)
    assert maker.made <= WAITING + 4
    assert len(maker.threads) == 1


def test_what_fails_in_the_middle_never_looks_whole() -> None:
    maker = Maker(10, fails_at=5)
    came: list[bytes] = []

    async def read() -> None:
        async for piece in body(maker):
            came.append(piece)  # noqa: PERF401  # reason: what came before the error counts

    with pytest.raises(ValueError, match="in the middle"):
        in_a_loop(read())
    assert len(came) == 5
    assert maker.over.wait(SOON)


@pytest.mark.parametrize("count", [3 * WAITING, WAITING + 1], ids=["in the middle", "at its end"])
def test_a_client_that_takes_nothing_for_long_gets_no_end_and_holds_no_thread(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    monkeypatch.setattr(streaming, "PATIENCE", 0.02)
    monkeypatch.setattr(streaming, "SLOW", 0.04)
    maker = Maker(count)

    async def come_back() -> None:
        pieces = body(maker)
        await anext(pieces)
        await asyncio.to_thread(maker.over.wait, SOON)
        await asyncio.sleep(0.2)  # until the maker has given up what it wanted to say last
        async with asyncio.timeout(SOON):
            async for _ in pieces:
                pass

    with pytest.raises(streaming.GivenUpError):
        in_a_loop(come_back())
