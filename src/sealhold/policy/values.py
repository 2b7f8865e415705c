"""Field values as filters and precision rules see them: a number, a time, or nothing known.

- What is absent, empty, not finite or of an unfit type is nothing known, never a guess.
- A float is the shortest decimal that reads back as it: 0.1 is a tenth.

Source: docs/spec/07-grants.md section 4.
"""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from zoneinfo import ZoneInfo

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant


def number_of(held: Plain) -> Decimal | None:
    """Return the number that a field holds; a decimal column keeps it as text."""
    if type(held) is float:
        held = repr(held)
    elif type(held) not in {int, str}:
        return None
    try:
        number = Decimal(held)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def instant_of(held: Plain) -> Instant | None:
    """Return the time that a field holds, in milliseconds."""
    return Instant(held) if type(held) is int else None


def local(at: Instant, zone: str) -> datetime | None:
    """Return `at`, to the second, as the clocks of `zone` show it; none outside the calendar."""
    try:
        return datetime.fromtimestamp(at // 1000, UTC).astimezone(_zone(zone))
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
