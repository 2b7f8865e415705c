"""Units: a bare int never says whether it counts bits or milliseconds.

- Budgets are integers of a millionth; a price is rounded up, so a sum is never below the truth.
- An interval is half-open: it holds from its start until just before its end.
"""

from datetime import UTC, datetime
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

_SECONDS = 19  # characters of a time in ISO 8601 down to the second


def utc(at: Instant) -> datetime:
    """Return `at` as an aware datetime in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC)


def year_of(at: Instant) -> Year:
    """Return the UTC calendar year that `at` falls in."""
    return Year(utc(at).year)


def rfc3339(at: Instant) -> str:
    """Return `at` as RFC 3339 text with milliseconds: `2026-11-21T14:05:00.000Z`."""
    return f"{utc(at).isoformat()[:_SECONDS]}.{at % 1000:03d}Z"


def show_bits(cost: MicroBits) -> str:
    """Return `cost` in bits, rounded up to three digits after the point: `5`, `2.585`."""
    return _thousandths(-(-cost // 1000))


def show_bits_left(left: MicroBits) -> str:
    """Return what is left in bits, rounded down: with what was taken it is never too much."""
    return _thousandths(left // 1000)


def _thousandths(thousandths: int) -> str:
    whole, part = divmod(thousandths, 1000)
    return f"{whole}.{part:03d}".rstrip("0").rstrip(".")
