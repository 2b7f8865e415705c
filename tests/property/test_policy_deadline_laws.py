"""Laws of the clocks: what holds for every calendar, every receipt and every order of events."""

from datetime import date, timedelta
from itertools import pairwise, permutations
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from sealhold.model.errors import InvalidCalendarError, SealholdError
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant
from sealhold.policy import breach
from sealhold.policy.breach import Addressee, BreachNotice, Notified, NotNotified, Opened
from sealhold.policy.deadlines import MAX_STILL, Calendar, last_day, months_after
from sealhold.policy.justifications import DELAYING, Ground
from sealhold.policy.rights import RightsStanding, begin, due, fold, step, urgency
from sealhold.policy.rights_events import (
    Acknowledged,
    ActionPerformed,
    ActionRequired,
    Extended,
    Fulfilled,
    Initiated,
    Rejected,
    Right,
    RightsEvent,
    RightsState,
    Unfulfilled,
)
from tests.unit.rights_stories import because, leading_to, utc

# A busy machine is no failure.
law = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

FIRST, LAST = utc("2018-05-25T00:00:00+00:00"), utc("2035-12-31T00:00:00+00:00")
ZONES = (
    "Africa/Cairo",  # skips midnight, and has the last hour of a day twice
    "America/Havana",  # skips midnight, and has the first hour of a day twice
    "America/Nuuk",
    "America/Santiago",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Lisbon",
    "Pacific/Kiritimati",
    "UTC",
)
instants = st.integers(FIRST, LAST).map(Instant)
zones = st.sampled_from(ZONES).map(ZoneInfo)


@st.composite
def calendars(draw: st.DrawFn, near: Instant | None = None) -> Calendar:
    """Draw a zone and holidays: in the half year from `near` on, where they count."""
    around = draw(instants) if near is None else near
    first = Calendar(zone=ZoneInfo("UTC")).day_of(around)
    offsets = draw(st.frozensets(st.integers(0, 180), max_size=60))
    holidays = frozenset(first + timedelta(days=offset) for offset in offsets)
    try:
        return Calendar(zone=draw(zones), holidays=holidays)
    except InvalidCalendarError:
        reject()


@st.composite
def requests(draw: st.DrawFn) -> tuple[Calendar, Initiated]:
    """Draw a calendar, and the receipt of a request in the time of its holidays."""
    at = draw(instants)
    return draw(calendars(near=at)), Initiated(at=at, received_at=at, right=Right.ACCESS)


@st.composite
def waits(draw: st.DrawFn) -> tuple[Instant, Instant]:
    """Draw how long after the receipt a person is asked, and answers."""
    asked = draw(st.integers(0, 25 * DAY))
    return Instant(asked), Instant(asked + draw(st.integers(0, 200 * DAY)))


def after(receipt: Initiated, span: int) -> Instant:
    return Instant(receipt.at + span)


def waited(receipt: Initiated, wait: tuple[Instant, Instant]) -> list[RightsEvent]:
    """Return the story of a request in which the person was asked who they are, and answered."""
    answer = after(receipt, wait[1])
    return [
        receipt,
        Acknowledged(at=receipt.at),
        ActionRequired(at=after(receipt, wait[0]), justification=because(Ground.IDENTITY_REQUIRED)),
        ActionPerformed(at=answer, came_at=answer),
    ]


# --- days ---


@law
@given(
    st.sampled_from(sorted(available_timezones())), st.dates(date(2018, 1, 1), date(2040, 12, 31))
)
def test_no_minute_of_a_day_comes_after_its_end(zone: str, day: date) -> None:
    calendar = Calendar(zone=ZoneInfo(zone))

    last = calendar.last_of(day)

    assert calendar.day_of(last) == day
    assert all(
        calendar.day_of(Instant(last + 1 + minute * MINUTE)) > day for minute in range(5 * 60)
    )


@law
@given(zones, st.dates(date(2018, 1, 1), date(2040, 12, 31)))
def test_the_end_of_a_day_comes_before_the_end_of_the_next(zone: ZoneInfo, day: date) -> None:
    calendar = Calendar(zone=zone)

    assert calendar.last_of(day) < calendar.last_of(day + timedelta(days=1))


# --- terms ---


@law
@given(requests())
def test_a_request_is_due_on_a_working_day_at_least_28_days_after_its_receipt(
    request: tuple[Calendar, Initiated],
) -> None:
    calendar, receipt = request
    received = calendar.day_of(receipt.at)

    last = due(begin(receipt), calendar, receipt.at)

    assert calendar.is_working(calendar.day_of(last))
    assert calendar.day_of(last) >= received + timedelta(days=28)
    assert calendar.day_of(last) == last_day(received, 1, 0, calendar)
    assert calendar.day_of(Instant(last + 1)) > calendar.day_of(last)


@law
@given(requests(), st.integers(1, 3), st.integers(0, 100))
def test_no_working_day_lies_between_the_day_that_is_counted_to_and_the_last(
    request: tuple[Calendar, Initiated], months: int, suspended: int
) -> None:
    calendar, receipt = request
    received = calendar.day_of(receipt.at)
    counted = months_after(received, months) + timedelta(days=suspended)

    last = last_day(received, months, suspended, calendar)

    assert counted <= last <= counted + timedelta(days=MAX_STILL + 2)
    between = [counted + timedelta(days=days) for days in range((last - counted).days)]
    assert not any(calendar.is_working(day) for day in between)


@law
@given(calendars(), instants, st.integers(0, 60 * DAY))
def test_what_comes_later_is_not_due_earlier(
    calendar: Calendar, received: Instant, later: int
) -> None:
    earlier, other = (
        begin(Initiated(at=at, received_at=at, right=Right.ACCESS))
        for at in (received, Instant(received + later))
    )

    assert due(earlier, calendar, received) <= due(other, calendar, received)


@law
@given(requests(), waits())
def test_a_suspension_never_shortens(
    request: tuple[Calendar, Initiated], wait: tuple[Instant, Instant]
) -> None:
    calendar, receipt = request
    standing = fold(waited(receipt, wait), calendar)

    last = due(standing, calendar, standing.at)

    assert last >= due(begin(receipt), calendar, receipt.at)
    assert calendar.is_working(calendar.day_of(last))


@law
@given(requests(), waits(), st.integers(0, 30 * DAY))
def test_who_waits_longer_has_no_less_time(
    request: tuple[Calendar, Initiated], wait: tuple[Instant, Instant], more: int
) -> None:
    calendar, receipt = request
    shorter = fold(waited(receipt, wait), calendar)
    longer = fold(waited(receipt, (wait[0], Instant(wait[1] + more))), calendar)

    assert due(shorter, calendar, shorter.at) <= due(longer, calendar, longer.at)


@law
@given(requests(), waits(), st.integers(0, 400 * DAY))
def test_nothing_runs_out_while_the_term_stands_still(
    request: tuple[Calendar, Initiated], wait: tuple[Instant, Instant], later: int
) -> None:
    calendar, receipt = request
    waiting = fold(waited(receipt, wait)[:-1], calendar)
    now = Instant(waiting.at + later)

    assert now <= due(waiting, calendar, now)


@law
@given(requests(), waits(), st.data())
def test_it_does_not_matter_where_among_other_events_a_request_is_extended(
    request: tuple[Calendar, Initiated],
    wait: tuple[Instant, Instant],
    data: st.DataObject,
) -> None:
    calendar, receipt = request
    story = waited(receipt, wait)
    found = set()
    for place in range(1, len(story) + 1):
        earliest = story[place - 1].at
        latest = (
            story[place].at
            if place < len(story)
            else due(fold(story, calendar), calendar, earliest)
        )
        at = Instant(data.draw(st.integers(earliest, max(earliest, latest))))
        extension = Extended(at=at, noticed_at=receipt.at, justification=because(Ground.COMPLEXITY))
        standing = fold([*story[:place], extension, *story[place:]], calendar)
        found.add((standing.state, due(standing, calendar, standing.at)))

    assert len(found) == 1
    assert found.pop()[1] >= due(fold(story, calendar), calendar, story[-1].at)


@law
@given(
    requests(),
    st.lists(st.integers(-5 * DAY, 120 * DAY), min_size=2),
    st.sampled_from([None, Ground.HIGH_VOLUME]),
)
def test_a_warning_never_falls_back(
    request: tuple[Calendar, Initiated], spans: list[int], extended_for: Ground | None
) -> None:
    calendar, receipt = request
    story: list[RightsEvent] = [receipt]
    if extended_for:
        at = receipt.at
        story.append(Extended(at=at, noticed_at=at, justification=because(extended_for)))
    standing = fold(story, calendar)

    seen = [urgency(standing, calendar, after(receipt, span)) for span in sorted(spans)]

    assert all(one <= other for one, other in pairwise(seen))


# --- stories ---

happenings = st.lists(
    st.tuples(st.sampled_from([*RightsState, None]), st.integers(-DAY, 30 * DAY), st.booleans()),
    max_size=12,
)


def drawn(state: RightsState | None, at: Instant, *, bare: bool) -> RightsEvent:
    """Return an event that leads to `state`, or extends; `bare` if it lacks a reason for delay."""
    if state is None:
        return Extended(at=at, noticed_at=at, justification=because(Ground.COMPLEXITY))
    event = leading_to(state, at)
    if bare and isinstance(event, Rejected | Fulfilled | Unfulfilled):
        kept = tuple(one for one in event.justifications if one.ground not in DELAYING)
        return type(event)(at=at, justifications=kept)
    return event


@law
@given(requests(), happenings)
def test_whatever_is_entered_a_request_that_was_closed_late_says_why_and_stays_closed(
    request: tuple[Calendar, Initiated],
    happened: list[tuple[RightsState | None, int, bool]],
) -> None:
    calendar, receipt = request
    told: list[RightsEvent] = [receipt]
    standing: RightsStanding = begin(receipt)
    for state, span, bare in happened:
        event = drawn(state, Instant(standing.at + span), bare=bare)
        try:
            standing = step(standing, event, calendar)
        except SealholdError:
            continue
        assert not fold(told, calendar).is_closed
        told.append(event)

    assert standing == fold(told, calendar)
    assert all(one.at <= other.at for one, other in pairwise(told))
    assert sum(isinstance(event, Extended) for event in told) == standing.extended
    closing = told[-1]
    if isinstance(closing, Rejected | Fulfilled | Unfulfilled):
        before = fold(told[:-1], calendar)
        if closing.at > due(before, calendar, closing.at):
            assert {given.ground for given in closing.justifications} & DELAYING


@law
@given(instants, st.integers(0, 72 * HOUR), st.sampled_from([None, Ground.RISK_UNLIKELY]))
def test_it_does_not_matter_whether_authority_or_persons_are_dealt_with_first(
    aware: Instant, span: int, spared_for: Ground | None
) -> None:
    at = Instant(aware + span)
    authority = [
        Notified(at=at, notice=BreachNotice.INITIAL),
        Notified(at=at, notice=BreachNotice.PHASED),
    ]
    persons = (
        [NotNotified(at=at, addressee=Addressee.PERSONS, justification=because(spared_for))]
        if spared_for
        else [Notified(at=at, notice=BreachNotice.PERSONS)]
    )
    stories = [
        list(mixed)
        for mixed in permutations([*authority, *persons])
        if mixed.index(authority[0]) < mixed.index(authority[1])
    ]

    found = {breach.fold([Opened(at=at, aware_at=aware), *story]) for story in stories}

    assert len(found) == 1
    assert len(stories) == 3
