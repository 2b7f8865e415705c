"""Arithmetic with dates, times and intervals.

- Months are added first, at most to the end of the month reached; then days; then time. With a
  zone, months and days are added on the session's clocks.
- A difference of instants is days and time, never months.

Source: docs/spec/57-values-and-residuals.md section 12; PostgreSQL 15, chapter 9.9.
"""

import math
from collections.abc import Callable
from typing import Final

from sealhold.protect.pgtypes.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    DAY,
    FIRST_DAY,
    INFINITY,
    LAST_DAY,
    MINUS_INFINITY,
    SECOND,
    day_of,
    days_in,
    parts_of,
)
from sealhold.protect.pgtypes.codec import Settings
from sealhold.protect.pgtypes.errors import DATETIME_OVERFLOW, DivisionByZeroError, PgValueError
from sealhold.protect.pgtypes.intervals import DAYS_OF_MONTH
from sealhold.protect.pgtypes.spans import Span
from sealhold.protect.sql.residual_casts import (
    day_to_instant,
    in_range,
    to_local,
    to_zoned,
)

INFINITE: Final = frozenset({INFINITY, MINUS_INFINITY})
INFINITE_DAYS: Final = frozenset({DATE_INFINITY, DATE_MINUS_INFINITY})
_SECONDS_OF_DAY: Final = 86_400
_INT32: Final = 2**31
_INT64: Final = 2**63


def day_plus(day: int, count: int) -> int:
    """Return the day so many days later.

    Raises:
        PgValueError: out of range.
    """
    if day in INFINITE_DAYS:
        return day
    if not FIRST_DAY <= day + count <= LAST_DAY:
        raise PgValueError(DATETIME_OVERFLOW, "date out of range")
    return day + count


def days_between(later: int, earlier: int) -> int:
    """Return how many days lie between.

    Raises:
        PgValueError: one of them is infinite.
    """
    if later in INFINITE_DAYS or earlier in INFINITE_DAYS:
        raise PgValueError(DATETIME_OVERFLOW, "cannot subtract infinite dates")
    return later - earlier


def instant_plus(local: int, span: Span) -> int:
    """Return the local time an interval later.

    Raises:
        PgValueError: out of range.
    """
    if local in INFINITE:
        return local
    if span.months or span.days:
        local = in_range(_days_later(local, span))
    return in_range(local + span.us)


def zoned_plus(settings: Settings, instant: int, span: Span) -> int:
    """Return the instant an interval later: months and days by the session's clocks.

    Raises:
        PgValueError: out of range.
    """
    if instant in INFINITE:
        return instant
    if span.months:
        local = _days_later(to_local(settings, instant), span._replace(days=0))
        instant = to_zoned(settings, in_range(local))
    if span.days:
        local = to_local(settings, instant) + span.days * DAY
        instant = to_zoned(settings, in_range(local))
    return in_range(instant + span.us)


def _days_later(local: int, span: Span) -> int:
    day, us = divmod(local, DAY)
    if span.months:
        year, month, of_month = parts_of(day)
        year, month = divmod(year * 12 + month - 1 + span.months, 12)
        day = day_of(year, month + 1, min(of_month, days_in(year, month + 1)))
    return (day + span.days) * DAY + us


def negated(span: Span) -> Span:
    """Return the interval backwards.

    Raises:
        PgValueError: out of range.
    """
    return in_span(-span.months, -span.days, -span.us)


def day_plus_span(day: int, span: Span) -> int:
    """Return the local time an interval after a day's begin.

    Raises:
        PgValueError: out of range.
    """
    return instant_plus(day_to_instant(day), span)


def day_and_clock(day: int, us: int) -> int:
    """Return the local time of a day and a time of day.

    Raises:
        PgValueError: out of range.
    """
    instant = day_to_instant(day)
    return instant if instant in INFINITE else in_range(instant + us)


def between(later: int, earlier: int) -> Span:
    """Return the time between two instants, in days and time.

    Raises:
        PgValueError: one of them is infinite, or they lie too far apart.
    """
    if later in INFINITE or earlier in INFINITE:
        raise PgValueError(DATETIME_OVERFLOW, "cannot subtract infinite timestamps")
    us = later - earlier
    if not -_INT64 <= us < _INT64:
        raise PgValueError(DATETIME_OVERFLOW, "interval out of range")
    days = abs(us) // DAY * (1 if us >= 0 else -1)
    return Span(0, days, us - days * DAY)


def in_span(months: int, days: int, us: int) -> Span:
    """Return an interval.

    Raises:
        PgValueError: out of range.
    """
    if not (-_INT32 <= months < _INT32 and -_INT32 <= days < _INT32 and -_INT64 <= us < _INT64):
        raise PgValueError(DATETIME_OVERFLOW, "interval out of range")
    return Span(months, days, us)


def spans_added(left: Span, right: Span) -> Span:
    """Return the sum, part by part.

    Raises:
        PgValueError: out of range.
    """
    return in_span(left.months + right.months, left.days + right.days, left.us + right.us)


def multiplied(span: Span, factor: float) -> Span:
    """Return the interval times a number; parts of months become days, parts of days time.

    Raises:
        PgValueError: out of range.
    """
    return _scaled(span, lambda part: part * factor)


def divided(span: Span, factor: float) -> Span:
    """Return the interval divided by a number.

    Raises:
        DivisionByZeroError: that.
        PgValueError: out of range.
    """
    if factor == 0.0:
        raise DivisionByZeroError
    return _scaled(span, lambda part: part / factor)


def _scaled(span: Span, scale: Callable[[int], float]) -> Span:
    months, days = _whole(scale(span.months)), _whole(scale(span.days))
    more_days = _to_us((scale(span.months) - months) * DAYS_OF_MONTH)
    seconds = _to_us((scale(span.days) - days + more_days - int(more_days)) * _SECONDS_OF_DAY)
    if abs(seconds) >= _SECONDS_OF_DAY:
        over = int(seconds / _SECONDS_OF_DAY)
        days += over
        seconds -= over * _SECONDS_OF_DAY
    us = scale(span.us) + seconds * SECOND
    if not math.isfinite(us):
        raise PgValueError(DATETIME_OVERFLOW, "interval out of range")
    return in_span(months, days + int(more_days), round(us))


def _whole(part: float) -> int:
    if math.isnan(part) or not -_INT32 <= part <= _INT32 - 1:
        raise PgValueError(DATETIME_OVERFLOW, "interval out of range")
    return int(part)


def _to_us(number: float) -> float:
    """Return a number rounded to six digits after the point."""
    return round(number * SECOND) / SECOND


def clock_plus(us: int, span: Span) -> int:
    """Return the time of day so much later, around midnight."""
    return (us + span.us) % DAY


def spans_subtracted(left: Span, right: Span) -> Span:
    """Return the difference, part by part.

    Raises:
        PgValueError: out of range.
    """
    return in_span(left.months - right.months, left.days - right.days, left.us - right.us)


def clocks_between(later: int, earlier: int) -> Span:
    """Return the time between two times of day."""
    return Span(0, 0, later - earlier)


def day_and_zoned(day: int, clock: tuple[int, int]) -> int:
    """Return the instant of a day and a time of day with its zone.

    Raises:
        PgValueError: out of range.
    """
    instant = day_to_instant(day)
    return instant if instant in INFINITE else in_range(instant + clock[0] + clock[1] * SECOND)
