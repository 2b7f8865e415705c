"""The local time of a meter, and the days that its readings belong to.

- A day is the meter's own: 23 or 25 hours long when its clocks change.

Source: docs/spec/42-places-and-bodies.md section 9; ESPI (NAESB REQ.21).
"""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

NO_RULE = 0xFFFFFFFF
_NTH = range(2, 7)  # operators: the first to the fifth such day of the week
_LAST = 7


@dataclass(frozen=True, slots=True)
class MeterClock:
    """The local time of a meter, as ESPI tells it."""

    standard: int  # seconds east of UTC in winter
    summer: int  # seconds added in summer
    begins: int  # rule of the year's beginning of summer time, in the bits of ESPI
    ends: int

    def offset(self, at: int) -> int:
        """Return the seconds east of UTC at an instant, seconds since 1970."""
        year = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at + self.standard)).year
        begin, end = (moment_of(rule, year) for rule in (self.begins, self.ends))
        if begin is None or end is None:
            return self.standard
        begin, end = begin - self.standard, end - self.standard - self.summer
        is_summer = begin <= at < end if begin < end else at >= begin or at < end
        return self.standard + (self.summer if is_summer else 0)

    def day(self, at: int) -> date:
        """Return the local day of an instant."""
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=at + self.offset(at))).date()

    def hours(self, day: date) -> float:
        """Return how long a local day is."""
        return (self.midnight(day + timedelta(days=1)) - self.midnight(day)) / 3600

    def midnight(self, day: date) -> int:
        """Return when a local day begins, seconds since 1970."""
        local = calendar.timegm(day.timetuple())
        first = local - self.offset(local - self.standard)
        return local - self.offset(first)


def moment_of(rule: int, year: int) -> int | None:
    """Return the local time that a rule names in a year, in seconds as if it were UTC.

    The bits, from the lowest: 12 seconds, 5 hours, 3 day of the week (Monday is 1), 5 day of the
    month, 3 operator, 4 month. None if the rule is none, or names no day.
    """
    seconds, hours = rule & 0xFFF, rule >> 12 & 0x1F
    weekday, number = rule >> 17 & 7, rule >> 20 & 0x1F
    operator, month = rule >> 25 & 7, rule >> 28 & 0xF
    if rule == NO_RULE or not 1 <= month <= 12:  # noqa: PLR2004 - months
        return None
    length = calendar.monthrange(year, month)[1]
    if operator in {0, 1} and not 1 <= number <= length:
        return None
    if operator and not weekday:
        return None
    first = number if operator == 1 else 1
    day = first + (weekday - 1 - date(year, month, first).weekday()) % 7
    if operator == 0:
        day = number
    elif operator in _NTH:
        day += 7 * (operator - 2)
    elif operator == _LAST:
        day += 7 * ((length - day) // 7)
    if day > length:
        return None
    return calendar.timegm((year, month, day, hours, 0, seconds))
