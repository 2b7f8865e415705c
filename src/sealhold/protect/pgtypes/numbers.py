"""Truth values, integers and floating point numbers.

- Integers are read as the server does: a sign, decimal digits, blanks around.
- A float is written with the fewest digits that give it back, in the server's layout. The server
  does not use a decimal that lies just between two floats; Python does, so that is looked at.
- real is rounded once, from the decimal: rounding to double first could err by one place.

Source: docs/spec/57-values-and-residuals.md section 4; PostgreSQL 15, chapters 8.1 and 8.6.
"""

import math
import re
import struct
from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final, cast

from sealhold.protect.pgtypes.errors import (
    OUT_OF_RANGE,
    BadBinaryError,
    MalformedError,
    PgValueError,
)
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.types import PgType, spelled

_BLANKS: Final = " \t\n\v\f\r"
_INTEGER: Final = re.compile(r"[ \t-\r]*([-+]?[0-9]+)[ \t-\r]*", re.ASCII)
_OVERFLOWING: Final = re.compile(r"[ \t-\r]*([-+]?[0-9]+)", re.ASCII)
_WORDS: Final = {
    **dict.fromkeys(("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"), True),
    **dict.fromkeys(("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"), False),
}
_FLOAT: Final = re.compile(
    r"([-+]?)(?:(inf(?:inity)?)|(nan)|(0x[0-9a-f]*\.?[0-9a-f]*(?:p[-+]?[0-9]+)?)"
    r"|((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?))",
    re.IGNORECASE | re.ASCII,
)
_WIDE: Final = Context(prec=1100)  # digits that a float can have exactly
_MAX_DIGITS: Final = 20  # more than any integer has


class Bool(Codec[bool]):
    """True or false."""

    def parse(self, text: str, settings: Settings) -> bool:
        del settings
        found = _WORDS.get(text.strip(_BLANKS).lower())
        if found is None:
            raise MalformedError("boolean", text)
        return found

    def spell(self, value: bool, settings: Settings) -> str:  # noqa: FBT001  # reason: it is the value
        del settings
        return "t" if value else "f"

    def from_value(self, value: bool) -> bytes:  # noqa: FBT001  # reason: it is the value
        return b"\1" if value else b"\0"

    def to_value(self, binary: bytes) -> bool:
        if len(binary) != 1:
            raise BadBinaryError
        return binary != b"\0"


class Integer(Codec[int]):
    """smallint, integer, bigint."""

    def __init__(self, type_: PgType) -> None:
        super().__init__(type_)
        self._bits = type_.length * 8
        self._low = -(1 << (self._bits - 1))
        self._form = struct.Struct({16: "!h", 32: "!i", 64: "!q"}[self._bits])

    def parse(self, text: str, settings: Settings) -> int:
        del settings
        whole = _INTEGER.fullmatch(text)
        begun = whole or _OVERFLOWING.match(text)
        digits = begun[1].lstrip("+-").lstrip("0") if begun else ""
        if begun and len(digits) < _MAX_DIGITS:
            value = int(begun[1])
            if self._low <= value < -self._low:
                if whole:
                    return value
                raise MalformedError(spelled(self.type), text)
        if begun:
            raise PgValueError(
                OUT_OF_RANGE, f'value "{text}" is out of range for type {spelled(self.type)}'
            )
        raise MalformedError(spelled(self.type), text)

    def spell(self, value: int, settings: Settings) -> str:
        del settings
        return str(value)

    def from_value(self, value: int) -> bytes:
        try:
            return self._form.pack(value)
        except struct.error:
            raise PgValueError(OUT_OF_RANGE, f"{spelled(self.type)} out of range") from None

    def to_value(self, binary: bytes) -> int:
        try:
            value: int = self._form.unpack(binary)[0]
        except struct.error:
            raise BadBinaryError from None
        return value

    def to_binary(self, text: bytes, settings: Settings) -> bytes:
        if text.isdigit() and len(text) < _MAX_DIGITS:  # what most are
            value = int(text)
            if value < -self._low:
                return self.from_value(value)
        return super().to_binary(text, settings)

    def to_binaries(self, texts: Sequence[bytes | None], settings: Settings) -> list[bytes | None]:
        if None not in texts:
            found = self._plainly(cast("Sequence[bytes]", texts))
            if found is not None:
                return found
        return super().to_binaries(texts, settings)

    def _plainly(self, texts: Sequence[bytes]) -> list[bytes | None] | None:
        """Return numbers of digits alone, all at once; None if one of them is something else."""
        if not b"".join(texts).isdigit() or b"" in texts or max(map(len, texts)) > _MAX_DIGITS:
            return None
        try:
            return list(map(self._form.pack, map(int, texts)))
        except struct.error:  # out of range
            return None

    def to_text(self, binary: bytes, settings: Settings) -> bytes:
        del settings
        return b"%d" % self.to_value(binary)

    def ordered(self, binary: bytes, scale: int | None) -> tuple[int, int]:
        del scale
        return self.to_value(binary) - self._low, self._bits


class Float(Codec[float]):
    """real and double precision."""

    def __init__(self, type_: PgType) -> None:
        super().__init__(type_)
        self._is_single = type_.length == struct.calcsize("!f")
        self._form = struct.Struct("!f" if self._is_single else "!d")

    def parse(self, text: str, settings: Settings) -> float:
        del settings
        parts = _FLOAT.fullmatch(text.strip(_BLANKS))
        if parts is None:
            raise MalformedError(spelled(self.type), text)
        sign = -1.0 if parts[1] == "-" else 1.0
        if parts[2]:
            return sign * math.inf
        if parts[3]:
            return math.copysign(math.nan, sign)
        try:
            value = float.fromhex(parts[4]) if parts[4] else float(parts[5])
        except (ValueError, OverflowError):
            raise MalformedError(spelled(self.type), text) from None
        if self._is_single:
            value = single(value, None if parts[4] else parts[5])
        mantissa = (parts[4] or parts[5]).lower().partition("p" if parts[4] else "e")[0]
        is_zero = not mantissa.strip("0.x")
        if math.isinf(value) or (value == 0.0 and not is_zero):
            shown = text.strip(_BLANKS)
            raise PgValueError(
                OUT_OF_RANGE, f'"{shown}" is out of range for type {spelled(self.type)}'
            )
        return sign * value

    def spell(self, value: float, settings: Settings) -> str:
        if math.isnan(value):
            return "NaN"
        if value == 0.0:
            return "-0" if math.copysign(1.0, value) < 0 else "0"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        digits = 6 if self._is_single else 15
        if settings.extra_float_digits <= 0:
            return f"{value:.{max(1, digits + settings.extra_float_digits)}g}"
        return _laid_out(_shortest(value, is_single=self._is_single), digits)

    def from_value(self, value: float) -> bytes:
        try:
            return self._form.pack(value)
        except OverflowError:
            raise PgValueError(OUT_OF_RANGE, "value out of range: overflow") from None

    def to_value(self, binary: bytes) -> float:
        try:
            value: float = self._form.unpack(binary)[0]
        except struct.error:
            raise BadBinaryError from None
        return value

    def key(self, value: float) -> tuple[bool, float]:
        return (True, 0.0) if math.isnan(value) else (False, value)

    def canonical(self, binary: bytes) -> bytes:
        value = self.to_value(binary)
        return self._form.pack(math.nan if math.isnan(value) else value + 0.0)

    def ordered(self, binary: bytes, scale: int | None) -> tuple[int, int]:
        del scale
        bits = self.type.length * 8
        if math.isnan(self.to_value(binary)):
            return (1 << bits) - 1, bits
        pattern = int.from_bytes(self.canonical(binary))
        top = 1 << (bits - 1)
        return pattern ^ (2 * top - 1 if pattern & top else top), bits


def single(value: float, text: str | None = None) -> float:
    """Return the real nearest to `value`; where that is a tie, `text` says what was rounded."""
    try:
        near: float = struct.unpack("!f", struct.pack("!f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)
    if text is None or near == value or math.isinf(near):
        return near
    other = _next(near, is_single=True, is_up=value > near)
    if math.isinf(other) or Fraction(near) + Fraction(other) != 2 * Fraction(value):
        return near
    exact = Decimal(text)
    if exact == Decimal(value):
        return near
    return max(near, other) if exact > Decimal(value) else min(near, other)


def _next(value: float, *, is_single: bool, is_up: bool) -> float:
    if not is_single:
        return math.nextafter(value, math.inf if is_up else -math.inf)
    if value == 0.0:
        return math.copysign(1.401298464324817e-45, 1 if is_up else -1)
    pattern: int = struct.unpack("!i", struct.pack("!f", abs(value)))[0]
    pattern += 1 if is_up == (value > 0) else -1
    stepped: float = struct.unpack("!f", struct.pack("!i", pattern))[0]
    return math.copysign(stepped, value)


@lru_cache(maxsize=4096)
def _shortest(value: float, *, is_single: bool) -> str:
    if not is_single:
        text = repr(value)
        exact_below = 2.0**52
        if abs(value) < exact_below or _is_inside(Decimal(text), value, is_single=False):
            return text
    exact = Decimal(value)
    for digits in range(1, 18):
        unit = Decimal((0, (1,), exact.adjusted() - digits + 1))
        near = [
            exact.quantize(unit, rounding, context=_WIDE) for rounding in (ROUND_DOWN, ROUND_UP)
        ]
        near.sort(key=lambda decimal: (abs(decimal - exact), decimal.as_tuple().digits[-1] % 2))
        for found in near:
            if found and _is_inside(found, value, is_single=is_single):
                return str(found)
    raise AssertionError("17 digits tell every float apart")


def _is_inside(decimal: Decimal, value: float, *, is_single: bool) -> bool:
    """Whether the decimal is nearer to `value` than to any other float."""
    exact, own = Fraction(decimal), Fraction(value)
    if exact == own:
        return True
    other = _next(value, is_single=is_single, is_up=exact > own)
    beyond = 2**128 if is_single else 2**1024  # where the next would be, after the greatest
    step = beyond - abs(own) if math.isinf(other) else abs(Fraction(other) - own)
    return abs(exact - own) * 2 < step


def _laid_out(text: str, digits: int) -> str:
    """Return a number with its exponent where the server would show one: below 1e-4, from 1e15."""
    sign = "-" if text.startswith("-") else ""
    number = Decimal(text)
    shown = "".join(map(str, number.as_tuple().digits)).rstrip("0")
    exponent = number.adjusted()
    if exponent < -4 or exponent >= digits:  # noqa: PLR2004  # reason: as %g has it
        point = "." if len(shown) > 1 else ""
        return (
            f"{sign}{shown[0]}{point}{shown[1:]}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
        )
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{shown}"
    whole = shown[: exponent + 1].ljust(exponent + 1, "0")
    rest = shown[exponent + 1 :]
    return f"{sign}{whole}{'.' if rest else ''}{rest}"
