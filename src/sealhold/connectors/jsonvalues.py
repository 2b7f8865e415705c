"""Single values out of JSON from strangers: of the right type, or nothing.

- A whole number may be of any size and a number infinite, so each is looked at before it is used.
- What no field tells is kept as JSON text, which has no limit of depth or size of numbers.

Source: docs/spec/42-places-and-bodies.md section 2.
"""

import json
import math

from sealhold.connectors.geo import parse_coordinate, parse_elevation
from sealhold.connectors.times import When, parse_time
from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant

_LONGEST_TEXT = 65_536  # characters of a name or description
_LATEST = 4_102_444_800_000  # 2100, in milliseconds: a later time is a mistake
_E7 = 10_000_000  # parts of a degree in the whole numbers that phones keep
_WRAP = 1 << 32


def as_json(value: Plain) -> str:
    """Return a decoded value as JSON on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def text(value: Plain) -> str | None:
    """Return a text that says something, and is no book."""
    is_text = isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT
    return value if is_text and value.strip() else None


def number(value: Plain) -> float | None:
    """Return a finite number, also if it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > 64 or "_" in value):  # noqa: PLR2004 - no number is longer
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def whole(value: Plain) -> int | None:
    """Return a whole number of 64 bits, also if it is written as text."""
    found: int | None = None
    if isinstance(value, str):
        is_short = len(value) <= 20 and value.isascii() and value.removeprefix("-").isdecimal()  # noqa: PLR2004 - digits of 64 bits
        found = int(value) if is_short else None
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    return found if found is not None and -(1 << 63) <= found < 1 << 63 else None


def degrees(value: Plain, limit: int) -> float | None:
    """Return a latitude or longitude in degrees, or None if it is none within +-`limit`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return parse_coordinate(str(value), limit) if is_number and abs(value) <= limit else None


def degrees_e7(value: Plain, limit: int) -> float | None:
    """Return the degrees in ten-millionths of one; a number that overflowed is put right.

    Old exports hold some coordinates 2^32 too large.
    """
    found = whole(value)
    if found is None:
        return None
    if found > limit * _E7:
        found -= _WRAP
    return found / _E7 if abs(found) <= limit * _E7 else None


def height(value: Plain) -> float | None:
    """Return metres above the sea, or None if nothing on Earth is there."""
    found = number(value)
    return None if found is None else parse_elevation(str(found))


def moment(value: Plain) -> When | None:
    """Return the time that a text in the form of RFC 3339 says."""
    return parse_time(value.strip()) if isinstance(value, str) else None


def moment_ms(value: Plain) -> When | None:
    """Return the time in milliseconds since 1970, a number or its digits; it has no offset."""
    found = whole(value)
    return When(Instant(found), None) if found is not None and 0 <= found < _LATEST else None


def later(when: When, minutes: float) -> When | None:
    """Return the time so many minutes after another, in its zone."""
    at = when.at + round(minutes * 60_000)
    return When(Instant(at), when.offset_min) if 0 <= at < _LATEST else None
