"""The registers: rights requests and breaches, each with its clock, and how far one reached."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, EventKind
from sealhold.model.errors import (
    InvalidError,
    NotFoundError,
    OutOfOrderError,
    TamperedError,
    TermOverError,
    UnjustifiedError,
)
from sealhold.model.ids import Id16, SubjectId
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.model.rights import Reason, RightsStep
from sealhold.policy.breach import BreachNotice
from sealhold.policy.justifications import Ground
from sealhold.policy.rights_events import Right
from sealhold.stores.spec import Delete
from sealhold.vault.breaches import BreachRegister
from sealhold.vault.rights import RightsRegister
from sealhold.vault.scoping import scope_of
from sealhold.vault.stories import STORY_EVENTS, By
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MAIL, MARKETING, NAME, SERVICE, Crowd, crowd
from tests.unit.rights_stories import BERLIN

OFFICER = By(actor=Actor.OFFICER, officer=Id16(b"officer         "))
OWNER = By(actor=Actor.OWNER)
WHY = {ground: Reason(ground=ground.value, text="the reason, in words") for ground in Ground}


@pytest.fixture
def many() -> Iterator[Crowd]:
    with crowd() as found:
        yield found


def register(many: Crowd) -> RightsRegister:
    return RightsRegister(many.vault.core, BERLIN)


def later(many: Crowd, days: float) -> None:
    many.time.now = Instant(NOON + int(days * DAY))


# --- rights requests ---


@pytest.mark.promise("P8")
def test_a_request_is_entered_answered_and_closed_and_each_step_is_an_entry(many: Crowd) -> None:
    ada, rights = many.person(), register(many)

    asked = rights.open(OFFICER, many.one, ada, Right.ERASURE.value)
    rights.step(OFFICER, asked.id, RightsStep(step="acknowledge"))
    rights.step(OFFICER, asked.id, RightsStep(step="accept"))
    many.people.erase(many.one, ada)
    done = rights.step(OWNER, asked.id, RightsStep(step="fulfil"))

    assert (asked.subject, asked.state, asked.is_closed) == (ada, "RequestInitiated", False)
    assert (done.subject, done.state, done.is_closed) == (None, "RequestFulfilled", True)
    assert [each.step for each in done.steps] == ["receive", "acknowledge", "accept", "fulfil"]
    assert [each.by for each in done.steps] == [OFFICER.officer] * 3 + [None]
    told = many.events(EventKind.RIGHTS)
    assert [each.reason for each in told] == ["fulfil", "accept", "acknowledge", "receive"]
    assert [each.actor for each in told] == [Actor.OWNER] + [Actor.OFFICER] * 3
    assert len({each.digest for each in told}) == 4
    assert rights.get(asked.id) == done


def test_the_clock_runs_as_the_calendar_says_and_status_counts_what_is_overdue(many: Crowd) -> None:
    rights = register(many)
    asked = rights.open(OFFICER, many.one, many.person(), Right.ACCESS.value)  # 21 November 2026

    assert asked.due == BERLIN.last_of(BERLIN.day_of(Instant(NOON + 30 * DAY)))
    assert (asked.urgency, asked.days_left, rights.overdue()) == ("none", 30, 0)
    later(many, 21)
    assert rights.get(asked.id).urgency == "ten_days"
    later(many, 31)
    assert (rights.get(asked.id).urgency, rights.overdue()) == ("overdue", 1)
    rights.step(OFFICER, asked.id, RightsStep(step="acknowledge"))
    rights.step(OFFICER, asked.id, RightsStep(step="accept"))
    with pytest.raises(UnjustifiedError):
        rights.step(OFFICER, asked.id, RightsStep(step="fulfil"))
    with pytest.raises(TermOverError):
        rights.step(OFFICER, asked.id, RightsStep(step="extend", reasons=(WHY[Ground.COMPLEXITY],)))
    late = RightsStep(step="fulfil", reasons=(WHY[Ground.DELAY],))
    assert rights.step(OFFICER, asked.id, late).is_closed
    assert rights.overdue() == 0


def test_waiting_for_identity_suspends_and_an_extension_comes_once(many: Crowd) -> None:
    rights = register(many)
    asked = rights.open(OFFICER, many.one, None, Right.ACCESS.value)
    rights.step(OFFICER, asked.id, RightsStep(step="acknowledge"))

    waits = rights.step(
        OFFICER, asked.id, RightsStep(step="suspend", reasons=(WHY[Ground.IDENTITY_REQUIRED],))
    )
    later(many, 5)
    known = rights.step(OFFICER, asked.id, RightsStep(step="verify-identity"))
    longer = rights.step(
        OFFICER, asked.id, RightsStep(step="extend", reasons=(WHY[Ground.HIGH_VOLUME],))
    )

    assert (waits.is_waiting, known.is_waiting, longer.is_extended) == (True, False, True)
    assert asked.due < known.due < longer.due
    with pytest.raises(OutOfOrderError):
        rights.step(OFFICER, asked.id, RightsStep(step="extend", reasons=(WHY[Ground.COMPLEXITY],)))


def test_what_a_step_needs_is_asked_for(many: Crowd) -> None:
    rights = register(many)
    asked = rights.open(OFFICER, many.one, None, Right.ACCESS.value)

    for wish, error in (
        (RightsStep(step="forget"), InvalidError),
        (RightsStep(step="acknowledge", happened_at=NOON), InvalidError),
        (RightsStep(step="acknowledge", reasons=(WHY[Ground.DELAY],)), InvalidError),
        (RightsStep(step="fulfil"), OutOfOrderError),
        (RightsStep(step="extend"), UnjustifiedError),
        (RightsStep(step="suspend", reasons=(Reason(ground="a", text="b"),)), InvalidError),
        (
            RightsStep(step="extend", reasons=(Reason(ground=Ground.DELAY.value, text="--"),)),
            UnjustifiedError,
        ),
    ):
        with pytest.raises(error):
            rights.step(OFFICER, asked.id, wish)
    with pytest.raises(InvalidError):
        rights.open(OFFICER, many.one, None, "eu-gdpr:A99")
    with pytest.raises(OutOfOrderError):
        rights.open(OFFICER, many.one, None, Right.ACCESS.value, Instant(NOON + 1))
    with pytest.raises(NotFoundError):
        rights.open(OFFICER, many.other, many.person(many.one), Right.ACCESS.value)
    assert len(rights.get(asked.id).steps) == 1


def test_a_person_sees_their_own_requests_only(many: Crowd) -> None:
    rights, ada, bob = register(many), many.person(), many.person(name="Bob")
    asked = rights.open(By(actor=Actor.PERSON), many.one, ada, Right.ACCESS.value)
    rights.open(OFFICER, many.one, bob, Right.ACCESS.value)
    rights.open(OFFICER, many.one, None, Right.ACCESS.value)

    assert [each.id for each in rights.all_of(many.one, ada)] == [asked.id]
    assert rights.all_of(many.other, ada) == ()
    assert len(rights.all()) == 3


@pytest.mark.threat("T263")
def test_an_event_that_was_taken_out_of_the_register_is_missed(many: Crowd) -> None:
    rights = register(many)
    asked = rights.open(OFFICER, many.one, None, Right.ACCESS.value)
    rights.step(OFFICER, asked.id, RightsStep(step="acknowledge"))

    many.bend(Delete(STORY_EVENTS.name, (asked.id, 1)))

    with pytest.raises(TamperedError):
        rights.get(asked.id)


# --- breaches ---


def test_a_breach_is_entered_told_and_closed(many: Crowd) -> None:
    breaches = BreachRegister(many.vault.core)

    made = breaches.open(OFFICER, "a laptop was lost", Instant(NOON - HOUR))
    with pytest.raises(OutOfOrderError):
        breaches.close(OFFICER, made.id)
    breaches.notify(OFFICER, made.id, BreachNotice.INITIAL.value, ())
    breaches.spare(OFFICER, made.id, "persons", (WHY[Ground.RISK_MITIGATED],))
    done = breaches.close(OFFICER, made.id)

    assert made.due == NOON - HOUR + 72 * HOUR
    assert (done.authority, done.persons, done.is_closed) == ("notified", "not needed", True)
    assert [each.step for each in done.steps] == [
        "open", BreachNotice.INITIAL.value, "persons not notified", "close",
    ]  # fmt: skip
    assert breaches.reopen(OFFICER, made.id).is_closed is False
    assert len(many.events(EventKind.BREACH)) == 5


def test_after_72_hours_a_breach_is_overdue_and_a_late_notice_says_why(many: Crowd) -> None:
    breaches = BreachRegister(many.vault.core)
    made = breaches.open(OFFICER, "a laptop was lost")
    many.time.now = Instant(made.due + 1)

    assert breaches.overdue() == 1
    with pytest.raises(UnjustifiedError):
        breaches.notify(OFFICER, made.id, BreachNotice.INITIAL.value, ())
    late = breaches.notify(
        OFFICER, made.id, BreachNotice.INITIAL.value, (WHY[Ground.BREACH_DELAY],)
    )
    assert (late.is_late, breaches.overdue()) == (True, 0)


@pytest.mark.parametrize("about", ["", "  ", "a\u202eb", "x" * 4_001])
def test_a_breach_says_what_happened(many: Crowd, about: str) -> None:
    with pytest.raises(InvalidError):
        BreachRegister(many.vault.core).open(OFFICER, about)


# --- how far it reached ---


def test_the_scope_tells_who_was_read_and_who_could_have_been(many: Crowd) -> None:
    ada, bob, cid, eve = (many.person(name=name) for name in ("Ada", "Bob", "Cid", "Eve"))
    stranger = many.person(many.other, "Other")
    later(many, 1)
    since = many.time.now
    many.people.get(many.one, ada, MARKETING)
    many.people.get(many.one, bob, SERVICE, frozenset({MAIL}))
    many.people.find(many.one, SERVICE, MAIL, "bob@example.org")
    many.people.get(many.other, stranger, SERVICE)
    many.people.get(many.one, eve, SERVICE)
    many.people.erase(many.one, eve)
    later(many, 2)
    until = many.time.now
    many.people.get(many.one, cid, SERVICE)  # too late
    many.person(name="Dan")  # too late

    found = scope_of(many.vault.core, many.one, since, until)

    assert (found.people, found.entries) == (2, 3)
    assert found.people_at_most == 4  # Ada, Bob, Cid, and Eve who is erased
    assert found.entries_unreadable > 0
    assert found.categories == ("EmailAddress", "Name")
    assert found.categories_at_most == ("Age", "EmailAddress", "Name", "TelephoneNumber")


def test_a_scope_stands_in_the_story_of_its_breach(many: Crowd) -> None:
    breaches, ada = BreachRegister(many.vault.core), many.person()
    many.people.get(many.one, ada, SERVICE, frozenset({NAME}))
    made = breaches.open(OFFICER, "a token was stolen")

    after = breaches.scope(OFFICER, made.id, many.one, Instant(NOON - DAY), Instant(NOON + DAY))

    assert [(each.people, each.people_at_most) for each in after.scopes] == [(1, 1)]
    assert breaches.get(made.id) == after
    assert [each.step for each in after.steps] == ["open"]
    for until in (NOON, 2**70):
        with pytest.raises(InvalidError):
            breaches.scope(OFFICER, made.id, many.one, NOON, Instant(until))
    with pytest.raises(NotFoundError):
        breaches.scope(
            OFFICER, made.id, many.one, NOON, Instant(NOON + 1), Id16(b"no such token   ")
        )


def test_a_request_of_nobody_known_names_nobody(many: Crowd) -> None:
    asked = register(many).open(OFFICER, many.one, None, Right.ACCESS.value)

    assert asked.subject is None
    assert register(many).all_of(many.one, SubjectId(Id16(bytes(16)))) == ()
