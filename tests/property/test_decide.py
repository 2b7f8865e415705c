"""Laws of the policy decision, for any wish and any facts."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode, RequestState, Terms
from sealhold.policy import dpv
from sealhold.policy.attenuate import narrow, narrow_rows
from sealhold.policy.consent import ConsentState
from sealhold.policy.consent import Standing as ConsentStanding
from sealhold.policy.decide import decide
from sealhold.policy.facts import Actor, Ask, Facts, Held, Standing
from sealhold.policy.grant import Grant, GrantKind

# A busy machine is no failure.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Small alphabets, so that wishes and grants meet often.
ids = st.sampled_from([Id16(bytes([n]) * 16) for n in range(4)])
apps = st.sampled_from([AppId(Id16(b"a" * 16)), AppId(Id16(b"b" * 16))])
tasks = st.sampled_from([TaskDigest(b"t" * 32), TaskDigest(b"u" * 32)])
purposes = st.sampled_from(
    [Purpose(term) for term in ("PersonnelPayment", "PersonnelManagement", "Marketing")]
)
fields = st.frozensets(st.sampled_from([FieldName(name) for name in ("steps", "home", "pulse")]))
instants = st.integers(0, 4).map(Instant)
costs = st.integers(0, 3).map(MicroBits)
standings = st.sampled_from([Standing.ACTIVE, Standing.ACTIVE, Standing.ACTIVE, Standing.ENDED])

grants = st.builds(
    Grant,
    id=ids.map(GrantId),
    kind=st.just(GrantKind.COMPONENT),
    issuer=st.just(b"i" * 32),
    audience=st.just(b"a" * 32),
    app=apps,
    purpose=purposes,
    collection=st.just(Collection("trips")),
    fields=fields,
    filter=st.just("all"),
    precision=st.just(()),
    task=tasks,
    param=st.just("p"),
    selection=st.just("s"),
    mode=st.sampled_from(Mode),
    budget=costs,
    coarsen=st.integers(1, 4),
    not_before=instants,
    not_after=instants,
    epoch=st.integers(0, 1),
    nonce=st.just(b"n" * 16),
    parent=st.none() | ids.map(GrantId),
)
consents = st.builds(
    ConsentStanding,
    state=st.sampled_from([ConsentState.GIVEN, ConsentState.RENEWED, *ConsentState]),
    starts=instants,
    ends=instants,
    notice=st.just("n"),
)
helds = st.lists(
    st.builds(
        Held,
        grant=grants,
        state=st.sampled_from([RequestState.ALLOWED, RequestState.ALLOWED, *RequestState]),
        consent=consents,
        notice=st.sampled_from(["n", "n", "m"]),
        epoch=st.integers(0, 1),
        uses=st.integers(0, 2),
        spent=costs,
        retention_days=st.just(30),
    ),
    max_size=4,
    unique_by=lambda held: held.grant.id,
)
asks = st.builds(
    Ask,
    actor=st.just(Actor.APP),
    app=apps,
    purpose=purposes,
    collection=st.just(Collection("trips")),
    fields=fields,
    task=tasks,
    param=st.just("p"),
    selection=st.just("s"),
    cost=costs,
    repeat=st.booleans(),
    confirmed=st.booleans(),
)
facts_of = st.builds(
    Facts,
    now=instants,
    app=standings,
    subject=standings,
    task=standings,
    held=helds.map(tuple),
    objected=st.frozensets(purposes, max_size=1),
    restricted=st.sampled_from([False, False, True]),
    retain_until=st.none() | instants,
    budget_left=costs,
)


def a_fitting(ask: Ask, facts: Facts) -> Facts:
    """Return facts that permit `ask`, so that no law holds for lack of a yes."""
    grant = Grant(
        id=GrantId(Id16(b"\x07" * 16)),
        kind=GrantKind.COMPONENT,
        issuer=b"i" * 32,
        audience=b"a" * 32,
        app=ask.app,
        purpose=ask.purpose,
        collection=ask.collection,
        fields=ask.fields | {FieldName("steps")},
        filter="all",
        precision=(),
        task=ask.task,
        param=ask.param,
        selection=ask.selection,
        mode=Mode.UNTIL,
        budget=ask.cost,
        coarsen=1,
        not_before=Instant(0),
        not_after=Instant(9),
        epoch=0,
        nonce=b"n" * 16,
    )
    held = Held(
        grant=grant,
        state=RequestState.ALLOWED,
        consent=ConsentStanding(
            state=ConsentState.GIVEN, starts=Instant(0), ends=Instant(9), notice="n"
        ),
        notice="n",
        epoch=0,
        uses=0,
        spent=MicroBits(0),
        retention_days=30,
    )
    return replace(
        facts,
        app=Standing.ACTIVE,
        subject=Standing.ACTIVE,
        task=Standing.ACTIVE,
        held=(*facts.held, held),
        objected=frozenset(),
        restricted=False,
        retain_until=None,
        budget_left=ask.cost,
    )


@law
@given(asks, facts_of)
def test_nothing_held_permits_nothing(ask: Ask, facts: Facts) -> None:
    assert not decide(ask, replace(facts, held=())).permit


@law
@given(asks, facts_of)
def test_an_empty_grant_gives_nothing(ask: Ask, facts: Facts) -> None:
    fitting = a_fitting(ask, facts)
    empty = [replace(one, grant=replace(one.grant, fields=frozenset())) for one in fitting.held]

    assert not decide(ask, replace(fitting, held=tuple(empty))).permit


@law
@given(asks, facts_of)
def test_a_lone_grant_that_covers_all_permits(ask: Ask, facts: Facts) -> None:
    assert decide(ask, a_fitting(ask, facts)).permit is bool(ask.fields)


@law
@given(asks, facts_of, st.booleans())
def test_what_is_released_was_asked_for_and_stands_in_one_live_grant(
    ask: Ask,
    facts: Facts,
    fitting: bool,  # noqa: FBT001 - drawn, not passed
) -> None:
    facts = a_fitting(ask, facts) if fitting else facts
    decision = decide(ask, facts)

    assert decision.fields in (frozenset(), ask.fields)
    assert bool(decision.fields) == decision.permit == (len(decision.because) == 1)
    for held in facts.held:
        if held.grant.id in decision.because:
            grant = held.grant
            assert decision.fields <= grant.fields
            assert dpv.narrower(ask.purpose, grant.purpose)
            assert (grant.app, grant.task) == (ask.app, ask.task)
            assert grant.not_before <= facts.now < grant.not_after
            assert ask.cost <= grant.budget - held.spent or ask.repeat


@law
@given(asks, facts_of, st.data())
def test_the_order_of_grants_decides_nothing(ask: Ask, facts: Facts, data: st.DataObject) -> None:
    facts = a_fitting(ask, facts) if data.draw(st.booleans()) else facts
    shuffled = data.draw(st.permutations(facts.held))

    assert decide(ask, facts) == decide(ask, replace(facts, held=tuple(shuffled)))


@law
@given(asks, facts_of, st.data())
def test_withdrawing_a_grant_never_widens_the_answer(
    ask: Ask, facts: Facts, data: st.DataObject
) -> None:
    facts = a_fitting(ask, facts) if data.draw(st.booleans()) else facts
    kept = [held for held in facts.held if data.draw(st.booleans())]

    assert _fields(ask, facts, kept) <= _fields(ask, facts, facts.held)


ENDS = st.sampled_from(
    [RequestState.REVOKED, RequestState.EXPIRED, RequestState.SUSPENDED, RequestState.REFUSED]
)


@law
@given(asks, facts_of, ENDS, st.data())
def test_ending_a_grant_never_widens_the_answer(
    ask: Ask, facts: Facts, end: RequestState, data: st.DataObject
) -> None:
    facts = a_fitting(ask, facts)
    place = data.draw(st.integers(0, len(facts.held) - 1))
    ended = [replace(h, state=end) if n == place else h for n, h in enumerate(facts.held)]

    assert _fields(ask, facts, ended) <= _fields(ask, facts, facts.held)


terms_of = st.builds(
    Terms,
    mode=st.sampled_from(Mode),
    until=instants,
    budget=costs,
    fields=fields,
    coarsen=st.integers(1, 4),
)


@law
@given(asks, facts_of, terms_of, st.booleans())
def test_narrowing_every_grant_never_widens_the_answer(
    ask: Ask,
    facts: Facts,
    terms: Terms,
    rows: bool,  # noqa: FBT001 - drawn, not passed
) -> None:
    facts = a_fitting(ask, facts)
    narrowed = [replace(held, grant=narrow(held.grant, terms)) for held in facts.held]
    if rows:
        narrowed = [replace(h, grant=narrow_rows(h.grant, "steps > 5")) for h in narrowed]

    assert _fields(ask, facts, narrowed) <= _fields(ask, facts, facts.held)


@law
@given(asks, facts_of)
def test_a_restriction_an_objection_and_an_end_of_retention_stop_every_app(
    ask: Ask, facts: Facts
) -> None:
    facts = a_fitting(ask, facts)

    assert not decide(ask, replace(facts, restricted=True)).permit
    assert not decide(ask, replace(facts, objected=frozenset({ask.purpose}))).permit
    assert not decide(ask, replace(facts, retain_until=facts.now)).permit


@law
@given(asks, facts_of)
def test_a_decision_is_a_function_of_what_it_is_given(ask: Ask, facts: Facts) -> None:
    assert decide(ask, facts) == decide(ask, facts)


def _fields(ask: Ask, facts: Facts, held: Sequence[Held]) -> frozenset[FieldName]:
    return decide(ask, replace(facts, held=tuple(held))).fields
