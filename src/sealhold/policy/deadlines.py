"""The law's calendar: how long a term of months is, and when its last day ends.

- A term ends on the day of the same number in the month it leads to, or on that month's last day.
- Days for which it was suspended are added first; then a Saturday, a Sunday or a listed holiday
  gives way to the next working day.
- A day ends with its last millisecond on the clocks of the place, however often they were moved.
- What is due at an instant is in time at that instant, and late from the next millisecond on.

Source: docs/spec/23-deadlines.md sections 1 and 2; Regulation (EEC, Euratom) No 1182/71, article 3.
"""

from bisect import bisect_left
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sealhold.model.errors import InvalidCalendarError
from sealhold.model.quantities import Instant, utc

MAX_STILL: Final = 14  # days from a listed holiday to the next working day
_ONE_DAY: Final = timedelta(days=1)
_WORKING_WEEK: Final = 5  # Monday to Friday
_START: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The days of a controller: the time zone of its place, and the public holidays there.

    Raises:
        InvalidCalendarError: a listed day has no working day in the `MAX_STILL` days after it.
    """

    zone: ZoneInfo
    holidays: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        # THREAT T206: a list with every day in it would be a term without an end.
        for day in self.holidays:
            after = (day + timedelta(days=days) for days in range(1, MAX_STILL + 1))
            if not any(self.is_working(one) for one in after):
                raise InvalidCalendarError(f"no working day in {MAX_STILL} days after {day}")

    def day_of(self, at: Instant) -> date:
        """Return the day that it is at `at` in this place."""
        return utc(at).astimezone(self.zone).date()

    def is_working(self, day: date) -> bool:
        """Return whether `day` is neither a Saturday, nor a Sunday, nor a listed holiday."""
        return day.weekday() < _WORKING_WEEK and day not in self.holidays

    def working_from(self, day: date) -> date:
        """Return `day`, or the first working day after it."""
        while not self.is_working(day):
            day += _ONE_DAY
        return day

    def last_of(self, day: date) -> Instant:
        """Return the last millisecond of `day` in this place.

        A midnight that clocks skip, or strike twice, has two readings; the day ends at one of them
        or between them.
        """
        midnight = datetime.combine(day + _ONE_DAY, time(), self.zone)
        early, late = sorted(_instant(midnight.replace(fold=fold)) for fold in (0, 1))
        if self.day_of(Instant(late - 1)) <= day:
            return Instant(late - 1)
        between = range(early, late + 1)
        over = bisect_left(between, x=True, key=lambda at: self.day_of(Instant(at)) > day)
        return Instant(between[over] - 1)


def months_after(day: date, months: int) -> date:
    """Return the day of the same number `months` later, or the last day of a month without it."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def last_day(received: date, months: int, suspended: int, calendar: Calendar) -> date:
    """Return the day on which a term ends that began with `received`.

    `suspended` is for how many days the term stood still.
    """
    return calendar.working_from(months_after(received, months) + timedelta(days=suspended))


def _instant(at: datetime) -> int:
    return (at - _START) // timedelta(milliseconds=1)
