"""Rights requests: waiting for who the person is, and extension."""

from dataclasses import replace

import pytest

from sealhold.model.errors import OutOfOrderError, TermOverError, UnjustifiedError
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.justifications import (
    EXTENDING,
    Ground,
)
from sealhold.policy.rights import due, fold, is_overdue
from sealhold.policy.rights_events import (
    ActionPerformed,
    ActionRequired,
    Extended,
    Fulfilled,
    Rejected,
    RightsEvent,
    RightsState,
)
from tests.unit.rights_stories import (
    BERLIN,
    accepted,
    acknowledged,
    answered,
    asked,
    because,
    end_of,
    extended,
    local,
    received,
)

S = RightsState
RECEIPT = "2026-03-02 10:00"  # a Monday; due on Thursday, 2 April
BEGUN: list[RightsEvent] = [received(RECEIPT), acknowledged(RECEIPT)]
DUE = end_of("2026-04-02")
LATE = Instant(DUE + 1)
AFTER = Instant(DUE + 400 * DAY)


def due_of(events: list[RightsEvent], now: Instant = AFTER) -> Instant:
    return due(fold(events, BERLIN), BERLIN, now)


# --- who the person is ---


@pytest.mark.parametrize(
    ("question", "answer", "last"),
    [
        ("2026-03-04 10:00", "2026-03-04 18:00", "2026-04-02"),  # on the same day
        ("2026-03-04 23:59", "2026-03-05 00:01", "2026-04-07"),  # a day: Good Friday, and Easter
        ("2026-03-04 10:00", "2026-03-18 10:00", "2026-04-16"),
        ("2026-03-30 10:00", "2026-04-10 09:00", "2026-04-13"),  # over the end of the term
        ("2026-03-30 10:00", "2026-04-08 09:00", "2026-04-13"),  # to a Saturday
        ("2026-04-02 23:59", "2026-05-02 09:00", "2026-05-04"),  # asked on the last day; a Saturday
        ("2026-03-28 10:00", "2026-03-30 10:00", "2026-04-07"),  # over the change of the clocks
    ],
)
def test_waiting_for_who_the_person_is_is_added_day_for_day(
    question: str, answer: str, last: str
) -> None:
    assert due_of([*BEGUN, asked(question), answered(answer)]) == end_of(last)


def test_while_the_term_stands_still_it_does_not_run_out() -> None:
    waiting = fold([*BEGUN, asked("2026-03-30 10:00")], BERLIN)

    assert due(waiting, BERLIN, local("2026-03-30 12:00")) == DUE
    assert due(waiting, BERLIN, local("2026-04-20 12:00")) == end_of("2026-04-23")
    assert not is_overdue(waiting, BERLIN, AFTER)


def test_before_the_question_the_term_is_as_if_there_were_none() -> None:
    waiting = fold([*BEGUN, asked("2026-03-30 10:00")], BERLIN)

    assert due(waiting, BERLIN, local("2026-03-20 10:00")) == DUE


def test_a_question_after_the_first_term_stops_nothing() -> None:
    just_in_time = ActionRequired(at=DUE, justification=because(Ground.IDENTITY_REQUIRED))

    assert not is_overdue(fold([*BEGUN, just_in_time], BERLIN), BERLIN, AFTER)
    assert is_overdue(fold([*BEGUN, replace(just_in_time, at=LATE)], BERLIN), BERLIN, LATE)


def test_a_question_after_the_first_term_stops_nothing_in_an_extended_one() -> None:
    story: list[RightsEvent] = [*BEGUN, extended("2026-04-01 10:00"), asked("2026-04-08 10:00")]

    assert due_of([*story, answered("2026-04-20 10:00")]) == end_of("2026-06-02")


def test_asking_for_more_than_who_the_person_is_stops_nothing() -> None:
    story: list[RightsEvent] = [*BEGUN, asked("2026-03-04 10:00", Ground.INFORMATION_REQUIRED)]

    assert due_of(story) == DUE
    assert due_of([*story, answered("2026-03-18 10:00")]) == DUE


def test_two_waits_add_up_and_the_second_is_asked_for_within_the_term_as_it_then_is() -> None:
    once: list[RightsEvent] = [*BEGUN, asked("2026-03-04 10:00"), answered("2026-03-18 10:00")]
    twice = [*once, asked("2026-04-16 10:00"), answered("2026-04-17 10:00")]

    assert due_of(once) == end_of("2026-04-16")
    assert due_of(twice) == end_of("2026-04-17")


@pytest.mark.parametrize("came", ["2026-03-03 23:00", "2026-03-18 12:01"])
def test_an_answer_comes_after_its_question_and_before_its_entry(came: str) -> None:
    late_entry = ActionPerformed(at=local("2026-03-18 12:00"), came_at=local(came))

    with pytest.raises(OutOfOrderError):
        fold([*BEGUN, asked("2026-03-04 10:00"), late_entry], BERLIN)


def test_an_answer_counts_from_when_it_came_and_not_from_its_entry() -> None:
    late_entry = ActionPerformed(at=local("2026-03-25 12:00"), came_at=local("2026-03-18 12:00"))

    assert due_of([*BEGUN, asked("2026-03-04 10:00"), late_entry]) == end_of("2026-04-16")


def test_a_person_who_never_says_who_they_are_can_be_refused_without_a_reason_for_delay() -> None:
    refusal = Rejected(
        at=local("2026-05-20 10:00"), justifications=(because(Ground.IDENTITY_FAILURE),)
    )

    standing = fold([*BEGUN, asked("2026-03-04 10:00"), refusal], BERLIN)

    assert standing.state is S.REJECTED
    assert due(standing, BERLIN, AFTER) == end_of("2026-06-18")  # 77 days after 2 April


# --- extension ---


def test_an_extension_makes_it_three_months_from_the_receipt() -> None:
    assert due_of([*BEGUN, extended("2026-03-20 10:00")]) == end_of("2026-06-02")


def test_an_extension_on_the_last_millisecond_is_in_time_and_one_later_is_refused() -> None:
    last = Extended(at=DUE, noticed_at=DUE, justification=because(Ground.HIGH_VOLUME))

    assert due_of([*BEGUN, last]) == end_of("2026-06-02")
    with pytest.raises(TermOverError):
        fold([*BEGUN, replace(last, at=LATE)], BERLIN)


def test_a_request_is_extended_once() -> None:
    with pytest.raises(OutOfOrderError):
        fold([*BEGUN, extended("2026-03-20 10:00"), extended("2026-03-21 10:00")], BERLIN)


@pytest.mark.parametrize("noticed", ["2026-03-02 09:59", "2026-03-20 10:01"])
def test_the_notice_of_an_extension_lies_between_receipt_and_entry(noticed: str) -> None:
    with pytest.raises(OutOfOrderError):
        fold([*BEGUN, replace(extended("2026-03-20 10:00"), noticed_at=local(noticed))], BERLIN)


@pytest.mark.parametrize("ground", sorted(set(Ground) - EXTENDING))
def test_only_complexity_and_number_extend(ground: Ground) -> None:
    with pytest.raises(UnjustifiedError):
        fold([*BEGUN, extended("2026-03-20 10:00", ground)], BERLIN)


def test_what_was_suspended_and_extended_has_three_months_and_the_days_of_waiting() -> None:
    story: list[RightsEvent] = [
        *BEGUN,
        asked("2026-03-30 10:00"),
        extended("2026-04-08 10:00"),  # the first term stands still, so it is not over
        answered("2026-04-10 10:00"),
    ]

    assert due_of(story) == end_of("2026-06-15")  # 2 June and 11 days are a Saturday


def test_an_extension_changes_no_state_and_a_closed_request_is_not_extended() -> None:
    assert fold([*BEGUN, extended("2026-03-20 10:00")], BERLIN).state is S.ACKNOWLEDGED
    closed = [*BEGUN, accepted(RECEIPT), Fulfilled(at=local(RECEIPT))]
    with pytest.raises(OutOfOrderError):
        fold([*closed, extended("2026-03-20 10:00")], BERLIN)
