"""The decision: each rule, in its order, with its reason."""

from dataclasses import replace

import pytest

from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode, RequestState
from sealhold.policy.consent import ConsentState
from sealhold.policy.consent import Standing as ConsentStanding
from sealhold.policy.decide import decide
from sealhold.policy.decision import Obligations, Reason
from sealhold.policy.facts import Actor, Ask, Facts, Held, Standing
from sealhold.policy.grant import Grant, GrantKind

MODE, LENGTH, HOME = FieldName("mode"), FieldName("distance_m"), FieldName("home")
COST = MicroBits(5_000_000)


def grant_id(n: int) -> GrantId:
    return GrantId(Id16(bytes([n]) * 16))


GRANT = Grant(
    id=grant_id(1),
    kind=GrantKind.COMPONENT,
    issuer=b"i" * 32,
    audience=b"a" * 32,
    app=AppId(Id16(b"a" * 16)),
    purpose=Purpose("PersonnelManagement"),
    collection=Collection("trips"),
    fields=frozenset({MODE, LENGTH}),
    filter="mode = 'bike'",
    precision=("round(distance_m, 100)",),
    task=TaskDigest(b"t" * 32),
    param="home-office",
    selection="2026-10",
    mode=Mode.UNTIL,
    budget=COST,
    coarsen=2,
    not_before=Instant(10),
    not_after=Instant(20),
    epoch=3,
    nonce=b"n" * 16,
)
HELD = Held(
    grant=GRANT,
    state=RequestState.ALLOWED,
    consent=ConsentStanding(
        state=ConsentState.GIVEN, starts=Instant(10), ends=Instant(20), notice="n1"
    ),
    notice="n1",
    epoch=3,
    uses=0,
    spent=MicroBits(0),
    retention_days=365,
)
ASK = Ask(
    actor=Actor.APP,
    app=GRANT.app,
    purpose=Purpose("PersonnelPayment"),
    collection=GRANT.collection,
    fields=frozenset({MODE}),
    task=GRANT.task,
    param=GRANT.param,
    selection=GRANT.selection,
    cost=COST,
)
FACTS = Facts(
    now=Instant(15),
    app=Standing.ACTIVE,
    subject=Standing.ACTIVE,
    task=Standing.ACTIVE,
    held=(HELD,),
    objected=frozenset(),
    restricted=False,
    retain_until=None,
    budget_left=COST,
)

OWN = replace(ASK, actor=Actor.OWNER)


def holding(*held: Held) -> Facts:
    return replace(FACTS, held=held)


def test_a_wish_within_a_grant_is_permitted_with_what_the_grant_binds_it_to() -> None:
    decision = decide(ASK, FACTS)

    assert decision.permit
    assert decision.fields == {MODE}
    assert decision.because == (GRANT.id,)
    assert decision.code is Reason.GRANTED
    assert decision.sentence == "You allowed it (grant g-010101010101)."
    assert decision.obligations == Obligations(
        filter="mode = 'bike'",
        precision=("round(distance_m, 100)",),
        coarsen=2,
        retention_days=365,
        charge=COST,
    )


REFUSED: list[tuple[Ask, Facts, Reason]] = [
    (ASK, replace(FACTS, app=Standing.SUSPENDED), Reason.APP_NOT_ACTIVE),
    (ASK, replace(FACTS, app=Standing.UNKNOWN), Reason.APP_NOT_ACTIVE),
    (ASK, replace(FACTS, subject=Standing.ENDED), Reason.SUBJECT_NOT_ACTIVE),
    (ASK, replace(FACTS, task=Standing.SUSPENDED), Reason.TASK_NOT_ACTIVE),
    (replace(ASK, fields=frozenset()), FACTS, Reason.NOTHING_ASKED),
    (ASK, holding(), Reason.NO_GRANT),
    (replace(ASK, app=AppId(Id16(b"b" * 16))), FACTS, Reason.NO_GRANT),
    (replace(ASK, task=TaskDigest(b"u" * 32)), FACTS, Reason.OTHER_TASK),
    (replace(ASK, param="office"), FACTS, Reason.OTHER_TASK),
    (replace(ASK, selection="2026-11"), FACTS, Reason.OTHER_TASK),
    (replace(ASK, collection=Collection("messages")), FACTS, Reason.OUT_OF_SCOPE),
    (replace(ASK, fields=frozenset({MODE, HOME})), FACTS, Reason.OUT_OF_SCOPE),
    (replace(ASK, purpose=Purpose("HumanResourceManagement")), FACTS, Reason.OTHER_PURPOSE),
    (replace(ASK, purpose=Purpose("Marketing")), FACTS, Reason.OTHER_PURPOSE),
    (ASK, holding(replace(HELD, state=RequestState.SUSPENDED)), Reason.SUSPENDED),
    (ASK, holding(replace(HELD, state=RequestState.REVOKED)), Reason.NO_CONSENT),
    (ASK, holding(replace(HELD, state=RequestState.WAITING)), Reason.NO_CONSENT),
    (ASK, holding(replace(HELD, epoch=4)), Reason.NO_CONSENT),
    (ASK, holding(replace(HELD, notice="n2")), Reason.NO_CONSENT),
    (
        ASK,
        holding(replace(HELD, consent=replace(HELD.consent, state=ConsentState.UNKNOWN))),
        Reason.NO_CONSENT,
    ),
    (
        ASK,
        holding(replace(HELD, consent=replace(HELD.consent, ends=Instant(15)))),
        Reason.NO_CONSENT,
    ),
    (
        ASK,
        holding(replace(HELD, grant=replace(GRANT, parent=grant_id(9)))),
        Reason.PARENT_ENDED,
    ),
    (ASK, replace(FACTS, objected=frozenset({Purpose("PersonnelPayment")})), Reason.OBJECTED),
    (ASK, replace(FACTS, objected=frozenset({ASK.purpose, Purpose("Marketing")})), Reason.OBJECTED),
    (
        ASK,
        replace(FACTS, objected=frozenset({Purpose("HumanResourceManagement")})),
        Reason.OBJECTED,
    ),
    (ASK, replace(FACTS, restricted=True), Reason.RESTRICTED),
    (ASK, replace(FACTS, retain_until=Instant(15)), Reason.RETENTION_OVER),
    (
        ASK,
        holding(replace(HELD, grant=replace(GRANT, not_before=Instant(16)))),
        Reason.OUT_OF_TIME,
    ),
    (
        ASK,
        holding(replace(HELD, grant=replace(GRANT, not_after=Instant(15)))),
        Reason.OUT_OF_TIME,
    ),
    (ASK, holding(replace(HELD, state=RequestState.SPENT)), Reason.SPENT),
    (
        ASK,
        holding(replace(HELD, grant=replace(GRANT, mode=Mode.ONCE), uses=1)),
        Reason.SPENT,
    ),
    (ASK, holding(replace(HELD, grant=replace(GRANT, mode=Mode.EACH))), Reason.NOT_CONFIRMED),
    (ASK, holding(replace(HELD, spent=MicroBits(1))), Reason.GRANT_BUDGET),
    (ASK, replace(FACTS, budget_left=MicroBits(COST - 1)), Reason.VAULT_BUDGET),
]


@pytest.mark.parametrize(
    ("ask", "facts", "reason"),
    REFUSED,
    ids=[f"{n}-{reason.value}" for n, (_, _, reason) in enumerate(REFUSED)],
)
def test_each_rule_refuses_with_its_reason_and_gives_nothing(
    ask: Ask, facts: Facts, reason: Reason
) -> None:
    decision = decide(ask, facts)

    assert not decision.permit
    assert decision.code is reason
    assert (decision.fields, decision.because, decision.obligations) == (frozenset(), (), None)
    assert decision.sentence.endswith(".")


def test_data_that_may_still_be_kept_may_be_used() -> None:
    later = replace(FACTS, retain_until=Instant(16))

    assert decide(ASK, later).permit
    assert decide(OWN, later).permit


def test_an_allowance_until_an_end_is_not_used_up_by_answers() -> None:
    assert decide(ASK, replace(FACTS, held=(replace(HELD, uses=7),))).permit


def test_an_objection_to_something_else_does_not_refuse() -> None:
    others = frozenset({Purpose("Marketing"), Purpose("PersonnelOnboarding")})

    assert decide(ASK, replace(FACTS, objected=others)).permit


def test_an_answer_that_the_owner_said_yes_to_is_permitted() -> None:
    each = replace(HELD, grant=replace(GRANT, mode=Mode.EACH))

    assert decide(replace(ASK, confirmed=True), holding(each)).permit


def test_the_bytes_that_left_may_leave_again_at_no_cost_until_the_allowance_ends() -> None:
    spent = replace(
        HELD,
        grant=replace(GRANT, mode=Mode.ONCE),
        state=RequestState.SPENT,
        uses=1,
        spent=COST,
    )
    again = replace(ASK, repeat=True, cost=MicroBits(0))

    decision = decide(again, holding(spent))

    assert decision.permit
    assert decision.obligations is not None
    assert decision.obligations.charge == 0
    assert not decide(again, replace(holding(spent), now=Instant(20))).permit
    assert not decide(again, holding(replace(spent, state=RequestState.REVOKED))).permit


def test_nothing_is_repeated_that_never_left_or_that_costs_something() -> None:
    once = replace(HELD, grant=replace(GRANT, mode=Mode.ONCE), uses=1)
    each = replace(HELD, grant=replace(GRANT, mode=Mode.EACH))

    assert not decide(replace(ASK, repeat=True), holding(once)).permit
    assert not decide(replace(ASK, repeat=True, cost=MicroBits(0)), holding(each)).permit


def test_of_several_grants_the_one_that_came_furthest_tells_why() -> None:
    other = replace(HELD, grant=replace(GRANT, id=grant_id(2), task=TaskDigest(b"u" * 32)))
    tired = replace(HELD, spent=COST)

    decision = decide(ASK, holding(other, tired))

    assert decision.code is Reason.GRANT_BUDGET
    assert decision.sentence == "It would tell more than you allowed (grant g-010101010101)."


def test_of_several_grants_that_came_equally_far_the_one_with_the_lowest_id_is_named() -> None:
    tired = replace(HELD, spent=COST)
    twin = replace(tired, grant=replace(GRANT, id=grant_id(2)))

    assert decide(ASK, holding(twin, tired)).sentence.endswith("(grant g-010101010101).")


def test_of_several_grants_that_fit_the_one_with_the_lowest_id_is_used() -> None:
    twin = replace(HELD, grant=replace(GRANT, id=grant_id(2)))

    assert decide(ASK, holding(twin, HELD)).because == (GRANT.id,)


PARENT = replace(HELD, grant=replace(GRANT, id=grant_id(9), fields=GRANT.fields | {HOME}))
CHILD = replace(HELD, grant=replace(GRANT, parent=grant_id(9), audience=GRANT.audience))


def chain(length: int) -> list[Held]:
    """Return grants of which each has the next for a parent."""
    ids = [grant_id(n + 1) for n in range(length)]
    parents: list[GrantId | None] = [*ids[1:], None]
    return [
        replace(HELD, grant=replace(GRANT, id=one, parent=parent))
        for one, parent in zip(ids, parents, strict=True)
    ]


def test_a_grant_stands_on_its_parents() -> None:
    narrow = replace(ASK, fields=frozenset({MODE}))

    assert decide(narrow, holding(CHILD, PARENT)).permit


@pytest.mark.parametrize(
    "parent",
    [
        replace(PARENT, state=RequestState.REVOKED),
        replace(PARENT, state=RequestState.SUSPENDED),
        replace(PARENT, state=RequestState.SPENT),
        replace(PARENT, epoch=4),
        replace(PARENT, notice="n2"),
        replace(PARENT, grant=replace(PARENT.grant, not_after=Instant(15))),
        replace(PARENT, grant=replace(PARENT.grant, fields=frozenset({HOME}))),
        replace(PARENT, grant=replace(PARENT.grant, budget=MicroBits(1))),
    ],
)
def test_a_grant_falls_with_a_parent_that_ended_or_is_narrower(parent: Held) -> None:
    # The parent itself must not carry the wish in its child's place.
    decision = decide(ASK, holding(CHILD, replace(parent, retention_days=1)))

    assert CHILD.grant.id not in decision.because


def test_a_chain_of_grants_has_an_end() -> None:
    whole, endless = chain(4), chain(6)
    loop = [
        replace(HELD, grant=replace(GRANT, id=grant_id(1), parent=grant_id(2))),
        replace(HELD, grant=replace(GRANT, id=grant_id(2), parent=grant_id(1))),
    ]

    assert decide(ASK, holding(*whole)).because == (grant_id(1),)
    assert decide(ASK, holding(*endless)).because == (grant_id(2),)
    assert decide(ASK, holding(*loop)).code is Reason.PARENT_ENDED


def test_owners_read_what_is_theirs_without_a_grant_and_under_a_restriction() -> None:
    facts = replace(FACTS, held=(), restricted=True, app=Standing.UNKNOWN, task=Standing.UNKNOWN)

    decision = decide(OWN, facts)

    assert decision.permit
    assert decision.code is Reason.OWNER
    assert (decision.fields, decision.because) == (OWN.fields, ())
    assert decision.obligations is None


@pytest.mark.parametrize(
    ("ask", "facts", "reason"),
    [
        (OWN, replace(FACTS, subject=Standing.ENDED), Reason.SUBJECT_NOT_ACTIVE),
        (OWN, replace(FACTS, retain_until=Instant(15)), Reason.RETENTION_OVER),
        (replace(OWN, fields=frozenset()), FACTS, Reason.NOTHING_ASKED),
    ],
)
def test_owners_do_not_read_what_is_gone(ask: Ask, facts: Facts, reason: Reason) -> None:
    assert decide(ask, facts).code is reason
