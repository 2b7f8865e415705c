"""A provider that says nothing and does not hang up: who waits for it is let go of."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sealhold.frontends.pg.listener import QUIET, Client, Listening
from sealhold.frontends.pg.seam import Door
from tests.loops import in_a_loop


class Stands:
    """A session at a provider, and its link, that note what is done with them."""

    def __init__(self, *, is_owed: bool, at: str) -> None:
        self.is_owed = is_owed
        self.at = at
        self.done: list[str] = []
        self.to_client: list[bytes] = []
        self.to_provider: list[bytes] = []
        self.steps: list[object] = []
        self.is_strained = False

    def is_at(self, providers: frozenset[str]) -> bool:
        return self.at in providers

    def provider_said(self, data: bytes) -> None:
        self.done.append("said" if data else "ended")

    def provider_silent(self) -> None:
        self.done.append("told")

    def abort(self) -> None:
        self.done.append("hung up")


async def looked(stands: Stands, looks: int, before: Callable[[Any, int], None]) -> list[str]:
    door = SimpleNamespace(session=lambda: stands, suspected=lambda: frozenset({"a"}))
    listening = Listening(cast("Door", door))
    client = Client(listening)
    client._link = cast("Any", stands)
    listening.clients.add(client)
    for nth in range(looks):
        before(client, nth)
        listening.look()
        await asyncio.sleep(0)
    listening.threads.shutdown()
    return stands.done


def nothing(_client: object, _nth: int) -> None:
    """Let time pass."""


@pytest.mark.threat("T751")
def test_who_waits_for_a_provider_that_is_suspected_is_told_once() -> None:
    waiting = Stands(is_owed=True, at="a")

    assert in_a_loop(looked(waiting, QUIET, nothing)) == []
    assert in_a_loop(looked(waiting, QUIET + 5, nothing)) == ["hung up", "told"]


@pytest.mark.threat("T751")
@pytest.mark.parametrize(("is_owed", "at"), [(False, "a"), (True, "b")])
def test_who_waits_for_nothing_or_is_elsewhere_stays(is_owed: bool, at: str) -> None:  # noqa: FBT001 - a case
    assert in_a_loop(looked(Stands(is_owed=is_owed, at=at), 3 * QUIET, nothing)) == []


def test_a_provider_that_is_slow_and_speaks_is_waited_for() -> None:
    def speaks(client: Client, nth: int) -> None:
        if nth % QUIET == 0:
            client.received(b"x")

    done = in_a_loop(looked(Stands(is_owed=True, at="a"), 4 * QUIET, speaks))

    assert set(done) == {"said"}
