"""An app is told that an answer can be fetched: no sooner than it can, signed, and taken once."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.compute.appkit import Notices, open_answer, told_in
from sealhold.model.errors import BadSignatureError, DeniedError, GivenUpError, InvalidError
from sealhold.model.ids import RequestId
from sealhold.model.quantities import SECOND
from sealhold.node import Node
from sealhold.policy.readiness import Readiness, State, parse_readiness, readiness_document
from tests.scenarios.vaults import (
    DENIED,
    NOON,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    named,
    new_home,
    opened,
    refusal,
)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Asker, Hands]]:
    folder, clock = tmp_path_factory.mktemp("ready"), Hands()
    with opened(new_home(folder / "home", clock), clock) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green a", "b"])])
        yield node, Asker(node), clock


def test_an_answer_is_ready_when_it_can_be_fetched_and_is_taken_once(
    kept: tuple[Node, Asker, Hands],
) -> None:
    node, asker, clock = kept
    request = asker.ask(node, Job(name="a"))
    grant = named(allow(node, request))
    assert node.outside.ready(asker.token, request).state == "waiting"
    node.runs.run(grant)
    early = node.outside.ready(asker.token, request)
    assert (early.state, early.run) == ("waiting", "00" * 32)
    assert node.outside.fetch(asker.token, request) is None

    clock.move(SECOND)

    told = node.outside.ready(asker.token, request)
    answer = node.outside.fetch(asker.token, request) or b""
    notices = Notices(node.parts._prover.key.public, asker.id)
    assert told.state == "ready"
    with pytest.raises(InvalidError, match="something else"):
        notices.take(early.notice, answer)
    with pytest.raises(InvalidError, match="something else"):
        notices.take(told.notice, answer + b"\0")
    taken = notices.take(told.notice, answer)
    proof = open_answer(answer, asker.keys, taken, asker.papers(Job(name="a")).digest)
    assert told_in(proof)["value"] == 1
    for again in (told, node.outside.ready(asker.token, request)):
        with pytest.raises(InvalidError, match="before"):
            notices.take(again.notice, answer)


def test_a_notice_of_another_vault_or_for_another_app_is_none(
    kept: tuple[Node, Asker, Hands],
) -> None:
    node, asker, clock = kept
    request = asker.ask(node, Job(name="b"))
    node.runs.run(named(allow(node, request)))
    clock.move(SECOND)
    told, answer = (
        node.outside.ready(asker.token, request),
        node.outside.fetch(asker.token, request),
    )
    other = Asker(node, "Other")

    with pytest.raises(BadSignatureError):
        Notices(asker.keys.public, asker.id).take(told.notice, answer or b"")
    with pytest.raises(InvalidError, match="something else"):
        Notices(node.parts._prover.key.public, other.id).take(told.notice, answer or b"")
    assert refusal(lambda: node.outside.ready(other.token, request)) == DENIED


def test_what_is_refused_paused_or_ended_reads_as_any_no(kept: tuple[Node, Asker, Hands]) -> None:
    node, asker, _ = kept
    waiting, ended = (asker.ask(node, Job(name=name)) for name in ("c", "d"))
    grant = named(allow(node, ended))
    node.grants.pause(grant)

    assert refusal(lambda: node.outside.ready(asker.token, waiting)) == DENIED
    assert refusal(lambda: node.outside.ready(asker.token, ended)) == DENIED
    node.grants.revoke(grant)
    assert refusal(lambda: node.outside.ready(asker.token, ended)) == DENIED
    assert refusal(lambda: node.outside.ready(asker.token, "q-000000000000")) == DENIED
    assert refusal(lambda: node.outside.ready("no token", ended)) == DENIED


def test_an_answer_that_was_given_up_reads_as_ready_at_its_last_boundary(
    kept: tuple[Node, Asker, Hands],
) -> None:
    node, _, clock = kept
    asker = Asker(node, "Late")
    slot = {"seconds": 1, "mode": "demand", "max_slots": 2}
    job = Job(name="late", slot=slot, most=4)
    request = asker.ask(node, job)
    view = allow(node, request)
    finish = node.runs.begin(view.id)  # charged, and nothing runs
    clock.move(2 * SECOND)
    assert node.outside.ready(asker.token, request).state == "waiting"
    clock.move(SECOND)

    told, answer = (
        node.outside.ready(asker.token, request),
        node.outside.fetch(asker.token, request),
    )

    assert told.state == "ready"
    with pytest.raises(GivenUpError):
        open_answer(answer or b"", asker.keys, RequestId(view.request), asker.papers(job).digest)
    with pytest.raises((DeniedError, GivenUpError)):
        finish()


def test_a_notice_reads_back_as_it_was_written_and_fits_its_state(
    kept: tuple[Node, Asker, Hands],
) -> None:
    _, asker, _ = kept
    found = Readiness(
        app=asker.id, request=RequestId(asker.id), state=State.READY, run=b"r" * 32, at=NOON
    )
    assert parse_readiness(readiness_document(found)) == found
    for wrong in (replace(found, run=bytes(32)), replace(found, state=State.WAITING)):
        with pytest.raises(InvalidError):
            parse_readiness(readiness_document(wrong))
