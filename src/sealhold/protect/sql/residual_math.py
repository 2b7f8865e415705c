"""Arithmetic as the server does it: ranges, rounding, the scale of results.

- Integers are refused when they leave their type; division goes towards zero.
- numeric is exact but for division, which gives at least 16 significant digits; its scale follows
  from the operands' leading groups of four digits.
- Floats are refused where they overflow, or vanish.

Source: docs/spec/57-values-and-residuals.md section 10; PostgreSQL 15, chapter 9.3.
"""

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal, InvalidOperation
from typing import Final

from sealhold.protect.pgtypes.errors import OUT_OF_RANGE, DivisionByZeroError, PgValueError
from sealhold.protect.pgtypes.numbers import single
from sealhold.protect.pgtypes.numeric import EXACT, MAX_SCALE, MAX_WEIGHT, rounded_to, settled
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.sql.residual_casts import INTEGERS, OutOfRangeError

MIN_DIGITS: Final = 16  # significant digits of a quotient
MAX_SHOWN: Final = 1000  # digits after the point of a quotient
MOST_WHOLE: Final = 4 * (MAX_WEIGHT + 1)  # digits before the point
NAN: Final = Decimal("NaN")


def integers(operator: str, gives: PgType) -> Callable[..., int]:
    """Return an operator on integers whose result is of type `gives`."""
    bound, compute = INTEGERS[gives.name], _INTEGERS[operator]

    def run(*operands: int) -> int:
        value = compute(*operands)
        if not -bound <= value < bound:
            raise OutOfRangeError(gives)
        return value

    return run


def _quotient(left: int, right: int) -> int:
    if right == 0:
        raise DivisionByZeroError
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise DivisionByZeroError
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _negated(value: int) -> int:
    return -value


_INTEGERS: Final[dict[str, Callable[..., int]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _quotient,
    "%": _remainder,
    "neg": _negated,
    "plus": lambda value: value,
    "abs": abs,
}


def negated(value: Decimal | float) -> Decimal | float:
    """Return a number with the other sign; numeric has no negative zero."""
    if isinstance(value, float):
        return -value
    return value.copy_negate() if value and not value.is_nan() else value


def floats(operator: str, gives: PgType) -> Callable[[float, float], float]:
    """Return an operator on floats whose result is of type `gives`."""
    compute, is_single = _FLOATS[operator], gives.name == "float4"

    def run(left: float, right: float) -> float:
        if operator == "/" and right == 0.0 and not math.isnan(left):
            raise DivisionByZeroError
        try:
            value = compute(left, right)
        except ZeroDivisionError:
            return math.nan
        except OverflowError:
            value = math.inf
        if is_single:
            value = single(value)
        if math.isinf(value) and math.isfinite(left) and math.isfinite(right):
            raise PgValueError(OUT_OF_RANGE, "value out of range: overflow")
        if not value and _vanished(operator, left, right):
            raise PgValueError(OUT_OF_RANGE, "value out of range: underflow")
        return value

    return run


def _vanished(operator: str, left: float, right: float) -> bool:
    if operator == "*":
        return left != 0.0 and right != 0.0
    return operator == "/" and left != 0.0 and not math.isinf(right)


_FLOATS: Final[dict[str, Callable[[float, float], float]]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
}


def scale_of(value: Decimal) -> int:
    """Return how many digits after the point are shown."""
    return -int(value.as_tuple().exponent)


def added(left: Decimal, right: Decimal) -> Decimal:
    """Return the sum, with the greater of both scales.

    Raises:
        PgValueError: too great for numeric.
    """
    try:
        return settled_or_special(EXACT.add(left, right))
    except InvalidOperation:
        return NAN


def subtracted(left: Decimal, right: Decimal) -> Decimal:
    """Return the difference, with the greater of both scales.

    Raises:
        PgValueError: too great for numeric.
    """
    return added(left, right.copy_negate())


def multiplied(left: Decimal, right: Decimal) -> Decimal:
    """Return the product; its scale is the sum of both.

    Raises:
        PgValueError: too great for numeric.
    """
    try:
        return settled_or_special(EXACT.multiply(left, right))
    except InvalidOperation:
        return NAN


def settled_or_special(value: Decimal) -> Decimal:
    """Return a result as numeric holds it, NaN and infinity as they are.

    Raises:
        PgValueError: too great for numeric.
    """
    if value.is_nan():
        return NAN
    return settled(value) if value.is_finite() else value


def divided(left: Decimal, right: Decimal) -> Decimal:
    """Return the quotient, rounded to the scale that the server shows.

    Raises:
        DivisionByZeroError: that.
        NumericOverflowError: too great for numeric.
    """
    if left.is_nan() or right.is_nan():
        return NAN
    if left.is_infinite():
        if right.is_infinite():
            return NAN
        if not right:
            raise DivisionByZeroError
        return left if right > 0 else left.copy_negate()
    if right.is_infinite():
        return Decimal(0)
    if not right:
        raise DivisionByZeroError
    return quotient(left, right, _scale_of_quotient(left, right))


def quotient(left: Decimal, right: Decimal, scale: int) -> Decimal:
    """Return left / right, rounded to `scale`, halves away from zero.

    Raises:
        PgValueError: too great for numeric.
    """
    whole, rest = EXACT.divmod(left.copy_abs().scaleb(scale, EXACT), right.copy_abs())
    if EXACT.add(rest, rest) >= right.copy_abs():
        whole = EXACT.add(whole, Decimal(1))
    if (left < 0) != (right < 0):
        whole = whole.copy_negate()
    return settled(rounded_to(whole.scaleb(-scale, EXACT), scale))


def _scale_of_quotient(left: Decimal, right: Decimal) -> int:
    (weight_left, first_left), (weight_right, first_right) = _leading(left), _leading(right)
    weight = weight_left - weight_right - (first_left <= first_right)
    scale = max(MIN_DIGITS - 4 * weight, scale_of(left), scale_of(right), 0)
    return min(scale, MAX_SHOWN)


def _leading(value: Decimal) -> tuple[int, int]:
    """Return the weight and value of the first group of four digits that is not zero."""
    if not value:
        return 0, 0
    highest = value.adjusted()
    weight = highest // 4
    digits = value.as_tuple().digits
    first = next(at for at, digit in enumerate(digits) if digit)
    count = highest - 4 * weight + 1
    shown = digits[first : first + count]
    group = int("".join(map(str, shown)).ljust(count, "0"))
    return weight, group


def remainder(left: Decimal, right: Decimal) -> Decimal:
    """Return what is left of a division towards zero, with the greater of both scales.

    Raises:
        DivisionByZeroError: that.
    """
    if left.is_nan() or right.is_nan():
        return NAN
    if not right:
        raise DivisionByZeroError
    if left.is_infinite():
        return NAN
    if right.is_infinite():
        return left
    return rounded_to(EXACT.remainder(left, right), max(scale_of(left), scale_of(right)))


def rounded(value: Decimal, digits: int = 0) -> Decimal:
    """Return the number with so many digits after the point, halves away from zero.

    Raises:
        PgValueError: too great for numeric.
    """
    return value if not value.is_finite() else settled(_to(value, digits, "ROUND_HALF_UP"))


def truncated(value: Decimal, digits: int = 0) -> Decimal:
    """Return the number with the digits after those cut off."""
    return value if not value.is_finite() else _to(value, digits, ROUND_DOWN)


def floor(value: Decimal) -> Decimal:
    """Return the greatest whole number that is not above."""
    return value if not value.is_finite() else _to(value, 0, ROUND_FLOOR)


def ceiling(value: Decimal) -> Decimal:
    """Return the least whole number that is not below."""
    return value if not value.is_finite() else _to(value, 0, ROUND_CEILING)


def _to(value: Decimal, digits: int, rounding: str) -> Decimal:
    digits = max(-MOST_WHOLE - 1, min(MAX_SCALE, digits))
    shown = value.quantize(Decimal((0, (1,), -digits)), rounding, context=EXACT)
    if digits < 0:
        shown = shown.quantize(Decimal(1), context=EXACT)
    return shown or shown.copy_abs()


def whole_float(compute: Callable[[float], float]) -> Callable[[float], float]:
    """Return a rounding of floats that keeps NaN, infinity and the sign of zero."""

    def run(value: float) -> float:
        return value if not math.isfinite(value) else math.copysign(compute(value), value)

    return run


ROUND_FLOAT: Final = whole_float(lambda value: float(round(value)))
CEIL_FLOAT: Final = whole_float(lambda value: float(math.ceil(value)))
FLOOR_FLOAT: Final = whole_float(lambda value: float(math.floor(value)))
TRUNC_FLOAT: Final = whole_float(lambda value: float(math.trunc(value)))
