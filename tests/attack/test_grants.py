"""Attacks on what the owner allowed."""

import time
from dataclasses import replace

import pytest

from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidFilterError, InvalidManifestError, UnknownPurposeError
from sealhold.model.ids import AppId, Collection, FieldName, GrantId, Id16, Purpose, TaskDigest
from sealhold.model.quantities import DAY, Instant, MicroBits
from sealhold.model.records import Column, ColumnType
from sealhold.model.shown import Mode, RequestState
from sealhold.policy.consent import By, ConsentEvent, ConsentState, standing_of
from sealhold.policy.decide import decide
from sealhold.policy.decision import Reason
from sealhold.policy.facts import Actor, Ask, Facts, Held, Standing
from sealhold.policy.fatigue import Asked, Verdict, may_ask
from sealhold.policy.grant import Grant, GrantKind
from sealhold.policy.names import lookalike, mixed_scripts, visible
from sealhold.policy.precision import parse_rules
from sealhold.policy.request import parse_request, wish
from sealhold.policy.rowfilter import matches, parse_filter

STEPS, HOME = FieldName("steps"), FieldName("home")
APP, TASK = AppId(Id16(b"a" * 16)), TaskDigest(b"t" * 32)
RESEARCH, DELIVERY = Purpose("ScientificResearch"), Purpose("DeliveryOfGoods")
NOTICE = "ab" * 32
CONSENT = Id16(b"c" * 16)
COLUMNS = [
    Column(name=FieldName("steps"), type=ColumnType.INTEGER, about=""),
    Column(name=FieldName("t"), type=ColumnType.INSTANT, about=""),
    Column(name=FieldName("mode"), type=ColumnType.TEXT, about=""),
]


def event(state: ConsentState, at: int, by: By = By.SUBJECT) -> ConsentEvent:
    return ConsentEvent(
        consent=CONSENT,
        state=state,
        at=Instant(at),
        by=by,
        notice=NOTICE,
        starts=Instant(at),
        ends=Instant(100),
    )


def held(
    n: int, fields: frozenset[FieldName], purpose: Purpose = RESEARCH, mode: Mode = Mode.UNTIL
) -> Held:
    return Held(
        grant=Grant(
            id=GrantId(Id16(bytes([n]) * 16)),
            kind=GrantKind.COMPONENT,
            issuer=b"i" * 32,
            audience=b"a" * 32,
            app=APP,
            purpose=purpose,
            collection=Collection("trips"),
            fields=fields,
            filter="all",
            precision=(),
            task=TASK,
            param="p",
            selection="s",
            mode=mode,
            budget=MicroBits(10),
            coarsen=1,
            not_before=Instant(0),
            not_after=Instant(100),
            epoch=0,
            nonce=bytes([n]) * 16,
        ),
        state=RequestState.ALLOWED,
        consent=standing_of([event(ConsentState.GIVEN, 1)], Instant(50)),
        notice=NOTICE,
        epoch=0,
        uses=0,
        spent=MicroBits(0),
        retention_days=30,
    )


def ask(*fields: FieldName, purpose: Purpose = RESEARCH) -> Ask:
    return Ask(
        actor=Actor.APP,
        app=APP,
        purpose=purpose,
        collection=Collection("trips"),
        fields=frozenset(fields),
        task=TASK,
        param="p",
        selection="s",
        cost=MicroBits(1),
    )


def facts(*grants: Held, now: int = 50) -> Facts:
    return Facts(
        now=Instant(now),
        app=Standing.ACTIVE,
        subject=Standing.ACTIVE,
        task=Standing.ACTIVE,
        held=grants,
        objected=frozenset(),
        restricted=False,
        retain_until=None,
        budget_left=MicroBits(1_000),
    )


@pytest.mark.threat("T10")
def test_an_app_cannot_string_two_grants_together() -> None:
    both = facts(held(1, frozenset({STEPS})), held(2, frozenset({HOME})))

    assert decide(ask(STEPS), both).permit
    assert decide(ask(HOME), both).permit
    assert decide(ask(STEPS, HOME), both).code is Reason.OUT_OF_SCOPE


@pytest.mark.threat("T10")
def test_an_app_cannot_use_a_delivery_address_for_research() -> None:
    both = facts(held(1, frozenset({STEPS})), held(2, frozenset({HOME}), purpose=DELIVERY))

    decision = decide(ask(HOME), both)

    assert decision.code is Reason.OTHER_PURPOSE
    assert decision.fields == frozenset()


@pytest.mark.threat("T10")
def test_an_app_cannot_pool_the_budgets_of_its_grants() -> None:
    poor = [replace(held(n, frozenset({STEPS})), spent=MicroBits(9)) for n in (1, 2, 3)]

    assert decide(replace(ask(STEPS), cost=MicroBits(3)), facts(*poor)).code is Reason.GRANT_BUDGET


@pytest.mark.threat("T10")
def test_an_app_cannot_lean_on_the_grant_of_another() -> None:
    theirs = held(1, frozenset({STEPS}))
    other = replace(theirs, grant=replace(theirs.grant, app=AppId(Id16(b"b" * 16))))

    assert decide(ask(STEPS), facts(other)).code is Reason.NO_GRANT


@pytest.mark.threat("T11")
@pytest.mark.parametrize(
    "purpose",
    ["ResearchAndDevelopment", "AcademicResearch", "CommercialResearch", "Marketing", "Purpose"],
)
def test_an_app_cannot_use_a_grant_under_a_broader_or_a_sister_purpose(purpose: str) -> None:
    granted = facts(held(1, frozenset({STEPS})))

    assert not decide(ask(STEPS, purpose=Purpose(purpose)), granted).permit


@pytest.mark.threat("T11")
@pytest.mark.parametrize("purpose", ["Purpose", "everything", "ScientificResearch\u200b", ""])
def test_a_request_for_every_purpose_or_for_none_is_refused(purpose: str) -> None:
    with pytest.raises((UnknownPurposeError, InvalidManifestError)):
        parse_request(request(purpose=purpose))


HOMOGRAPH = "GreenC\N{CYRILLIC SMALL LETTER O}rp"


@pytest.mark.threat("T12")
@pytest.mark.parametrize(
    "name",
    [
        "\u202eproCneerG",
        "GreenCorp\u2066 (verified)\u2069",
        "GreenCorp\u200b",
        "GreenCorp\x00",
        "GreenCorp\n\nVerified by sealhold",
        "GreenCorp\u3164",
        "\U000e0047\U000e0072\U000e0065",
        "Green\u00adCorp",
        "a" + "\u0301" * 30,
    ],
)
def test_a_name_that_would_show_otherwise_than_it_is_never_gets_in(name: str) -> None:
    with pytest.raises(InvalidManifestError):
        parse_request(request(name=name))
    with pytest.raises(InvalidManifestError):
        parse_request(request(reason={"en": name}))

    assert visible(name).isprintable()
    assert visible(name) != name


@pytest.mark.threat("T12")
def test_a_name_that_is_drawn_like_a_known_one_is_pointed_out() -> None:
    assert parse_request(request(name=HOMOGRAPH)).name == HOMOGRAPH
    assert mixed_scripts(HOMOGRAPH) == ("CYRILLIC", "LATIN")
    assert lookalike(HOMOGRAPH, ["GreenCorp"]) == "GreenCorp"


def request(**changes: Plain) -> dict[str, Plain]:
    document: dict[str, Plain] = {
        "schema": "sealhold.request/1",
        "app": "6f2b8c1e-3a4d-4e5f-8a6b-7c8d9e0f1a2b",
        "name": "GreenCorp HR",
        "purpose": "PersonnelPayment",
        "reason": {"en": "We pay a bonus."},
        "task": "74" * 32,
        "param": "p",
        "selection": "s",
        "destination": {
            "name": "GreenCorp",
            "url": "https://greencorp.example/",
            "box_key": "a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=",
        },
        "schedule": "demand",
        "retention_days": 30,
        "expires": "2026-12-05T00:00:00Z",
        "budget_micro_bits": 5_000_000,
        "mode": "once",
        "until": "2026-12-31T00:00:00Z",
    }
    return document | changes


def refused(n: int, digest: bytes, *, day: int = 0) -> Asked:
    return Asked(
        digest=digest,
        state=RequestState.REFUSED,
        received_at=Instant(day * DAY + n),
        expires_at=Instant((day + 14) * DAY + n),
        allowed_at=None,
        ended_at=Instant(day * DAY + n + 1),
    )


@pytest.mark.threat("T13")
def test_a_refusal_is_not_asked_away_by_other_words_or_amounts() -> None:
    first = parse_request(request())
    tries = [
        parse_request(request(reason={"en": "Please, please."})),
        parse_request(request(name="GreenCorp Bonus")),
        parse_request(request(budget_micro_bits=5_000_001)),
        parse_request(request(budget_micro_bits=1)),
        parse_request(request(until="2027-01-31T00:00:00Z", mode="until", retention_days=1)),
    ]

    assert all(wish(again) == wish(first) for again in tries)


@pytest.mark.threat("T13")
@pytest.mark.parametrize(("day", "shown"), [(1, False), (14, False), (103, False), (104, True)])
def test_a_refused_wish_comes_back_at_the_earliest_after_its_term_and_90_days(
    day: int, *, shown: bool
) -> None:
    history = [refused(0, b"w" * 32)]

    assert (may_ask(history, b"w" * 32, Instant(day * DAY)) is Verdict.SHOW) is shown


@pytest.mark.threat("T13")
def test_an_app_that_asks_a_hundred_times_is_shown_three_times() -> None:
    history: list[Asked] = []
    for n in range(100):
        if may_ask(history, bytes([n]) * 32, Instant(n)) is Verdict.SHOW:
            history.append(refused(n, bytes([n]) * 32))

    assert len(history) == 3


@pytest.mark.threat("T14")
def test_one_answer_is_one_answer() -> None:
    once = held(1, frozenset({STEPS}), mode=Mode.ONCE)
    used = replace(once, uses=1, spent=MicroBits(1))

    assert decide(ask(STEPS), facts(once)).permit
    assert decide(ask(STEPS), facts(used)).code is Reason.SPENT
    assert decide(replace(ask(STEPS), cost=MicroBits(0)), facts(used)).code is Reason.SPENT
    assert decide(replace(ask(STEPS), confirmed=True), facts(used)).code is Reason.SPENT


@pytest.mark.threat("T14")
def test_a_new_answer_cannot_pass_for_the_one_that_left() -> None:
    used = replace(held(1, frozenset({STEPS}), mode=Mode.ONCE), uses=1, spent=MicroBits(1))

    assert decide(replace(ask(STEPS), repeat=True), facts(used)).code is Reason.SPENT


@pytest.mark.threat("T14")
def test_a_withdrawn_yes_is_not_brought_back_by_any_clock_or_claim() -> None:
    events = [
        event(ConsentState.GIVEN, 1),
        event(ConsentState.WITHDRAWN, 99),  # written while the clock ran ahead
        event(ConsentState.RENEWED, 40, By.ASKER),
        event(ConsentState.GIVEN, 45, By.CONTROLLER),
        event(ConsentState.RENEWED, 48),
    ]
    taken_back = replace(held(1, frozenset({STEPS})), consent=standing_of(events, Instant(50)))

    assert decide(ask(STEPS), facts(taken_back)).code is Reason.NO_CONSENT


BOMBS = [
    "(" * 2_000 + "all" + ")" * 2_000,
    "not " * 1_000 + "all",
    " or ".join(["all"] * 500),
    " and ".join(["steps = 1"] * 300),
    "steps in (" + ", ".join(["1"] * 1_000) + ")",
    "steps = " + "9" * 4_000,
    "mode = '" + "a" * 4_000 + "'",
    "mode = '" + "''" * 1_900,
    "steps = 1" + " " * 10_000,
    "-" * 4_000,
    "steps = 1." + "1." * 1_500,
    "99999999999999999999d " * 150,
    "all" + ")" * 4_000,
]


@pytest.mark.threat("T15")
@pytest.mark.parametrize("bomb", BOMBS, ids=range(len(BOMBS)))
def test_a_filter_bomb_is_refused_at_once(bomb: str) -> None:
    begun = time.process_time()

    with pytest.raises(InvalidFilterError) as caught:
        parse_filter(bomb, COLUMNS)

    assert time.process_time() - begun < 0.5
    assert len(str(caught.value)) < 200


@pytest.mark.threat("T15")
def test_the_dearest_filter_that_is_accepted_is_cheap_for_a_row() -> None:
    values = ", ".join(str(n) for n in range(180))
    dear = " or ".join([f"steps in ({values})"] * 4 + ["weekday(t, 'UTC') in (mon)"] * 6)
    asked = parse_filter(dear, COLUMNS)
    begun = time.process_time()

    assert not any(matches(asked, {"steps": -n, "t": 0}) for n in range(1, 100))
    assert time.process_time() - begun < 1


@pytest.mark.threat("T15")
@pytest.mark.parametrize(
    "text",
    [
        "age(t) < 1d",
        "not age(t) < 1d",
        "steps = 1 or (all and age(t) < 5ms)",
        "k_most_recent(t, 1)",
    ],
)
def test_a_window_that_slides_with_the_clock_is_refused(text: str) -> None:
    with pytest.raises(InvalidFilterError, match="depends on the clock"):
        parse_filter(text, COLUMNS)


@pytest.mark.threat("T15")
def test_a_rule_that_slides_with_the_clock_is_refused() -> None:
    with pytest.raises(InvalidFilterError, match="depends on the clock"):
        parse_rules(["k_most_recent(t, 1)"], COLUMNS)
