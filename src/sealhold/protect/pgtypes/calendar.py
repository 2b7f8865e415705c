"""Days and parts of days: the proleptic Gregorian calendar, from 4713 BC to far ahead.

- A day is a number from 2000-01-01, an instant or local time is microseconds from its begin, as the
  server counts them. The extremes of the integers are the infinities.
- Years count astronomically here: 0 is 1 BC. Python's own dates end at 9999 and begin at 1, so they
  are not used.

Source: docs/spec/57-values-and-residuals.md section 7; PostgreSQL 15, chapter 8.5 and appendix B.
"""

from typing import Final

SECOND: Final = 1_000_000  # microseconds
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

DATE_INFINITY: Final = 2**31 - 1
DATE_MINUS_INFINITY: Final = -(2**31)
INFINITY: Final = 2**63 - 1
MINUS_INFINITY: Final = -(2**63)

FIRST_DAY: Final = -2_451_545  # 4714-11-24 BC
LAST_DAY: Final = 2_145_031_948  # 5874897-12-31
FIRST_INSTANT: Final = FIRST_DAY * DAY
END_INSTANT: Final = 9_223_371_331_200_000_000  # 294277-01-01
CYCLE_DAYS: Final = 146_097  # of 400 years, after which the calendar repeats
UNIX_DAYS: Final = 10_957  # from 1970-01-01 to 2000-01-01

_MONTHS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_FEBRUARY: Final = 2
_TO_MARCH_ZERO: Final = 730_425  # days from 0000-03-01 to 2000-01-01


def is_leap(year: int) -> bool:
    """Whether the year has 366 days."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_in(year: int, month: int) -> int:
    """Return how many days the month has."""
    return _MONTHS[month - 1] + (1 if month == _FEBRUARY and is_leap(year) else 0)


def day_of(year: int, month: int, day: int) -> int:
    """Return the number of a day, counted from 2000-01-01; the day may lie beyond its month."""
    shifted = year - (month <= _FEBRUARY)
    era, of_era = divmod(shifted, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * CYCLE_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _TO_MARCH_ZERO


def parts_of(day: int) -> tuple[int, int, int]:
    """Return year, month and day of a day's number."""
    era, of_era = divmod(day + _TO_MARCH_ZERO, CYCLE_DAYS)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    shown = month + 3 if month < 10 else month - 9  # noqa: PLR2004  # reason: March to December
    return (
        era * 400 + year + (shown <= _FEBRUARY),
        shown,
        of_year - (153 * month + 2) // 5 + 1,
    )


def weekday(day: int) -> int:
    """Return the day of the week: 0 is Sunday."""
    return (day + 6) % 7


def year_text(year: int) -> tuple[str, str]:
    """Return the year as it is written first, and what is written last."""
    return (f"{year:04d}", "") if year > 0 else (f"{1 - year:04d}", " BC")


def clock_text(us: int) -> str:
    """Return a time of day: `04:05:06.789`."""
    seconds, rest = divmod(us, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    text = f"{hour:02d}:{minute:02d}:{second:02d}"
    return f"{text}.{rest:06d}".rstrip("0") if rest else text


def offset_text(seconds: int) -> str:
    """Return how far east of UTC: `+01`, `-03:30`, `+00:19:32`."""
    minutes, second = divmod(abs(seconds), 60)
    hour, minute = divmod(minutes, 60)
    text = f"{'-' if seconds < 0 else '+'}{hour:02d}"
    if minute or second:
        text += f":{minute:02d}"
    return f"{text}:{second:02d}" if second else text


def rounded_us(us: int, digits: int | None) -> int:
    """Return microseconds with `digits` of a second kept, halves away from zero."""
    if digits is None:
        return us
    unit: int = 10 ** (6 - digits)
    half = unit // 2
    return (us + half) // unit * unit if us >= 0 else -((-us + half) // unit * unit)
