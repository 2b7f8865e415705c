"""What people type for a time, a cost or a key, read; and how ids and sums are written.

- A time is a date (`2026-12-31`: until that day is over), an instant (`2026-12-31T12:00Z`) or a
  length from now (`7d`, `12h`). All are UTC.
- A cost is written in bits: `5`, `2.585`. A key is 64 hex digits.

Source: docs/spec/20-faces.md section 8.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from sealhold.model.errors import UsageError
from sealhold.model.ids import Id16, Kind, show
from sealhold.model.quantities import DAY, HOUR, MICRO, MINUTE, Instant, MicroBits, show_bits

_LENGTH: Final = re.compile(r"(\d{1,5})([mhd])")
_UNITS: Final = {"m": MINUTE, "h": HOUR, "d": DAY}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
KEY_DIGITS: Final = 64
MAX_BITS: Final = 1_000_000  # more than any task that fits a manifest may tell


def read_time(text: str, now: Instant) -> Instant:
    """Return the instant that `text` means.

    Raises:
        UsageError: no time.
    """
    length = _LENGTH.fullmatch(text)
    if length:
        return Instant(now + int(length[1]) * _UNITS[length[2]])
    try:
        at = datetime.fromisoformat(text)
    except ValueError as err:
        raise UsageError(f"`{text}` is no time; write `2026-12-31` or `7d`") from err
    whole = Instant(int(at.replace(tzinfo=at.tzinfo or UTC).timestamp() * 1000))
    return Instant(whole + DAY) if _DATE.fullmatch(text) else whole


def read_past(text: str, now: Instant) -> Instant:
    """Return the instant that `text` means of what was: a length is so long ago.

    Raises:
        UsageError: no time.
    """
    length = _LENGTH.fullmatch(text)
    if length:
        return Instant(max(0, now - int(length[1]) * _UNITS[length[2]]))
    return read_time(text, now)


def read_bits(text: str) -> MicroBits:
    """Return the cost that `text` means.

    Raises:
        UsageError: no number above zero.
    """
    try:
        bits = Decimal(text)
    except InvalidOperation as err:
        raise UsageError(f"`{text}` is no number of bits") from err
    if not bits.is_finite() or not 1 <= bits * MICRO <= MAX_BITS * MICRO:
        raise UsageError(f"`{text}` is no number of bits")
    return MicroBits(int(bits * MICRO))


def read_key(text: str) -> bytes:
    """Return the 32-byte public key that `text` means.

    Raises:
        UsageError: not 64 hex digits.
    """
    try:
        key = bytes.fromhex(text)
    except ValueError as err:
        raise UsageError("the key is not written in hex digits") from err
    if len(key) * 2 != KEY_DIGITS:
        raise UsageError(f"the key has {len(key) * 2} hex digits, not {KEY_DIGITS}")
    return key


def short(kind: Kind, whole: Id16) -> str:
    """Return an id as people read it: `g-0123456789ab`."""
    return show(kind, whole)


def spent_of(spent: MicroBits, cap: MicroBits) -> str:
    """Return how much of a budget was told: `5 of 12 bits`."""
    return f"{show_bits(spent)} of {show_bits(cap)} bits"


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 item`, `1,204 items`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
