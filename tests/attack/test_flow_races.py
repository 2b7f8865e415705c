"""Attacks by timing: what changes while a run is under way, and who is first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute.replay import Replay
from sealhold.model.errors import (
    ConflictError,
    DeniedError,
)
from sealhold.model.quantities import DAY, MICRO, SECOND
from sealhold.model.shown import Mode, RequestState
from sealhold.node import Node
from tests.scenarios.vaults import (
    DENIED,
    Asker,
    Hands,
    Job,
    Ready,
    allow,
    card_of,
    charged,
    kinds,
    named,
    opened,
    preview,
    refusal,
)


@pytest.mark.threat("T73")
@pytest.mark.parametrize("what", ["revoked", "suspended", "over"])
@pytest.mark.parametrize("mode", [Mode.ONCE, Mode.UNTIL])
def test_a_grant_that_ends_while_the_program_runs_releases_nothing(
    vault: Node, ready: Ready, clock: Hands, what: str, mode: Mode
) -> None:
    grant = ready.once if mode is Mode.ONCE else ready.grant
    finish = vault.runs.begin(grant.id)
    match what:
        case "revoked":
            vault.grants.revoke(named(grant))
        case "suspended":
            vault.apps.suspend(ready.asker.shown)
        case _:
            clock.move(DAY)

    with pytest.raises(DeniedError):
        finish()

    assert vault.runs.answers() == ()
    assert "release" not in kinds(vault)
    assert charged(vault) == 5 * MICRO  # and stays charged
    newest = next(iter(vault.audit.lines()))
    # its sources refuse to run it, or the decision refuses that it leaves
    refuses = "decision" if what == "suspended" else "component"
    assert (newest.kind, newest.outcome) == (refuses, "denied")


@pytest.mark.threat("T73")
@pytest.mark.parametrize("turn", range(4))
def test_no_release_stands_behind_its_withdrawal_in_the_log(
    vault: Node, ready: Ready, turn: int
) -> None:
    finish = vault.runs.begin(ready.grant.id)
    racer = threading.Timer(turn / 1_000, vault.grants.revoke, args=(named(ready.grant),))
    racer.start()

    with suppress(DeniedError, ConflictError):
        finish()
    racer.join()

    order = [kind for kind in reversed(kinds(vault)) if kind in {"release", "revoke"}]
    assert order in (["revoke"], ["release", "revoke"])


@pytest.mark.threat("T73")
def test_an_answer_that_was_not_fetched_before_the_withdrawal_stays(
    vault: Node, ready: Ready, clock: Hands
) -> None:
    asker, request = ready.asker, ready.request
    vault.runs.run(named(ready.grant))
    clock.move(2 * SECOND)
    reply = vault.outside.fetch(asker.token, request)

    vault.grants.revoke(named(ready.grant))

    assert reply is not None
    assert refusal(lambda: vault.outside.fetch(asker.token, request)) == DENIED
    assert refusal(lambda: vault.outside.invoke(asker.token, request)) == DENIED


@pytest.mark.threat("T72")
def test_four_who_ask_at_once_are_charged_once_and_get_the_same_bytes(
    vault: Node, ready: Ready
) -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(vault.runs.run, named(ready.grant)) for _ in range(4)]

    assert len({run.result().sealed for run in runs}) == 1
    assert charged(vault) == 5 * MICRO


@pytest.mark.threat("T72")
@pytest.mark.parametrize("mode", [Mode.ONCE, Mode.UNTIL])
@pytest.mark.parametrize("days", [0, 2])
def test_a_charge_whose_answer_never_left_is_taken_up_again_and_not_charged_again(
    home: Path, clock: Hands, mode: Mode, days: int
) -> None:
    job = Job(objects="open", expires="2026-11-27T00:00:00Z")
    with opened(home, clock) as node:
        asker = Asker(node)
        grant = allow(node, asker.ask(node, job, mode=mode))
        node.runs.begin(grant.id)  # and the process is gone before it is completed

    clock.move(days * DAY)
    with opened(home, clock) as node:
        assert node.runs.owed() == [grant.id]
        answer = node.runs.run(named(grant))

        assert answer.value == 10
        assert node.runs.owed() == []
        assert charged(node) == 5 * MICRO


@pytest.mark.threat("T204")
def test_a_look_that_runs_long_holds_up_no_decision_and_pressed_twice_is_charged_once(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (Asker(node, name).ask(node, Job()) for name in ("One", "Two"))
    real, begun, may_end = Replay.values, threading.Event(), threading.Event()

    def slow(self: Replay, *args: Any) -> list[int]:  # noqa: ANN401 - passed on
        if not begun.is_set():
            begun.set()
            may_end.wait(20)
        return real(self, *args)

    monkeypatch.setattr(Replay, "values", slow)
    with ThreadPoolExecutor(3) as pool:
        look = pool.submit(preview, node, first)
        begun.wait(20)
        again = pool.submit(preview, node, first)
        try:
            allowed = pool.submit(allow, node, second).result(timeout=10)
        finally:
            may_end.set()

    assert allowed.state is RequestState.ALLOWED
    assert look.result() == again.result() == b"10"
    assert kinds(node).count("preview") == 1
    assert charged(node) == card_of(node, first).preview.cost
