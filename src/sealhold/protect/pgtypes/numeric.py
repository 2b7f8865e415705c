"""numeric: exact decimal numbers, as `Decimal` whose exponent is the scale that is shown.

- 1.0 and 1.00 are equal and look different: the scale is part of the value, not of equality.
- NaN is equal to itself and above all; there is no negative zero.
- At most 131 072 digits stand before the point and 16 383 after it. Nothing here takes more than
  time in the length of the text; conversions of long integers, which would, are not used.

Source: docs/spec/57-values-and-residuals.md section 5; PostgreSQL 15, chapter 8.1.2.
"""

import re
import struct
from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)
from functools import lru_cache
from typing import Final

from sealhold.protect.pgtypes.errors import (
    BINARY_REPRESENTATION,
    OUT_OF_RANGE,
    BadBinaryError,
    MalformedError,
    NumericOverflowError,
    PgValueError,
    TypeRefusedError,
)
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.types import PgType, precision_and_scale

MAX_WEIGHT: Final = 0x7FFF  # groups of four digits before the point, less one
MAX_SCALE: Final = 16_383  # digits after the point
MAX_EXPONENT: Final = 2**31 // 2  # as text may give it
MAX_DIGITS: Final = 4 * (MAX_WEIGHT + 1) + MAX_SCALE
EXACT: Final = Context(
    prec=2 * MAX_DIGITS + 8,
    rounding=ROUND_HALF_UP,
    Emax=MAX_EMAX,
    Emin=MIN_EMIN,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
_FORM: Final = re.compile(
    r"[ \t-\r]*([-+]?)(?:([0-9]+\.?[0-9]*|\.[0-9]+)(?:e([-+]?[0-9]+))?"
    r"|(nan)|(inf(?:inity)?))[ \t-\r]*",
    re.IGNORECASE | re.ASCII,
)
_HEAD: Final = struct.Struct("!HhHH")
_NEGATIVE, _NAN, _PLUS_INFINITY, _MINUS_INFINITY = 0x4000, 0xC000, 0xD000, 0xF000
_INFINITE: Final = 0x20  # what the server sends as the scale of infinity
_SPECIAL: Final = {
    _NAN: Decimal("NaN"),
    _PLUS_INFINITY: Decimal("Infinity"),
    _MINUS_INFINITY: Decimal("-Infinity"),
}
_GROUPS: Final = tuple(f"{group:04d}" for group in range(10_000))
_FEW: Final = 36  # digits that are faster to take apart as one number
_BITS: Final = 64
_MAX_ORDERED: Final = 18  # digits that fit 64 bits


class Numeric(Codec[Decimal]):
    """numeric, with or without precision and scale."""

    def __init__(self, type_: PgType) -> None:
        super().__init__(type_)
        self._limits = precision_and_scale(type_.typmod)

    def parse(self, text: str, settings: Settings) -> Decimal:
        del settings
        parts = _FORM.fullmatch(text)
        if parts is None or (parts[4] and parts[1]):
            raise MalformedError("numeric", text)
        if parts[4]:
            return _SPECIAL[_NAN]
        if parts[5]:
            return _SPECIAL[_MINUS_INFINITY if parts[1] == "-" else _PLUS_INFINITY]
        exponent = _exponent(parts[3])
        whole = Decimal(parts[1] + parts[2])
        if exponent:
            sign, digits, shift = whole.as_tuple()
            whole = Decimal((sign, digits, int(shift) + exponent))
        if int(whole.as_tuple().exponent) < -MAX_SCALE:
            raise NumericOverflowError
        return settled(whole)

    def spell(self, value: Decimal, settings: Settings) -> str:
        del settings
        return str(value) if not value.is_finite() else f"{value:f}"

    def fit(self, value: Decimal) -> Decimal:
        if self._limits is None or value.is_nan():
            return value
        precision, scale = self._limits
        if value.is_infinite():
            raise _too_big()
        rounded = rounded_to(value, scale)
        if rounded and rounded.adjusted() >= precision - scale:
            raise _too_big()
        return rounded

    def from_value(self, value: Decimal) -> bytes:
        if not value.is_finite():
            if value.is_nan():
                return _HEAD.pack(0, 0, _NAN, 0)
            return _HEAD.pack(0, 0, _MINUS_INFINITY if value < 0 else _PLUS_INFINITY, _INFINITE)
        value = settled(value)
        return _packed(f"{value:f}".lstrip("-"), is_negative=value.is_signed())

    def to_value(self, binary: bytes) -> Decimal:
        if len(binary) < _HEAD.size:
            raise BadBinaryError
        count, weight, sign, scale = _HEAD.unpack_from(binary)
        if sign in _SPECIAL:
            return _SPECIAL[sign]
        if sign not in {0, _NEGATIVE} or scale > MAX_SCALE or len(binary) != 8 + 2 * count:
            raise PgValueError(
                BINARY_REPRESENTATION, 'invalid sign or scale in external "numeric" value'
            )
        groups = struct.unpack_from(f"!{count}H", binary, _HEAD.size)
        try:
            digits = "".join([_GROUPS[group] for group in groups])
        except IndexError:
            raise PgValueError(
                BINARY_REPRESENTATION, 'invalid digit in external "numeric" value'
            ) from None
        more = 4 * (weight + 1) - len(digits) + scale  # zeros that are not sent
        digits = digits + "0" * more if more >= 0 else digits[:more]
        value = Decimal(f"{'-' if sign else ''}{digits or '0'}e-{scale}")
        return value or value.copy_abs()

    def key(self, value: Decimal) -> tuple[bool, Decimal]:
        return (True, Decimal(0)) if value.is_nan() else (False, value)

    def canonical(self, binary: bytes) -> bytes:
        value = self.to_value(binary)
        if not value.is_finite():
            return self.from_value(value)
        text = f"{value:f}"
        if "." in text:
            text = text.rstrip("0").removesuffix(".")
        return _packed(text.lstrip("-") or "0", is_negative=value < 0)

    def ordered(self, binary: bytes, scale: int | None) -> tuple[int, int]:
        if scale is None:
            raise TypeRefusedError("numeric without a scale has no integer in its order")
        value = self.to_value(binary)
        if not value.is_finite():
            raise TypeRefusedError("a numeric that is not finite has no integer in its order")
        scaled = value.scaleb(scale, EXACT)
        if scaled and scaled.adjusted() >= _MAX_ORDERED:
            raise TypeRefusedError("a numeric of more than 18 digits has no integer of 64 bits")
        if scaled != scaled.to_integral_value():
            raise TypeRefusedError(f"a numeric has more than {scale} digits after the point")
        return int(scaled) + (1 << (_BITS - 1)), _BITS


def settled(value: Decimal) -> Decimal:
    """Return a number as the server holds it: digits to the point at least, and within its range.

    Raises:
        NumericOverflowError: too many digits before the point.
    """
    exponent = int(value.as_tuple().exponent)
    if value and value.adjusted() >= 4 * (MAX_WEIGHT + 1):
        raise NumericOverflowError
    if exponent > 0:
        value = value.quantize(Decimal(1), context=EXACT)
    elif exponent < -MAX_SCALE:
        value = value.quantize(_unit(MAX_SCALE), context=EXACT)
    return value or value.copy_abs()


def rounded_to(value: Decimal, scale: int) -> Decimal:
    """Return the number with `scale` digits after the point, halves away from zero.

    A negative scale rounds before the point; digits are then shown to the point all the same.
    """
    rounded = value.quantize(_unit(scale), context=EXACT)
    if scale < 0:
        rounded = rounded.quantize(Decimal(1), context=EXACT)
    return rounded or rounded.copy_abs()


@lru_cache(maxsize=256)
def _unit(scale: int) -> Decimal:
    return Decimal((0, (1,), -scale))


def _packed(text: str, *, is_negative: bool) -> bytes:
    """Return the binary form of plain digits with at most one point."""
    whole, _, rest = text.partition(".")
    scale = len(rest)
    whole = whole.lstrip("0")
    whole = whole.rjust(-(-len(whole) // 4) * 4, "0")
    rest = rest.ljust(-(-scale // 4) * 4, "0")
    groups = _groups_of(whole + rest)
    if not any(groups):
        return _HEAD.pack(0, 0, 0, scale)
    weight = len(whole) // 4 - 1
    first = next(at for at, group in enumerate(groups) if group)
    groups = groups[first:]
    while not groups[-1]:
        groups.pop()
    sign = _NEGATIVE if is_negative else 0
    return _HEAD.pack(len(groups), weight - first, sign, scale) + struct.pack(
        f"!{len(groups)}H", *groups
    )


def _groups_of(digits: str) -> list[int]:
    if len(digits) > _FEW:
        return [int(digits[at : at + 4]) for at in range(0, len(digits), 4)]
    groups: list[int] = []
    number = int(digits or "0")
    for _ in range(len(digits) // 4):
        number, group = divmod(number, 10_000)
        groups.append(group)
    groups.reverse()
    return groups


def _exponent(text: str | None) -> int:
    if not text:
        return 0
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > 10 or int(digits or "0") >= MAX_EXPONENT:  # noqa: PLR2004  # reason: digits of the limit
        raise NumericOverflowError
    return int(text)


def _too_big() -> PgValueError:
    return PgValueError(OUT_OF_RANGE, "numeric field overflow")
