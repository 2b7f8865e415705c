"""Pausing one grant: what it stops, what it leaves alone, how it is taken back, and its log."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from time import sleep

import pytest

from sealhold.frontends.cli.audit_alerts import _blocks as blocks_of
from sealhold.model.errors import ConflictError, DeniedError, WrongPassphraseError
from sealhold.model.quantities import DAY
from sealhold.model.shown import RequestState
from sealhold.model.shown.statement import Odd
from sealhold.node import Node
from tests.calm import Calm
from tests.scenarios.test_strangers_and_revoking import SLOW
from tests.scenarios.vaults import (
    DENIED,
    NOON,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    kinds,
    named,
    new_home,
    opened,
    refusal,
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder, clock = tmp_path_factory.mktemp("pausing"), Hands()
    with opened(new_home(folder / "home", clock), clock) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green a", "b"])])
        yield node


def test_under_a_paused_grant_nothing_leaves_and_its_neighbour_goes_on(
    node: Node,
) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job(name="a"))
    grant, free = named(allow(node, request)), asker.granted(node, Job(name="b"))
    assert node.runs.run(grant).value == 1

    assert node.grants.pause(grant).state is RequestState.SUSPENDED

    before = charged(node)
    with pytest.raises(DeniedError):  # the bytes that left before stay here, too
        node.runs.run(grant)
    assert refusal(lambda: node.outside.fetch(asker.token, request)) == DENIED
    assert refusal(lambda: node.outside.invoke(asker.token, request)) == DENIED
    assert node.outside.request_status(asker.token, request) == "pending"
    assert charged(node) == before
    assert node.runs.run(free).value == 1
    assert node.grants.resume(grant, PASSPHRASE).state is RequestState.ALLOWED
    assert node.runs.run(grant).value == 1
    assert node.outside.request_status(asker.token, request) == "allowed"


def test_to_resume_takes_the_passphrase_and_to_pause_takes_none(
    node: Node,
) -> None:
    asker = Asker(node)
    grant = asker.granted(node, Job(name="c"))
    with pytest.raises(ConflictError):
        node.grants.resume(grant, PASSPHRASE)
    node.grants.pause(grant)
    with pytest.raises(ConflictError):
        node.grants.pause(grant)
    with pytest.raises(WrongPassphraseError):
        node.grants.resume(grant, "another")
    assert node.grants.show(grant)[0].state is RequestState.SUSPENDED

    ended = node.grants.revoke(grant)

    assert ended.state is RequestState.REVOKED
    with pytest.raises(ConflictError):
        node.grants.pause(grant)
    with pytest.raises(ConflictError):
        node.grants.resume(grant, PASSPHRASE)


def test_the_log_and_the_statement_tell_of_a_pause(node: Node) -> None:
    asker = Asker(node)
    view = allow(node, asker.ask(node, Job(name="d")))
    node.grants.pause(named(view))

    (line, *_) = node.audit.lines()
    drawn = node.statements.statement("2026-11").drawn
    stands = {each.id: each for each in drawn.standings}

    assert (line.kind, line.reason) == ("pause", "paused")
    assert stands[view.id.hex()].state == "paused"
    node.grants.resume(named(view), PASSPHRASE)
    drawn = node.statements.statement("2026-11").drawn
    assert {each.id: each for each in drawn.standings}[view.id.hex()].state == "in_force"
    assert node.audit.verify().whole


def test_an_alert_about_one_grant_names_the_grant_to_pause(
    node: Node,
) -> None:
    asker = Asker(node)
    view, other = (allow(node, asker.ask(node, Job(name=name))) for name in ("e", "f"))
    for each in (view, other):
        node.runs.run(named(each))
    lines = [each for each in node.audit.lines() if each.kind == "charge"]
    last, first = lines[0].seq, lines[1].seq

    def about(*indices: int) -> Odd:
        return Odd(rule="refused", app=asker.id.hex(), at=NOON, about="3", indices=indices)

    assert node.statements.grant_of(about(first)) == view.id
    assert node.statements.grant_of(about(first, last)) is None
    assert node.statements.grant_of(about(10**6)) is None
    offered = [str(block) for block in blocks_of(node, (about(first), about(first, last)))]
    assert sum(f"sealhold grant pause {named(view)}" in block for block in offered) == 1
    assert not any(f"grant pause {named(other)}" in block for block in offered)
    node.grants.pause(named(view))  # what is paused already is not offered
    assert not any("grant pause" in str(block) for block in blocks_of(node, (about(first),)))


def test_a_pause_outlives_the_process_and_ends_with_the_grants_own_term(tmp_path: Path) -> None:
    clock = Hands()
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green a"])])
        asker = Asker(node)
        request = asker.ask(node, Job(objects="open", expires="2026-12-03T00:00:00Z"))
        terms = replace(card_of(node, request).asked_terms, rows="summary = 'green b'")
        grant = named(allow(node, request, terms))
        node.grants.pause(grant)
    with opened(home, clock) as node:
        assert node.grants.show(grant)[0].terms.rows == "summary = 'green b'"
        with pytest.raises(DeniedError):
            node.runs.run(grant)
        clock.move(DAY)
        before = len(kinds(node))
        assert node.runs.epochs.due() == []  # nothing is looked at for it
        assert node.runs.due() == []
        assert len(kinds(node)) == before
        node.grants.resume(grant, PASSPHRASE)
        assert node.runs.run(grant).value == 0  # of two, none is called so
        node.grants.pause(grant)
        clock.move(40 * DAY)
        node.requests.expire()
        assert node.grants.show(grant)[0].state is RequestState.EXPIRED
        with pytest.raises(ConflictError):
            node.grants.resume(grant, PASSPHRASE)


def test_a_run_that_is_under_way_is_ended_within_a_second(
    tmp_path: Path,
) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green a", "b"])])
        grant = Asker(node).granted(node, SLOW)
        with ThreadPoolExecutor(1) as pool:
            run = pool.submit(node.runs.run, grant)
            while "charge" not in kinds(node):
                sleep(0.01)
            sleep(0.3)  # the program is in the middle of its first object
            begun = Calm()
            node.grants.pause(grant)
            with pytest.raises(DeniedError):
                run.result()
        assert begun.within(1)
        assert node.runs.answers() == ()
        with pytest.raises(DeniedError):
            node.runs.run(grant)
        assert kinds(node).count("charge") == 1  # neither charged again nor given back
