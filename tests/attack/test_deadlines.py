"""Attacks on the law's clocks, by a controller that would rather have more time."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from sealhold.model.errors import (
    InvalidCalendarError,
    OutOfOrderError,
    TermOverError,
    UnjustifiedError,
)
from sealhold.model.quantities import DAY, HOUR, Instant
from sealhold.policy import breach, rights
from sealhold.policy.breach import Addressee, BreachNotice, Notified, NotNotified, Opened
from sealhold.policy.deadlines import MAX_STILL, Calendar
from sealhold.policy.justifications import Ground, Justification
from sealhold.policy.rights_events import ActionPerformed, Extended, Fulfilled, RightsEvent
from tests.unit.rights_stories import (
    BERLIN,
    ZONE,
    accepted,
    acknowledged,
    asked,
    because,
    end_of,
    extended,
    local,
    received,
)

RECEIPT = "2026-03-02 10:00"
DUE = end_of("2026-04-02")
NOW = Instant(DUE + 3 * DAY)  # the term is over, and nobody thought of it
OPEN: list[RightsEvent] = [
    received(RECEIPT),
    acknowledged("2026-03-03 10:00"),
    accepted("2026-03-20 10:00"),
]


# --- a deadline that was missed ---


@pytest.mark.threat("T205")
def test_an_extension_of_today_does_not_count_by_the_notice_it_claims_to_have_given() -> None:
    claimed = Extended(
        at=NOW, noticed_at=local("2026-04-01 10:00"), justification=because(Ground.COMPLEXITY)
    )

    with pytest.raises(TermOverError):
        rights.fold([*OPEN, claimed], BERLIN)


@pytest.mark.threat("T205")
def test_nothing_is_entered_before_what_stands_there() -> None:
    overdue = [*OPEN, acknowledged("2026-04-05 10:00")][:3]
    late = Fulfilled(at=NOW, justifications=(because(Ground.DELAY),))

    for backdated in (extended("2026-03-19 10:00"), Fulfilled(at=local("2026-03-19 10:00"))):
        with pytest.raises(OutOfOrderError):
            rights.fold([*overdue, backdated], BERLIN)
    assert rights.fold([*overdue, late], BERLIN).is_closed


@pytest.mark.threat("T205")
def test_what_is_late_is_not_closed_as_if_it_were_in_time() -> None:
    with pytest.raises(UnjustifiedError):
        rights.fold([*OPEN, Fulfilled(at=NOW)], BERLIN)
    with pytest.raises(UnjustifiedError):
        rights.fold(
            [*OPEN, Fulfilled(at=NOW, justifications=(because(Ground.IDENTITY_REQUIRED),))], BERLIN
        )


@pytest.mark.threat("T205")
def test_one_extension_is_not_strung_to_another() -> None:
    story: list[RightsEvent] = [*OPEN]
    first = extended("2026-03-30 10:00")

    for again in (first, extended("2026-05-30 10:00"), extended("2026-06-01 10:00")):
        with pytest.raises(OutOfOrderError):
            rights.fold([*story, first, again], BERLIN)


# --- a calendar without working days ---


@pytest.mark.threat("T206")
def test_a_list_of_every_day_is_no_list_of_holidays() -> None:
    every_day = frozenset(date(2026, 1, 1) + timedelta(days=count) for count in range(3_650))

    with pytest.raises(InvalidCalendarError):
        Calendar(zone=ZONE, holidays=every_day)


@pytest.mark.threat("T206")
def test_a_list_of_every_other_day_moves_a_term_by_no_more_than_a_fortnight_and_a_weekend() -> None:
    days = [date(2026, 1, 1) + timedelta(days=count) for count in range(365)]
    greedy: frozenset[date] = frozenset()
    for day in days:  # each day that is still taken
        try:
            greedy = Calendar(zone=ZONE, holidays=greedy | {day}).holidays
        except InvalidCalendarError:
            continue
    worst = Calendar(zone=ZONE, holidays=greedy)

    moved = max(worst.working_from(day) - day for day in days)

    assert timedelta(days=MAX_STILL) <= moved <= timedelta(days=MAX_STILL + 2)


# --- reasons that are none ---


@pytest.mark.threat("T207")
@pytest.mark.parametrize(
    "hollow",
    [
        "",
        "  \n\t",
        "-",
        "...",
        "\u200b\u200b",
        "\u3164",
        "\u2800",
        "\u202eyaled",
        "because\u200bof",
        "\U000e0001",
    ],
)
def test_a_reason_that_nobody_can_read_is_none(hollow: str) -> None:
    with pytest.raises(UnjustifiedError):
        Justification(ground=Ground.DELAY, text=hollow)


@pytest.mark.threat("T207")
@pytest.mark.parametrize(
    "excuse", [Ground.RISK_MITIGATED, Ground.DATA_UNREADABLE, Ground.DISPROPORTIONATE, Ground.DELAY]
)
def test_what_spares_the_persons_does_not_spare_the_authority(excuse: Ground) -> None:
    at = local(RECEIPT)

    with pytest.raises(UnjustifiedError):
        breach.fold(
            [
                Opened(at=at, aware_at=at),
                NotNotified(at=at, addressee=Addressee.AUTHORITY, justification=because(excuse)),
            ]
        )


# --- a breach that nobody was aware of ---

AWARE = local("2026-06-12 18:00")
OPENED = Opened(at=AWARE, aware_at=AWARE)


@pytest.mark.threat("T208")
def test_awareness_is_neither_put_off_nor_said_again() -> None:
    with pytest.raises(OutOfOrderError):
        breach.fold([replace(OPENED, aware_at=Instant(AWARE + 1))])
    later = Instant(AWARE + 48 * HOUR)
    with pytest.raises(OutOfOrderError):
        breach.fold([OPENED, Opened(at=later, aware_at=later)])


@pytest.mark.threat("T208")
def test_a_late_notice_is_neither_entered_earlier_nor_without_its_reason() -> None:
    late = Instant(AWARE + 73 * HOUR)
    persons = Notified(at=late, notice=BreachNotice.PERSONS)
    first = Notified(at=late, notice=BreachNotice.INITIAL)

    with pytest.raises(OutOfOrderError):
        breach.fold([OPENED, persons, replace(first, at=Instant(AWARE + HOUR))])
    with pytest.raises(UnjustifiedError):
        breach.fold([OPENED, persons, first])
    assert breach.fold([OPENED, persons]).is_overdue(late)


@pytest.mark.threat("T208")
def test_telling_part_of_it_or_the_persons_alone_does_not_stop_the_clock() -> None:
    soon, late = Instant(AWARE + HOUR), Instant(AWARE + 73 * HOUR)

    with pytest.raises(OutOfOrderError):
        breach.fold([OPENED, Notified(at=soon, notice=BreachNotice.PHASED)])
    assert breach.fold([OPENED, Notified(at=soon, notice=BreachNotice.PERSONS)]).is_overdue(late)


# --- questions to win time ---

BEGUN = OPEN[:2]


@pytest.mark.threat("T209")
def test_who_asks_after_the_first_term_who_the_person_is_has_no_more_time() -> None:
    waiting = rights.fold([*BEGUN, replace(asked(RECEIPT), at=NOW)], BERLIN)
    answer = Instant(NOW + 30 * DAY)
    back = rights.step(waiting, ActionPerformed(at=answer, came_at=answer), BERLIN)

    assert rights.is_overdue(waiting, BERLIN, NOW)
    assert rights.due(back, BERLIN, answer) == DUE


@pytest.mark.threat("T209")
def test_a_question_about_anything_else_stops_no_clock() -> None:
    waiting = rights.fold([*BEGUN, asked("2026-03-04 10:00", Ground.INFORMATION_REQUIRED)], BERLIN)

    assert rights.is_overdue(waiting, BERLIN, NOW)


@pytest.mark.threat("T209")
def test_questions_one_after_the_other_win_no_day_on_which_nobody_waited() -> None:
    story: list[RightsEvent] = [*BEGUN]
    for day in range(4, 24):  # asked each morning, answered at once
        at = local(f"2026-03-{day:02} 09:00")
        came = Instant(at + HOUR)
        story += [replace(asked(RECEIPT), at=at), ActionPerformed(at=came, came_at=came)]

    assert rights.due(rights.fold(story, BERLIN), BERLIN, NOW) == DUE


@pytest.mark.threat("T209")
def test_an_answer_that_lies_unread_does_not_lengthen_the_wait() -> None:
    came, read = local("2026-03-05 10:00"), local("2026-03-31 10:00")
    story = [*BEGUN, asked("2026-03-04 10:00"), ActionPerformed(at=read, came_at=came)]

    assert rights.due(rights.fold(story, BERLIN), BERLIN, NOW) == end_of("2026-04-07")
