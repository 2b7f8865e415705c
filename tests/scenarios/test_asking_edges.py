"""Edges of a request that time, haste or a strange number brings about."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute.broker import Broker
from sealhold.model.errors import BrokerLostError, DeniedError, InvalidError
from sealhold.model.quantities import DAY, MICRO, SECOND, Instant, MicroBits, rfc3339
from sealhold.model.shown import RequestState
from sealhold.node import Node
from sealhold.policy.consent import ConsentState
from sealhold.policy.fatigue import MAX_WAITING
from sealhold.vault.consents import Consents
from tests.scenarios.vaults import (
    NOON,
    Asker,
    Hands,
    Job,
    Papers,
    allow,
    calendar,
    card_of,
    charged,
    named,
    new_home,
    opened,
    preview,
)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def node(tmp_path: Path, clock: Hands) -> Iterator[Node]:
    with opened(new_home(tmp_path / "home"), clock) as found:
        found.sources.import_paths([calendar(tmp_path / "c.ics", ["green 1", "red 2"])])
        yield found


def test_a_request_whose_term_ends_ends_its_consent_too(node: Node, clock: Hands) -> None:
    request = Asker(node).ask(node, Job())
    clock.move(8 * DAY)

    (line,) = node.requests.list()

    core = node.parts.core
    events = Consents(core.deciding, core.entropy).events(line.id)
    assert line.state is RequestState.EXPIRED
    assert card_of(node, request).state is RequestState.EXPIRED
    assert [event.state for event in events] == [ConsentState.REQUESTED, ConsentState.EXPIRED]


def test_a_budget_below_nothing_is_refused_and_every_page_goes_on(node: Node) -> None:
    request = Asker(node).ask(node, Job())
    terms = replace(card_of(node, request).asked_terms, budget=MicroBits(-1))

    with pytest.raises(InvalidError):
        allow(node, request, terms)

    assert node.grants.list() == ()
    assert card_of(node, request).state is RequestState.WAITING


def test_wishes_that_come_at_once_do_not_pass_the_limit_together(node: Node) -> None:
    asker = Asker(node)
    wishes = [asker.papers(Job(version=f"1.0.{n}")) for n in range(6)]

    def hand_in(papers: Papers) -> bool:
        try:
            asker.hand_in(node, papers)
        except DeniedError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        taken = list(pool.map(hand_in, wishes))

    assert taken.count(True) == MAX_WAITING
    assert len(node.requests.list()) == MAX_WAITING


@pytest.mark.parametrize("nonce", ["", " ", "a\nb", "\u202e", "x" * 201])
def test_a_nonce_that_no_proof_can_name_is_refused_before_it_costs(node: Node, nonce: str) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())
    allow(node, request)

    with pytest.raises(InvalidError, match="nonce"):
        node.outside.invoke(asker.token, request, nonce)

    assert charged(node) == 0


def test_who_asks_on_and_on_has_one_answer_made(node: Node) -> None:
    grant = allow(node, Asker(node).ask(node, Job())).id
    first, *more = [node.runs.begin(grant) for _ in range(4)]

    for finish in more:
        finish()
    assert node.runs.answers() == ()
    first()

    assert len(node.runs.answers()) == 1
    assert charged(node) == 5 * MICRO


@pytest.mark.parametrize("how", ["revoked", "over"])
def test_nothing_is_owed_under_a_grant_that_ended(node: Node, clock: Hands, how: str) -> None:
    grant = allow(node, Asker(node).ask(node, Job()))
    node.runs.begin(grant.id)
    if how == "revoked":
        node.grants.revoke(named(grant))
    else:
        clock.move(31 * DAY)

    assert node.runs.owed() == []


def test_a_late_answer_leaves_at_the_end_of_a_slot_and_its_proof_says_that_moment(
    node: Node, clock: Hands
) -> None:
    asker = Asker(node)
    request = asker.ask(node, Job())
    finish = node.runs.begin(allow(node, request).id)
    clock.move(2_345)  # milliseconds: the slot of one second is over

    finish()

    assert node.outside.fetch(asker.token, request) is None
    clock.move(655)
    assert node.outside.fetch(asker.token, request) is not None
    answer = json.loads(node.runs.answers()[0].proof)["answer"]
    assert answer["slot_time"] == rfc3339(Instant(NOON + 3 * SECOND))


def test_an_allowance_stands_where_nothing_can_be_evaluated_now(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Asker(node).ask(node, Job())
    with monkeypatch.context() as broken:
        broken.setattr(Broker, "answers", _lost)

        grant = allow(node, request)

    assert grant.state is RequestState.ALLOWED
    assert node.runs.run(named(grant)).value == 1


def _lost(*_args: object, **_more: object) -> list[int]:
    raise BrokerLostError("the keeper is gone")


def test_two_that_evaluate_the_same_objects_at_once_both_get_their_answer(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Asker(node, "One"), Asker(node, "Two")
    asked, request = first.ask(node, Job()), second.ask(node, Job())
    with monkeypatch.context() as broken:
        broken.setattr(Broker, "answers", _lost)
        grant = named(allow(node, asked))

    with ThreadPoolExecutor(2) as pool:
        ran = pool.submit(node.runs.run, grant)
        looked = pool.submit(preview, node, request)

        assert ran.result().value == 1
        assert looked.result() == b"1"


def test_the_grants_of_an_app_that_is_removed_end_with_it(node: Node) -> None:
    asker = Asker(node)
    grant = allow(node, asker.ask(node, Job()))

    node.apps.remove(asker.shown)

    (ended,) = node.grants.list()
    core = node.parts.core
    events = Consents(core.deciding, core.entropy).events(grant.request)
    assert (ended.state, ended.ended_at) == (RequestState.REVOKED, NOON)
    assert ConsentState.WITHDRAWN in {event.state for event in events}


def test_a_clock_that_is_set_back_revives_no_grant(tmp_path: Path, clock: Hands) -> None:
    home = new_home(tmp_path / "home")
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["green 1"])])
        grant = allow(node, Asker(node).ask(node, Job()))
        clock.move(31 * DAY)
        assert node.grants.list()[0].state is RequestState.EXPIRED
        clock.move(-30 * DAY)
        with pytest.raises(DeniedError):
            node.runs.run(named(grant))

    with opened(home, clock) as node:
        with pytest.raises(DeniedError):
            node.runs.run(named(grant))

        assert "clock" in node.status().warnings[-1]
        assert charged(node) == 0
