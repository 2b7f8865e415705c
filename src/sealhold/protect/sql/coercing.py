"""A client's value made one of a column's type, as PostgreSQL would convert it there.

- What is stored is converted as an assignment: out of range is an error, numbers are rounded.
- What is compared is never converted away: a number between two that the column can hold is
  compared by its neighbour; one beyond all of them is below or above every term.

Source: docs/spec/60-statements.md section 4.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import Enum, unique
from typing import Final

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import PgType
from sealhold.protect.sql.plan import How

INTEGERS: Final = {21: 2**15, 23: 2**31, 20: 2**63}
NUMERIC: Final = 1700
FLOAT8: Final = 701
FLOATS: Final = (700, FLOAT8)
TEXTS: Final = (25, 1043, 19, 705)
BLANK_PADDED: Final = 1042
NUMBERS: Final = (*INTEGERS, NUMERIC, *FLOATS)


@unique
class Beyond(Enum):
    """A value that the column cannot hold, as a comparison sees it."""

    BELOW = "below every value"
    ABOVE = "above every value"
    NEVER = "equal to none"


def converts(given: PgType, to: PgType, how: How) -> bool:
    """Whether `coerce` makes a value of one type one of the other exactly as the server does."""
    if given.oid == to.oid:
        return True
    if given.oid in TEXTS and to.oid in TEXTS:
        return True
    if given.oid in INTEGERS and (to.oid in INTEGERS or to.oid == NUMERIC):
        return True
    if given.oid == NUMERIC and to.oid in INTEGERS:
        return True
    if to.oid in FLOATS and given.oid in NUMBERS:
        return to.oid == FLOAT8  # float4 compares as float8: not the same
    return how == "store" and given.oid in TEXTS and to.oid == BLANK_PADDED


def coerce(value: bytes, given: PgType, to: PgType, how: How) -> bytes | Beyond:
    """Return `value` of type `given` as one of type `to`.

    Raises:
        PgValueError: it cannot be stored there.
    """
    if given.oid == to.oid:
        return codec(to).checked(value) if how == "store" else value
    if given.oid in TEXTS:
        return codec(to).checked(value) if how == "store" else value
    plain = codec(given).to_value(value)
    if to.oid in INTEGERS:
        return _integer(plain, to, how)
    if to.oid == FLOAT8:
        return codec(to).from_value(float(plain))
    number = Decimal(plain) if isinstance(plain, int) else plain
    return (
        codec(to).checked(codec(to).from_value(number))
        if how == "store"
        else codec(to).from_value(number)
    )


def _integer(plain: object, to: PgType, how: How) -> bytes | Beyond:
    bound = INTEGERS[to.oid]
    if isinstance(plain, Decimal):
        if not plain.is_finite():
            if how == "store":
                raise PgValueError("0A000", f"cannot convert {plain} to {to.name}")
            return _beyond(how, is_above=plain.is_nan() or plain > 0)
        if how == "store":
            plain = int(plain.to_integral_value("ROUND_HALF_UP"))
        elif plain == plain.to_integral_value():
            plain = int(plain)
        elif how == "=":
            return Beyond.NEVER
        else:  # between two integers: below the upper one, above the lower one
            plain = int(
                plain.to_integral_value(ROUND_CEILING if how in {"<", ">="} else ROUND_FLOOR)
            )
    if not isinstance(plain, int):
        raise PgValueError("42804", f"a value of another type is not {to.name}")
    if -bound <= plain < bound:
        return codec(to).from_value(plain)
    if how == "store":
        raise PgValueError("22003", f"{to.name} out of range")
    return _beyond(how, is_above=plain > 0)


def _beyond(how: How, *, is_above: bool) -> Beyond:
    if how == "=":
        return Beyond.NEVER
    return Beyond.ABOVE if is_above else Beyond.BELOW
