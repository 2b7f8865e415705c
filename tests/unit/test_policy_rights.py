"""Rights requests: what may follow what, when a warning is due, and what closes them."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from sealhold.model.errors import OutOfOrderError, UnjustifiedError
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.deadlines import Calendar
from sealhold.policy.justifications import (
    ASKING,
    DELAYING,
    REFUSING,
    REFUSING_ERASURE,
    Ground,
    Justification,
)
from sealhold.policy.rights import Urgency, days_left, due, fold, is_overdue, step, urgency
from sealhold.policy.rights_events import (
    CLOSED,
    EDGES,
    ActionDelayed,
    Fulfilled,
    Initiated,
    Rejected,
    Right,
    RightsEvent,
    RightsState,
    Unfulfilled,
)
from tests.unit.rights_stories import (
    BERLIN,
    accepted,
    acknowledged,
    asked,
    because,
    end_of,
    extended,
    leading_to,
    local,
    received,
    to_acceptance,
    utc,
)

S = RightsState
RECEIPT = "2026-03-02 10:00"  # a Monday; due on Thursday, 2 April
BEGUN: list[RightsEvent] = [received(RECEIPT), acknowledged(RECEIPT)]
DUE = end_of("2026-04-02")
LATE = Instant(DUE + 1)
AFTER = Instant(DUE + 400 * DAY)


# --- what may follow what ---


WAY_TO = {
    S.INITIATED: (S.INITIATED,),
    S.ACKNOWLEDGED: (S.INITIATED, S.ACKNOWLEDGED),
    S.REQUIRES_ACTION: (S.INITIATED, S.ACKNOWLEDGED, S.REQUIRES_ACTION),
    S.ACTION_PERFORMED: (S.INITIATED, S.ACKNOWLEDGED, S.REQUIRES_ACTION, S.ACTION_PERFORMED),
    S.ACCEPTED: (S.INITIATED, S.ACKNOWLEDGED, S.ACCEPTED),
    S.REJECTED: (S.INITIATED, S.ACKNOWLEDGED, S.REJECTED),
    S.DELAYED: (S.INITIATED, S.ACKNOWLEDGED, S.ACCEPTED, S.DELAYED),
    S.FULFILLED: (S.INITIATED, S.ACKNOWLEDGED, S.ACCEPTED, S.FULFILLED),
    S.UNFULFILLED: (S.INITIATED, S.ACKNOWLEDGED, S.ACCEPTED, S.UNFULFILLED),
}
MAY_FOLLOW = {
    (S.INITIATED, S.ACKNOWLEDGED),
    (S.ACKNOWLEDGED, S.REQUIRES_ACTION),
    (S.ACKNOWLEDGED, S.ACCEPTED),
    (S.ACKNOWLEDGED, S.REJECTED),
    (S.REQUIRES_ACTION, S.ACTION_PERFORMED),
    (S.REQUIRES_ACTION, S.REJECTED),
    (S.ACTION_PERFORMED, S.REQUIRES_ACTION),
    (S.ACTION_PERFORMED, S.ACCEPTED),
    (S.ACTION_PERFORMED, S.REJECTED),
    (S.ACCEPTED, S.DELAYED),
    (S.ACCEPTED, S.FULFILLED),
    (S.ACCEPTED, S.UNFULFILLED),
    (S.DELAYED, S.FULFILLED),
    (S.DELAYED, S.UNFULFILLED),
}


@pytest.mark.parametrize("after", S)
@pytest.mark.parametrize("before", S)
def test_a_state_follows_where_the_table_says_and_nowhere_else(
    before: RightsState, after: RightsState
) -> None:
    story = [leading_to(state, local(RECEIPT)) for state in WAY_TO[before]]
    standing = fold(story, BERLIN)
    assert standing.state is before

    if (before, after) in MAY_FOLLOW:
        assert step(standing, leading_to(after, local(RECEIPT)), BERLIN).state is after
    else:
        with pytest.raises(OutOfOrderError):
            step(standing, leading_to(after, local(RECEIPT)), BERLIN)


def test_three_states_close_and_every_other_leads_on() -> None:
    assert {S.REJECTED, S.FULFILLED, S.UNFULFILLED} == CLOSED
    assert EDGES.keys() == set(S)


@pytest.mark.parametrize("first", [None, acknowledged(RECEIPT), extended(RECEIPT)])
def test_a_story_begins_with_the_receipt(first: RightsEvent | None) -> None:
    with pytest.raises(OutOfOrderError):
        fold([] if first is None else [first], BERLIN)


def test_a_request_that_came_on_saturday_and_was_entered_on_monday_counts_from_saturday() -> None:
    entered, came = local("2026-06-15 09:00"), local("2026-06-13 23:00")
    story = [Initiated(at=entered, received_at=came, right=Right.ACCESS)]

    assert due(fold(story, BERLIN), BERLIN, AFTER) == end_of("2026-07-13")


@pytest.mark.parametrize("received_at", [-1, local(RECEIPT) + 1])
def test_a_receipt_is_neither_after_its_entry_nor_before_all_time(received_at: int) -> None:
    with pytest.raises(OutOfOrderError):
        fold([replace(received(RECEIPT), received_at=Instant(received_at))], BERLIN)


# --- due ---


@pytest.mark.parametrize(
    ("zone", "receipt", "last"),
    [
        ("Europe/Berlin", "2026-03-31T22:30:00+00:00", "2026-05-01T21:59:59.999+00:00"),
        ("Europe/London", "2026-03-31T22:30:00+00:00", "2026-04-30T22:59:59.999+00:00"),
        # over the change to summer time and over the one back
        ("Europe/Berlin", "2026-03-02T09:00:00+00:00", "2026-04-02T21:59:59.999+00:00"),
        ("Europe/Berlin", "2026-10-02T09:00:00+00:00", "2026-11-02T22:59:59.999+00:00"),
        # the last day begins an hour late, and has an hour twice
        ("Africa/Cairo", "2026-03-24T09:00:00+00:00", "2026-04-24T20:59:59.999+00:00"),
        ("Africa/Cairo", "2026-09-29T09:00:00+00:00", "2026-10-29T21:59:59.999+00:00"),
    ],
)
def test_it_is_due_at_the_end_of_the_last_day_on_the_clocks_of_the_place(
    zone: str, receipt: str, last: str
) -> None:
    calendar = Calendar(zone=ZoneInfo(zone))
    story = [Initiated(at=utc(receipt), received_at=utc(receipt), right=Right.ACCESS)]

    assert due(fold(story, calendar), calendar, AFTER) == utc(last)


def test_it_is_in_time_until_the_last_millisecond() -> None:
    standing = fold(to_acceptance(RECEIPT, RECEIPT), BERLIN)

    assert not is_overdue(standing, BERLIN, DUE)
    assert is_overdue(standing, BERLIN, LATE)


@pytest.mark.parametrize(
    ("now", "urgent"),
    [
        ("2026-03-22 23:59", Urgency.NONE),
        ("2026-03-23 00:00", Urgency.TEN_DAYS),
        ("2026-03-29 23:59", Urgency.TEN_DAYS),
        ("2026-03-30 00:00", Urgency.THREE_DAYS),
        ("2026-04-01 23:59", Urgency.THREE_DAYS),
        ("2026-04-02 00:00", Urgency.LAST_DAY),
        ("2026-04-02 23:59", Urgency.LAST_DAY),
        ("2026-04-03 00:00", Urgency.OVERDUE),
    ],
)
def test_warnings_come_ten_three_and_no_days_before_the_end(now: str, urgent: Urgency) -> None:
    assert urgency(fold(BEGUN, BERLIN), BERLIN, local(now)) is urgent


def test_days_are_left_until_the_last_day_and_then_fall_below_none() -> None:
    standing = fold(BEGUN, BERLIN)

    assert days_left(standing, BERLIN, local(RECEIPT)) == 31
    assert days_left(standing, BERLIN, local("2026-04-05 12:00")) == -3


def test_what_is_closed_is_neither_urgent_nor_overdue() -> None:
    closed = fold([*BEGUN, accepted(RECEIPT), Fulfilled(at=DUE)], BERLIN)

    assert closed.is_closed
    assert urgency(closed, BERLIN, AFTER) is Urgency.NONE
    assert not is_overdue(closed, BERLIN, AFTER)


# --- justifications ---


@pytest.mark.parametrize("ground", Ground)
def test_a_question_and_a_delay_have_their_own_grounds(ground: Ground) -> None:
    question = asked("2026-03-04 10:00", ground)
    delay = ActionDelayed(at=local("2026-03-04 10:00"), justification=because(ground))

    for story, grounds in (
        ([*BEGUN, question], ASKING),
        ([*BEGUN, accepted(RECEIPT), delay], DELAYING),
    ):
        if ground in grounds:
            fold(story, BERLIN)
        else:
            with pytest.raises(UnjustifiedError):
                fold(story, BERLIN)


@pytest.mark.parametrize("right", Right)
@pytest.mark.parametrize("ground", Ground)
def test_a_refusal_has_a_ground_that_fits_the_right(ground: Ground, right: Right) -> None:
    begun: list[RightsEvent] = [received(RECEIPT, right), acknowledged(RECEIPT)]
    grounds = REFUSING_ERASURE if right is Right.ERASURE else REFUSING
    at, given = local("2026-03-04 10:00"), (because(ground),)

    for story in (
        [*begun, Rejected(at=at, justifications=given)],
        [*begun, accepted(RECEIPT), Unfulfilled(at=at, justifications=given)],
    ):
        if ground in grounds:
            assert fold(story, BERLIN).is_closed
        else:
            with pytest.raises(UnjustifiedError):
                fold(story, BERLIN)


def test_a_refusal_without_a_ground_is_refused() -> None:
    with pytest.raises(UnjustifiedError):
        fold([*BEGUN, Rejected(at=local(RECEIPT), justifications=())], BERLIN)


def test_what_is_overdue_is_closed_only_with_a_justification_of_the_delay() -> None:
    story = [*BEGUN, accepted(RECEIPT)]
    delay, refusal = because(Ground.DELAY), because(Ground.LEGAL_CLAIM)

    assert fold([*story, Fulfilled(at=DUE)], BERLIN).is_closed
    for closing in (Fulfilled(at=LATE), Unfulfilled(at=LATE, justifications=(refusal,))):
        with pytest.raises(UnjustifiedError):
            fold([*story, closing], BERLIN)
        said = replace(closing, justifications=(*closing.justifications, delay))
        assert fold([*story, said], BERLIN).is_closed


def test_what_was_done_is_not_closed_with_a_ground_of_refusal() -> None:
    done = Fulfilled(at=local(RECEIPT), justifications=(because(Ground.EXCESSIVE),))

    with pytest.raises(UnjustifiedError):
        fold([*BEGUN, accepted(RECEIPT), done], BERLIN)


def test_a_text_of_a_justification_may_have_lines_and_has_an_end() -> None:
    Justification(ground=Ground.DELAY, text="two archives on paper,\neach in another town")
    Justification(ground=Ground.DELAY, text="x" * 4_000)
    with pytest.raises(UnjustifiedError):
        Justification(ground=Ground.DELAY, text="x" * 4_001)
