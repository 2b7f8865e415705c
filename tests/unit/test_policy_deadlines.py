"""The law's calendar: the table of terms, and days on which clocks are moved."""

import struct
from datetime import date, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest

from sealhold.model.errors import InvalidCalendarError
from sealhold.policy.deadlines import Calendar, last_day, months_after
from tests.unit.rights_stories import BERLIN, local, utc


def day(text: str) -> date:
    return date.fromisoformat(text)


def zone_of(rule: bytes) -> ZoneInfo:
    """Return the zone of a POSIX rule, by a file of RFC 8536 that holds nothing else."""
    block = b"TZif2" + bytes(15) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + bytes(6) + b"AAA\0"
    return ZoneInfo.from_file(BytesIO(block + block + b"\n" + rule + b"\n"), "made")


@pytest.mark.parametrize(
    ("received", "last"),
    [
        ("2026-03-04", "2026-04-07"),  # the 4th is a Saturday, then Easter
        ("2026-06-10", "2026-07-10"),  # as it mostly is
        ("2026-08-31", "2026-09-30"),  # a 31st before a month of 30 days
        ("2026-07-31", "2026-08-31"),  # and before one of 31
        ("2025-01-31", "2025-02-28"),
        ("2025-01-30", "2025-02-28"),
        ("2025-01-29", "2025-02-28"),
        ("2025-01-28", "2025-02-28"),
        ("2024-01-31", "2024-02-29"),
        ("2024-01-30", "2024-02-29"),
        ("2024-01-29", "2024-02-29"),
        ("2024-02-29", "2024-03-29"),  # of a day number that comes back
        ("2025-12-31", "2026-02-02"),  # over the year, and a Saturday
        ("2026-01-31", "2026-03-02"),  # the last of February is a Saturday
        ("2026-10-22", "2026-11-23"),  # a Sunday
        ("2026-04-01", "2026-05-04"),  # a holiday before a weekend
        ("2026-03-05", "2026-04-07"),  # a Sunday before a holiday
        ("2026-03-03", "2026-04-07"),  # a holiday, a weekend, a holiday
        ("2026-11-25", "2026-12-28"),  # two holidays, one of them a Saturday, and a Sunday
        ("2026-09-03", "2026-10-05"),  # a holiday that is a Saturday counts once
    ],
)
def test_a_month_ends_on_the_day_of_that_number_or_the_next_working_day(
    received: str, last: str
) -> None:
    assert last_day(day(received), 1, 0, BERLIN) == day(last)


@pytest.mark.parametrize(
    ("received", "last"),
    [
        ("2026-06-10", "2026-09-10"),
        ("2025-11-30", "2026-03-02"),  # the last of February is a Saturday
        ("2023-11-30", "2024-02-29"),
        ("2024-11-29", "2025-02-28"),
        ("2026-02-01", "2026-05-04"),  # a holiday before a weekend
        ("2025-10-31", "2026-02-02"),
    ],
)
def test_three_months_end_by_the_same_rule(received: str, last: str) -> None:
    assert last_day(day(received), 3, 0, BERLIN) == day(last)


def test_three_months_are_counted_from_the_receipt_and_not_month_by_month() -> None:
    assert months_after(day("2025-01-31"), 3) == day("2025-04-30")
    assert months_after(months_after(day("2025-01-31"), 1), 2) == day("2025-04-28")


def test_a_working_day_elsewhere_may_be_a_holiday_here() -> None:
    elsewhere = Calendar(zone=ZoneInfo("Europe/Paris"), holidays=frozenset({day("2026-07-14")}))

    assert last_day(day("2026-06-14"), 1, 0, elsewhere) == day("2026-07-15")
    assert last_day(day("2026-06-14"), 1, 0, BERLIN) == day("2026-07-14")


def test_days_of_suspension_are_added_before_the_weekend_is_looked_at() -> None:
    # The month ends on Saturday, 28 February: one day more is the Sunday, not the Tuesday.
    assert last_day(day("2026-01-31"), 1, 1, BERLIN) == day("2026-03-02")
    assert last_day(day("2026-01-31"), 1, 3, BERLIN) == day("2026-03-03")


@pytest.mark.parametrize(
    ("zone", "received_on"),
    [
        ("Europe/Berlin", "2026-04-01"),
        ("Europe/Lisbon", "2026-03-31"),
        ("America/Los_Angeles", "2026-03-31"),
        ("Pacific/Kiritimati", "2026-04-01"),
    ],
)
def test_the_day_of_receipt_is_that_of_the_controllers_place(zone: str, received_on: str) -> None:
    received = utc("2026-03-31T22:30:00+00:00")

    assert Calendar(zone=ZoneInfo(zone)).day_of(received) == day(received_on)


def test_one_millisecond_before_midnight_is_the_day_before() -> None:
    midnight = local("2026-06-11 00:00")

    assert BERLIN.day_of(midnight) == day("2026-06-11")
    assert BERLIN.day_of(type(midnight)(midnight - 1)) == day("2026-06-10")


@pytest.mark.parametrize(
    ("zone", "on", "last"),
    [
        ("Europe/Berlin", "2026-03-27", "2026-03-27T22:59:59.999+00:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T21:59:59.999+00:00"),  # a day of 23 hours
        ("Europe/Berlin", "2026-04-30", "2026-04-30T21:59:59.999+00:00"),
        ("Europe/Berlin", "2026-10-25", "2026-10-25T22:59:59.999+00:00"),  # a day of 25 hours
        ("Asia/Kathmandu", "2026-06-10", "2026-06-10T18:14:59.999+00:00"),
        # midnight is skipped: the day ends where the clock jumps
        ("Africa/Cairo", "2026-04-23", "2026-04-23T21:59:59.999+00:00"),
        ("America/Havana", "2026-03-07", "2026-03-08T04:59:59.999+00:00"),
        ("America/Toronto", "1919-03-30", "1919-03-31T04:29:59.999+00:00"),  # from 23:30 to 0:30
        # the last hour comes twice: the day ends after the second
        ("Africa/Cairo", "2026-10-29", "2026-10-29T21:59:59.999+00:00"),
        ("America/St_Johns", "2010-11-06", "2010-11-07T03:29:59.999+00:00"),  # from 0:01 to 23:01
        # the first hour of the next day comes twice: the day ends before the first
        ("America/Havana", "2026-10-31", "2026-11-01T03:59:59.999+00:00"),
        # a day that was left out
        ("Pacific/Apia", "2011-12-29", "2011-12-30T09:59:59.999+00:00"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T09:59:59.999+00:00"),
    ],
)
def test_a_day_ends_with_its_last_millisecond_on_the_clocks_there(
    zone: str, on: str, last: str
) -> None:
    assert Calendar(zone=ZoneInfo(zone)).last_of(day(on)) == utc(last)


def test_the_last_hour_may_come_again_from_any_minute() -> None:
    # Clocks are set back from 0:45 to 23:45: midnight strikes twice, and the second counts.
    made = zone_of(b"AAA0BBB,M3.5.0/2,M10.5.0/0:45")

    assert Calendar(zone=made).last_of(day("2026-10-24")) == utc("2026-10-24T23:59:59.999+00:00")
    assert Calendar(zone=made).last_of(day("2026-10-23")) == utc("2026-10-23T22:59:59.999+00:00")


def test_a_listed_day_has_a_working_day_in_the_fortnight_after_it() -> None:
    # From Thursday, 24 December, to Thursday, 7 January, no day but one is a working day.
    still = frozenset(day("2026-12-24") + timedelta(days=count) for count in range(15))

    Calendar(zone=BERLIN.zone, holidays=still - {day("2027-01-07")})
    with pytest.raises(InvalidCalendarError):
        Calendar(zone=BERLIN.zone, holidays=still)


def test_the_closing_days_of_an_institution_over_the_turn_of_the_year_are_taken() -> None:
    closed = frozenset(day("2026-12-24") + timedelta(days=count) for count in range(10))

    assert last_day(day("2026-11-24"), 1, 0, Calendar(zone=BERLIN.zone, holidays=closed)) == day(
        "2027-01-04"
    )
