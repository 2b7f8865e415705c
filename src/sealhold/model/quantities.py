"""Units: a bare int never says whether it counts bits or milliseconds.

- Budgets are integers of a millionth; a price is rounded up, so a sum is never below the truth.
- An interval is half-open: it holds from its start until just before its end.
"""

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import NewType

Instant = NewType("Instant", int)  # UTC, milliseconds since 1970-01-01
Millis = NewType("Millis", int)  # a length of time
MicroBits = NewType("MicroBits", int)  # leakage, a millionth of a bit
MicroRho = NewType("MicroRho", int)  # zero-concentrated privacy, a millionth of rho
Year = NewType("Year", int)  # a UTC calendar year, the term of a budget

MICRO = 1_000_000  # micro-bits per bit
SECOND = Millis(1_000)
MINUTE = Millis(60_000)
HOUR = Millis(3_600_000)
DAY = Millis(86_400_000)

_EPOCH = date(1970, 1, 1).toordinal()


def utc(at: Instant) -> datetime:
    """Return `at` as an aware datetime in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC)


def year_of(at: Instant) -> Year:
    """Return the UTC calendar year that `at` falls in."""
    return Year(utc(at).year)


def rfc3339(at: Instant) -> str:
    """Return `at` as RFC 3339 text with milliseconds: `2026-11-21T14:05:00.000Z`."""
    days, of_day = divmod(at, DAY)
    minutes, millis = divmod(of_day, MINUTE)
    hours, minutes = divmod(minutes, 60)
    return f"{_day(days)}T{hours:02d}:{minutes:02d}:{millis // 1000:02d}.{millis % 1000:03d}Z"


@lru_cache(maxsize=1_024)  # days: an export and a log write thousands of times, of few of them
def _day(days: int) -> str:
    return date.fromordinal(_EPOCH + days).isoformat()


def show_bits(cost: MicroBits) -> str:
    """Return `cost` in bits, rounded up to three digits after the point: `5`, `2.585`."""
    return _thousandths(-(-cost // 1000))


def show_bits_left(left: MicroBits) -> str:
    """Return what is left in bits, rounded down: with what was taken it is never too much."""
    return _thousandths(left // 1000)


def _thousandths(thousandths: int) -> str:
    whole, part = divmod(thousandths, 1000)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")
