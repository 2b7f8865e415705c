"""Breaches: 72 hours whatever the calendar says, and what the events of an entry come to."""

from dataclasses import replace

import pytest

from sealhold.model.errors import OutOfOrderError, UnjustifiedError
from sealhold.model.quantities import HOUR, Instant
from sealhold.policy.breach import (
    Addressee,
    BreachEvent,
    BreachNotice,
    Closed,
    Notified,
    NotNotified,
    Opened,
    Reopened,
    Told,
    fold,
)
from sealhold.policy.justifications import SPARING_AUTHORITY, SPARING_PERSONS, Ground
from tests.unit.rights_stories import because, local

AWARE = local("2026-03-27 20:00")  # a Friday; clocks go forward on Sunday
OPENED = Opened(at=Instant(AWARE + HOUR), aware_at=AWARE)
DUE = Instant(AWARE + 72 * HOUR)
LATE = Instant(DUE + 1)
SOON = Instant(AWARE + 2 * HOUR)

TO_AUTHORITY = Notified(at=SOON, notice=BreachNotice.INITIAL)
PHASE = Notified(at=SOON, notice=BreachNotice.PHASED)
TO_PERSONS = Notified(at=SOON, notice=BreachNotice.PERSONS)
DELAY = because(Ground.BREACH_DELAY)


def spared(addressee: Addressee, ground: Ground = Ground.RISK_UNLIKELY) -> NotNotified:
    return NotNotified(at=SOON, addressee=addressee, justification=because(ground))


@pytest.mark.parametrize(
    ("aware", "due"),
    [
        ("2026-06-09 10:00", "2026-06-12 10:00"),
        ("2026-06-12 18:30", "2026-06-15 18:30"),  # over a weekend
        ("2026-04-02 20:00", "2026-04-05 20:00"),  # into Easter Sunday
        ("2026-03-27 20:00", "2026-03-30 21:00"),  # clocks go forward
        ("2026-10-23 20:00", "2026-10-26 19:00"),  # clocks go back
        ("2026-12-30 12:00", "2027-01-02 12:00"),
    ],
)
def test_seventy_two_hours_run_on_through_weekends_holidays_and_clock_changes(
    aware: str, due: str
) -> None:
    assert fold([Opened(at=local(aware), aware_at=local(aware))]).due == local(due)


def test_an_entry_is_overdue_after_the_term_until_the_authority_is_told_or_spared() -> None:
    assert not fold([OPENED]).is_overdue(DUE)
    assert fold([OPENED]).is_overdue(LATE)
    assert fold([OPENED, TO_PERSONS]).is_overdue(LATE)
    assert not fold([OPENED, TO_AUTHORITY]).is_overdue(LATE)
    assert not fold([OPENED, spared(Addressee.AUTHORITY)]).is_overdue(LATE)


def test_a_notice_on_the_last_millisecond_is_in_time_and_a_later_one_says_why() -> None:
    assert not fold([OPENED, replace(TO_AUTHORITY, at=DUE)]).late
    with pytest.raises(UnjustifiedError):
        fold([OPENED, replace(TO_AUTHORITY, at=LATE)])
    assert fold([OPENED, replace(TO_AUTHORITY, at=LATE, justification=DELAY)]).late


@pytest.mark.parametrize("ground", sorted(set(Ground) - {Ground.BREACH_DELAY}))
def test_a_late_notice_has_the_ground_of_delay_and_no_other(ground: Ground) -> None:
    with pytest.raises(UnjustifiedError):
        fold([OPENED, replace(TO_AUTHORITY, at=LATE, justification=because(ground))])


@pytest.mark.parametrize("notice", [PHASE, TO_PERSONS])
def test_a_further_notice_has_no_term_and_takes_no_justification(notice: Notified) -> None:
    assert fold([OPENED, TO_AUTHORITY, replace(notice, at=LATE)]).authority is Told.NOTIFIED
    with pytest.raises(UnjustifiedError):
        fold([OPENED, TO_AUTHORITY, replace(notice, at=LATE, justification=DELAY)])


@pytest.mark.parametrize("ground", Ground)
def test_who_is_not_told_decides_which_grounds_carry_it(ground: Ground) -> None:
    for addressee, grounds in (
        (Addressee.AUTHORITY, SPARING_AUTHORITY),
        (Addressee.PERSONS, SPARING_PERSONS),
    ):
        if ground in grounds:
            fold([OPENED, spared(addressee, ground)])
        else:
            with pytest.raises(UnjustifiedError):
                fold([OPENED, spared(addressee, ground)])


def test_that_a_risk_was_mitigated_spares_the_persons_and_not_the_authority() -> None:
    assert Ground.RISK_MITIGATED in SPARING_PERSONS
    assert frozenset({Ground.RISK_UNLIKELY}) == SPARING_AUTHORITY


def test_persons_are_told_as_often_as_need_be_and_the_authority_first_once() -> None:
    standing = fold([OPENED, TO_AUTHORITY, TO_PERSONS, PHASE, TO_PERSONS, PHASE])

    assert standing.authority is standing.persons is Told.NOTIFIED
    with pytest.raises(OutOfOrderError):
        fold([OPENED, TO_AUTHORITY, TO_AUTHORITY])


@pytest.mark.parametrize(
    "story",
    [
        [],
        [TO_AUTHORITY],
        [OPENED, OPENED],
        [replace(OPENED, aware_at=Instant(OPENED.at + 1))],
        [replace(OPENED, aware_at=Instant(-1))],
        [OPENED, replace(TO_AUTHORITY, at=Instant(OPENED.at - 1))],
        [OPENED, PHASE],
        [OPENED, spared(Addressee.AUTHORITY), PHASE],
        [OPENED, TO_AUTHORITY, spared(Addressee.AUTHORITY)],
        [OPENED, TO_PERSONS, spared(Addressee.PERSONS)],
        [OPENED, spared(Addressee.PERSONS), spared(Addressee.PERSONS, Ground.RISK_MITIGATED)],
        [OPENED, Reopened(at=SOON)],
        [OPENED, Closed(at=SOON)],
        [OPENED, TO_AUTHORITY, Closed(at=SOON)],
        [OPENED, spared(Addressee.PERSONS), Closed(at=SOON)],
        [OPENED, TO_AUTHORITY, TO_PERSONS, Closed(at=SOON), PHASE],
        [OPENED, TO_AUTHORITY, TO_PERSONS, Closed(at=SOON), Closed(at=SOON)],
    ],
)
def test_what_may_not_follow_is_refused(story: list[BreachEvent]) -> None:
    with pytest.raises(OutOfOrderError):
        fold(story)


@pytest.mark.parametrize("authority", [TO_AUTHORITY, spared(Addressee.AUTHORITY)])
@pytest.mark.parametrize("persons", [TO_PERSONS, spared(Addressee.PERSONS)])
def test_an_entry_closes_when_authority_and_persons_are_told_or_spared(
    authority: BreachEvent, persons: BreachEvent
) -> None:
    assert fold([OPENED, authority, persons, Closed(at=SOON)]).is_closed


def test_what_comes_to_light_later_opens_an_entry_again_and_its_term_stays() -> None:
    closed: list[BreachEvent] = [
        OPENED,
        spared(Addressee.AUTHORITY),
        spared(Addressee.PERSONS),
        Closed(at=SOON),
    ]
    told: list[BreachEvent] = [
        *closed,
        Reopened(at=LATE),
        replace(TO_AUTHORITY, at=LATE, justification=DELAY),
        replace(TO_PERSONS, at=LATE),
        Closed(at=LATE),
    ]

    standing = fold(told)

    assert standing.is_closed
    assert standing.late
    assert standing.due == DUE
    assert standing.authority is standing.persons is Told.NOTIFIED
