"""Access by third parties: rules beside each other, capabilities in other hands, late acks."""

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from sealhold.crypto import dsse
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import to_json
from sealhold.model.errors import (
    DeniedError,
    InvalidError,
    NotFoundError,
    SealholdError,
    WrongPassphraseError,
)
from sealhold.model.ids import (
    Collection,
    FieldName,
    GrantId,
    Id16,
    Purpose,
    random_id,
)
from sealhold.model.quantities import DAY, HOUR, MICRO, MicroBits
from sealhold.model.shown import RequestState
from sealhold.model.shown.dataware import AckState, RuleDraft
from sealhold.node import Node, openparts
from sealhold.policy.capability import (
    ACK,
    Ack,
    ack_document,
)
from sealhold.policy.standing import Effect, Rule, Wanted, judge, month_of, parse_rule, to_document
from tests.attack.far_source import BITS, OTHER, TAX, signer
from tests.scenarios.vaults import (
    NOON,
    PASSPHRASE,
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    named,
    new_home,
    opened,
    refusal,
)

WANTED = Wanted(
    app=TAX,
    processor=sha256(b"key"),
    purpose=Purpose("ServiceProvision"),
    dataset=Collection("trips"),
    columns=frozenset({FieldName("lat"), FieldName("distance_m")}),
    bits=BITS,
)


def rule(effect: Effect, **said: object) -> Rule:
    given = {"apps": frozenset({TAX}), "bits": BITS} if effect is Effect.ALLOW else {}
    return Rule(id=random_id(os.urandom), effect=effect, written=NOON, **{**given, **said})  # type: ignore[arg-type]  # reason: names of fields


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Hands]]:
    clock, folder = Hands(), tmp_path_factory.mktemp("rules")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openparts, "_in_background", _quietly)
        with opened(new_home(folder / "home", clock), clock) as node:
            node.sources.import_paths([calendar(folder / "c.ics", ["green 1", "red 2"])])
            yield node, clock


def _quietly(work: Callable[[], None]) -> None:
    try:
        work()
    except SealholdError:
        return


@pytest.fixture
def node(vault: tuple[Node, Hands]) -> Iterator[Node]:
    yield vault[0]
    policies = vault[0].dataware.policies
    for each in policies.list():
        policies.remove(f"l-{each.id.hex()[-12:]}", PASSPHRASE)


def write(node: Node, effect: str, **said: object) -> str:
    view = node.dataware.policies.add(RuleDraft(effect=effect, **said), PASSPHRASE)  # type: ignore[arg-type]  # reason: names of fields
    return f"l-{view.id.hex()[-12:]}"


# --- rules ---


@pytest.mark.threat("T410")
def test_a_no_outweighs_a_question_and_a_question_a_yes_in_whatever_order_they_were_written() -> (
    None
):
    yes = rule(Effect.ALLOW)
    ask = rule(Effect.ASK, columns=frozenset({FieldName("lat")}))
    no = rule(Effect.DENY, datasets=frozenset({Collection("trips")}))

    for order in permutations([yes, ask, no]):
        assert judge(order, WANTED, {}).rule is no
    for order in permutations([yes, ask]):
        assert judge(order, WANTED, {}).effect is Effect.ASK
    assert judge([yes], WANTED, {}).rule is yes


@pytest.mark.threat("T410")
@pytest.mark.parametrize(
    "wanted",
    [
        replace(WANTED, app=OTHER),
        replace(WANTED, purpose=Purpose("Marketing")),
        replace(WANTED, dataset=Collection("health")),
        replace(WANTED, columns=WANTED.columns | {FieldName("name")}),
        replace(WANTED, bits=MicroBits(BITS + 1)),
    ],
    ids=["another app", "another purpose", "another dataset", "a column more", "a bit more"],
)
def test_a_yes_holds_for_nothing_beside_what_it_names(wanted: Wanted) -> None:
    yes = rule(
        Effect.ALLOW,
        purposes=frozenset({Purpose("ServiceProvision")}),
        datasets=frozenset({Collection("trips")}),
        columns=WANTED.columns,
    )
    assert judge([yes], WANTED, {}).effect is Effect.ALLOW
    assert judge([yes], wanted, {}).effect is Effect.ASK


@pytest.mark.threat("T410")
def test_a_no_to_a_purpose_is_not_passed_by_under_a_wider_name() -> None:
    no = rule(Effect.DENY, purposes=frozenset({Purpose("DirectMarketing")}))
    for purpose in ("DirectMarketing", "Marketing"):
        assert judge([no], replace(WANTED, purpose=Purpose(purpose)), {}).effect is Effect.DENY


@pytest.mark.threat("T410")
def test_a_rule_that_lets_in_whoever_comes_is_not_kept(node: Node) -> None:
    for draft in (
        RuleDraft(effect="allow", bits=BITS),
        RuleDraft(effect="show", datasets=("events",)),
        RuleDraft(effect="deny", bits=BITS),
        RuleDraft(effect="always"),
        RuleDraft(effect="deny", datasets=("nothing",)),
        RuleDraft(effect="deny", datasets=("events",), columns=("lat",)),
    ):
        with pytest.raises(InvalidError):
            node.dataware.policies.add(draft, PASSPHRASE)
    with pytest.raises(WrongPassphraseError):
        node.dataware.policies.add(RuleDraft(effect="deny"), "not it at all")
    with pytest.raises(NotFoundError):
        node.dataware.policies.add(RuleDraft(effect="deny", apps=("Nobody",)), PASSPHRASE)
    assert node.dataware.policies.list() == ()


@pytest.mark.threat("T410")
def test_an_app_hears_of_nothing_unless_a_rule_shows_it_and_of_nothing_that_is_denied(
    node: Node,
) -> None:
    mine, other = Asker(node, "Shown"), Asker(node, "Not shown")
    assert node.outside.datasets(mine.token) == ()
    write(node, "show", apps=("Shown",), datasets=("events", "trips"))
    assert [each.name for each in node.outside.datasets(mine.token)] == ["events", "trips"]
    assert node.outside.datasets(other.token) == ()
    write(node, "deny", datasets=("trips",))
    assert [each.name for each in node.outside.datasets(mine.token)] == ["events"]
    with pytest.raises(DeniedError):
        node.outside.datasets("shv1_nothing")


@pytest.mark.threat("T410")
@pytest.mark.parametrize("effect", [Effect.ALLOW, Effect.SHOW])
def test_a_paper_that_forgot_whom_it_lets_in_is_not_read(effect: Effect) -> None:
    names = frozenset({Collection("trips")})
    paper = to_document(rule(effect, apps=frozenset({TAX}), datasets=names))
    assert parse_rule(paper).apps == {TAX}
    with pytest.raises(InvalidError):
        parse_rule({**paper, "apps": []})


@pytest.mark.threat("T411")
def test_what_a_rule_lets_pass_in_a_month_is_one_sum_and_ends_with_the_month(
    node: Node, vault: tuple[Node, Hands]
) -> None:
    clock = vault[1]
    asker = Asker(node, "Tax office")
    write(node, "allow", apps=("Tax office",), bits=BITS)
    first = asker.ask(node, Job(name="One"), budget=MicroBits(3 * MICRO))
    second = asker.ask(node, Job(name="Two"), budget=MicroBits(3 * MICRO))
    third = asker.ask(node, Job(name="Three"), budget=MicroBits(2 * MICRO))

    states = [card_of(node, each).state for each in (first, second, third)]
    assert states == [RequestState.ALLOWED, RequestState.WAITING, RequestState.ALLOWED]
    _, ends = month_of(clock.now)
    grants = [each for each in node.grants.list() if each.app == asker.id]
    assert {each.terms.until for each in grants} == {ends}


@pytest.mark.threat("T411")
def test_a_point_that_needs_a_yes_of_its_own_is_never_allowed_by_rule(node: Node) -> None:
    asker = Asker(node, "With points")
    write(node, "allow", apps=("With points",), bits=MicroBits(100 * MICRO))
    slot = {"seconds": 10, "mode": "demand", "max_slots": 2}
    request = asker.ask(node, Job(slot=slot, most=60))
    card = card_of(node, request)
    assert card.points
    assert card.state is RequestState.WAITING


@pytest.mark.threat("T411")
def test_a_rule_that_was_taken_back_says_nothing_any_more(node: Node) -> None:
    asker = Asker(node, "Former")
    written = write(node, "allow", apps=("Former",), bits=MicroBits(100 * MICRO))
    policies = node.dataware.policies
    plain = node.requests._allow

    def taken_back(*given: object) -> object:
        policies.remove(written, PASSPHRASE)  # at the worst moment
        return plain(*given)  # type: ignore[arg-type]  # reason: passed on as it came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node.requests, "_allow", taken_back)
        request = asker.ask(node, Job())
    assert card_of(node, request).state is RequestState.WAITING
    assert not [each for each in node.grants.list() if each.app == asker.id]


@pytest.mark.threat("T412")
def test_an_asker_sees_the_same_of_a_rules_no_as_of_a_request_that_waits(node: Node) -> None:
    denied, waits = Asker(node, "Denied"), Asker(node, "Waits")
    write(node, "deny", apps=("Denied",))
    work: list[Callable[[], None]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(node.outside, "_background", work.append)
        requests = [(each, each.ask(node, Job())) for each in (denied, waits)]
        # neither was answered while its caller waited: there is no time to read anything off
        assert [card_of(node, each).state for _, each in requests] == [RequestState.WAITING] * 2
    for each in work:
        each()
    assert card_of(node, requests[0][1]).state is RequestState.REFUSED
    assert {node.outside.request_status(a.token, r) for a, r in requests} == {"pending"}
    seen = {refusal(lambda a=a, r=r: node.outside.fetch(a.token, r)) for a, r in requests}  # type: ignore[misc]  # reason: bound at once
    assert len(seen) == 1
    again = [a.ask(node, Job()) for a, _ in requests]
    assert again == [r for _, r in requests]


# --- acks ---


@pytest.mark.threat("T416")
def test_what_is_left_in_place_holds_a_capability_for_a_day_and_gets_the_next_with_a_run(
    tmp_path: Path,
) -> None:
    clock = Hands()
    place = tmp_path / "plans"
    place.mkdir()
    calendar(place / "plans.ics", ["green", "red"])
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.standing.add("plans", "folder", {"place": str(place)}, mode="federate")
        grant = named(allow(node, Asker(node).ask(node, Job())))
        (laid,) = node.grants.show(grant)[1]
        assert laid.ends_at == NOON + DAY
        clock.move(DAY + HOUR)
        assert node.grants.show(grant)[1][0].state is AckState.LAPSED
        assert node.runs.run(grant).value == 1
        assert node.grants.show(grant)[1][0].ends_at == clock.now + DAY


@pytest.mark.threat("T416")
@pytest.mark.parametrize("how", ["another key", "another grant", "another epoch", "no answer"])
def test_an_ack_that_is_not_the_sources_own_leaves_it_pending(
    vault: tuple[Node, Hands], how: str
) -> None:
    node, _ = vault
    grant = allow(node, Asker(node, f"Acks {how}").ask(node, Job()))
    dispatch = node.parts.dispatch
    (stand,) = dispatch.views(grant.id)
    host = dispatch.host(stand.source)
    ack = Ack(
        grant=GrantId(Id16(bytes(6) + b"\x40" + bytes(1) + b"\x80" + bytes(7)))
        if how == "another grant"
        else grant.id,
        source=stand.source,
        epoch=1 if how == "another epoch" else 2,
        killed=0,
        last_run=None,
        at=NOON,
    )
    key = signer() if how == "another key" else host._key

    def answer(_order: bytes) -> bytes:
        if how == "no answer":
            raise SealholdError("nothing came")
        return dsse.sign(ACK, to_json(ack_document(ack)), [key])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "revoke", answer)
        node.grants.revoke(named(grant))
    assert dispatch.views(grant.id)[0].state is AckState.PENDING
    dispatch.deliver()
    assert dispatch.views(grant.id)[0].state is AckState.ACKED
