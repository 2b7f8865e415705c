"""Laws of processings: default deny, a no holds until the person says yes, wider asks anew."""

from dataclasses import fields as fields_of
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from sealhold.model.errors import UnsayableError
from sealhold.model.ids import Collection, FieldName, Id16, Purpose
from sealhold.model.processing import (
    ChoiceState,
    Circumstances,
    Outcome,
    ProcessingState,
    Risk,
    Terms,
    Wish,
)
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.bases import LegalBasis, SpecialBasis
from sealhold.policy.consent import FINAL, By, ConsentEvent, ConsentState, Standing, standing_of
from sealhold.policy.decision import ORDER, Reason
from sealhold.policy.facts import Standing as PartyStanding
from sealhold.policy.limits import Limits, limits_stop
from sealhold.policy.processing import (
    check_terms,
    choice_state,
    may_ask,
    no_stops,
    stepped,
    terms_document,
    widened,
)
from sealhold.policy.processing_use import UseAsk, UseFacts, decide_use
from sealhold.policy.profiles import Parties

# A busy machine is no failure.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

A, B, C = map(FieldName, ("a", "b", "c"))
NAMES = (A, B, C)
PURPOSES = tuple(
    map(Purpose, ("Marketing", "DirectMarketing", "ServiceProvision", "DisputeManagement"))
)
NOW = Instant(1_000_000)
NOTICE, OTHER = "n" * 64, "o" * 64
some_fields = st.frozensets(st.sampled_from(NAMES), min_size=1)
some_names = st.frozensets(st.sampled_from(("x", "y", "z")))
terms_of = st.builds(
    Terms,
    name=st.sampled_from(("One", "Two")),
    code=st.sampled_from(("aa" * 32, "bb" * 32)),
    purpose=st.sampled_from(PURPOSES),
    basis=st.sampled_from([each.value for each in LegalBasis]),
    special=st.sampled_from(["", SpecialBasis.EXPLICIT_CONSENT.value]),
    fields=some_fields,
    collections=st.frozensets(st.sampled_from([Collection("notes"), Collection("visits")])),
    recipients=some_names,
    transfers=some_names,
    retention_days=st.integers(0, 3),
    automated=st.booleans(),
    risk=st.sampled_from(Risk),
    output_bytes=st.integers(0, 3),
    strict=st.booleans(),
    balancing=st.just("weighed"),
    circumstances=st.just(Circumstances()),
)
standings = st.builds(
    Standing,
    state=st.sampled_from(ConsentState),
    starts=st.sampled_from([Instant(0), NOW, Instant(NOW + 1)]),
    ends=st.sampled_from([NOW, Instant(NOW + 1), Instant(NOW * 2)]),
    notice=st.sampled_from([NOTICE, NOTICE, OTHER]),
)
allowed_of = st.dictionaries(
    st.sampled_from(NAMES), st.frozensets(st.sampled_from(PURPOSES)), max_size=3
)
facts_of = st.builds(
    UseFacts,
    now=st.just(NOW),
    parties=st.builds(
        Parties,
        app=st.sampled_from([PartyStanding.ACTIVE, PartyStanding.ACTIVE, *PartyStanding]),
        subject=st.sampled_from([PartyStanding.ACTIVE, PartyStanding.ACTIVE, *PartyStanding]),
    ),
    state=st.sampled_from([ProcessingState.ACTIVE] * 4 + [*ProcessingState, None]),
    terms=terms_of,
    notice=st.just(NOTICE),
    outcome=st.sampled_from([None, *Outcome]),
    allowed=allowed_of,
    sensitive=st.frozensets(st.sampled_from(NAMES), max_size=1),
    choice=standings,
    limits=st.builds(
        Limits,
        objected=st.frozensets(st.sampled_from(PURPOSES), max_size=1),
        restricted=st.booleans(),
    ),
    over=st.frozensets(st.sampled_from(NAMES), max_size=2),
    reads_left=st.integers(-1, 2),
    within=st.sampled_from([None, frozenset({"a"}), frozenset({"a", "b", "c", "notes"})]),
)
asks = st.builds(
    UseAsk,
    code=st.sampled_from(("aa" * 32, "bb" * 32)),
    purpose=st.sampled_from([*PURPOSES, Purpose(""), Purpose("Purpose")]),
    fields=st.frozensets(st.sampled_from(NAMES)),
    collection=st.sampled_from([None, None, Collection("notes")]),
)


def made_to_fit(ask: UseAsk, facts: UseFacts) -> tuple[UseAsk, UseFacts]:
    """Return the wish and facts under which it is permitted, as near as can be."""
    terms = replace(
        facts.terms, code=ask.code, special=SpecialBasis.EXPLICIT_CONSENT.value, fields=ask.fields,
        automated=False, risk=Risk.LOW, collections=frozenset({Collection("notes")}),
    )  # fmt: skip
    active = Parties(app=PartyStanding.ACTIVE, subject=PartyStanding.ACTIVE)
    given = Standing(
        state=ConsentState.GIVEN, starts=Instant(0), ends=Instant(NOW + 1), notice=NOTICE
    )
    fitting = replace(
        facts, parties=active, state=ProcessingState.ACTIVE, terms=terms, choice=given,
        allowed={field: frozenset({terms.purpose}) for field in ask.fields}, limits=Limits(),
        over=frozenset(), reads_left=1, within=None,
    )  # fmt: skip
    return replace(ask, purpose=terms.purpose), fitting


# --- deciding ---


@law
@given(asks, facts_of)
def test_whatever_is_permitted_satisfies_every_rule(ask: UseAsk, facts: UseFacts) -> None:
    decision = decide_use(ask, facts)

    if not decision.permit:
        assert not decision.fields
        assert decision.obligations is None
        return
    terms = facts.terms
    assert facts.parties == Parties(app=PartyStanding.ACTIVE, subject=PartyStanding.ACTIVE)
    assert facts.state is ProcessingState.ACTIVE
    assert ask.code == terms.code
    assert decision.fields <= ask.fields <= terms.fields
    assert not decision.fields & facts.over
    assert all(field in facts.allowed for field in ask.fields)
    assert ask.collection is None or ask.collection in terms.collections
    assert facts.reads_left > 0
    if terms.risk is Risk.HIGH or terms.automated:
        assert facts.outcome is Outcome.LOW_RISK
    if no_stops(terms):
        assert facts.choice.permits(NOW, NOTICE)
    if facts.limits.restricted:
        assert ask.purpose == "DisputeManagement"


@law
@given(asks, facts_of)
def test_what_fits_is_permitted_and_one_thing_that_does_not_refuses_it(
    ask: UseAsk, facts: UseFacts
) -> None:
    assume(ask.fields)
    ask, fits = made_to_fit(ask, facts)
    assert decide_use(ask, fits).permit

    spoilt = {
        Reason.PROCESSING_NOT_ACTIVE: replace(fits, state=facts.state),
        Reason.OTHER_CODE: replace(fits, terms=replace(fits.terms, code=facts.terms.code)),
        Reason.OUT_OF_SCOPE: replace(fits, terms=replace(fits.terms, fields=facts.terms.fields)),
        Reason.NO_READS_LEFT: replace(fits, reads_left=facts.reads_left),
        Reason.NOT_ASSESSED: replace(fits, terms=replace(fits.terms, risk=facts.terms.risk)),
    }
    for reason, bent in spoilt.items():
        decision = decide_use(ask, bent)
        assert decision.permit or decision.code is reason


@law
@given(asks, facts_of, standings)
def test_the_reason_is_the_first_rule_that_fails_whatever_comes_after(
    ask: UseAsk, facts: UseFacts, other: Standing
) -> None:
    before = decide_use(ask, facts)

    after = decide_use(ask, replace(facts, choice=other, reads_left=0))

    if not before.permit:
        assert not after.permit or ORDER[before.code] > ORDER[Reason.OBJECTED]
    if ORDER[before.code] < ORDER[Reason.OBJECTED]:
        assert after.code is before.code


@law
@given(asks, facts_of)
def test_nothing_said_permits_only_what_a_no_does_not_stop(ask: UseAsk, facts: UseFacts) -> None:
    silent = replace(facts, choice=replace(facts.choice, state=ConsentState.UNKNOWN))

    if decide_use(ask, silent).permit:
        assert not no_stops(facts.terms)


@law
@given(
    purpose=st.sampled_from(PURPOSES), basis=st.sampled_from(LegalBasis), restricted=st.booleans()
)
def test_an_objection_to_advertising_always_wins(
    purpose: Purpose, basis: LegalBasis, *, restricted: bool
) -> None:
    limits = Limits(objected=frozenset({purpose}), restricted=restricted)

    stops = limits_stop(limits, Purpose("DirectMarketing"), basis)

    assert (stops is Reason.OBJECTED) or purpose not in {"Marketing", "DirectMarketing"}


# --- changing terms ---


@law
@given(terms_of, terms_of)
def test_what_is_not_wider_stays_within_what_was_agreed_to(one: Terms, other: Terms) -> None:
    if widened(one, other):
        return

    assert (other.code, other.purpose, other.basis) == (one.code, one.purpose, one.basis)
    assert other.fields <= one.fields
    assert other.collections <= one.collections
    assert other.recipients <= one.recipients
    assert other.transfers <= one.transfers
    assert other.retention_days <= one.retention_days
    assert other.output_bytes <= one.output_bytes
    assert other.automated <= one.automated
    assert other.strict >= one.strict


@law
@given(terms_of, terms_of)
def test_of_two_ways_between_unlike_terms_one_asks_anew(one: Terms, other: Terms) -> None:
    if not widened(one, other) and not widened(other, one):
        assert replace(one, name=other.name) == other


@law
@given(terms_of)
def test_a_label_asks_nobody_and_less_asks_nobody(terms: Terms) -> None:
    narrower = replace(
        terms, name="Renamed", fields=frozenset(sorted(terms.fields)[:1]), recipients=frozenset(),
        retention_days=0, automated=False, risk=Risk.LOW, strict=True,
    )  # fmt: skip

    assert widened(terms, narrower) == ()
    assert widened(terms, terms) == ()
    check_terms(terms)


@law
@given(terms_of, terms_of)
def test_unlike_terms_are_never_shown_alike(one: Terms, other: Terms) -> None:
    shown = [terms_document(b"p" * 16, 1, each) for each in (one, other)]

    unsaid = {"balancing", "circumstances"}
    same = all(
        getattr(one, each.name) == getattr(other, each.name)
        for each in fields_of(Terms)
        if each.name not in unsaid
    )
    assert (shown[0] == shown[1]) is same


# --- what a person says ---


@law
@given(st.lists(st.tuples(st.sampled_from(Wish), st.booleans(), st.integers(0, 5)), max_size=12))
def test_after_a_no_nothing_but_a_yes_of_the_person_permits(
    said: list[tuple[Wish, bool, int]],
) -> None:
    now, consent, edition = NOW, 0, 0
    told: list[ConsentEvent] = []
    standing = standing_of((), now)
    is_yes = False
    for wish, changes, later in said:
        now = Instant(now + later)
        if changes:
            edition, is_yes = edition + 1, False
        notice = str(edition)
        state = choice_state(standing, now, notice)
        assert (state is ChoiceState.ALLOWED) is is_yes
        try:
            led_to = stepped(state, wish)
        except UnsayableError:
            assert not is_yes
            continue
        if led_to is None:
            continue
        consent += state is not ChoiceState.ALLOWED
        told.append(
            ConsentEvent(
                consent=Id16(consent.to_bytes(16)), state=led_to, at=now, by=By.SUBJECT,
                notice=notice, starts=now, ends=Instant(now + 1_000),
            )
        )  # fmt: skip
        mine = [each for each in told if each.consent == told[-1].consent]
        standing = standing_of(mine, now)
        is_yes = wish is Wish.ALLOW
        assert (standing.state in FINAL) is not is_yes


@law
@given(standings, st.integers(0, 200 * DAY))
def test_nobody_is_asked_again_too_soon_and_never_who_said_yes(
    standing: Standing, later: int
) -> None:
    state = choice_state(standing, NOW, NOTICE)

    asked = may_ask(standing, Instant(NOW - later), NOW, NOTICE)

    match state:
        case ChoiceState.PENDING:
            assert asked
        case ChoiceState.ALLOWED:
            assert not asked
        case ChoiceState.DENIED | ChoiceState.WITHDRAWN:
            assert asked is (later >= 90 * DAY)
