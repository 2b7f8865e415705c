"""Values that come with an execution, made what the provider is sent for them.

Source: docs/spec/60-statements.md section 4.
"""

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import by_oid, named
from sealhold.protect.sql.coercing import NUMERIC, Beyond, coerce
from sealhold.protect.sql.plan import Hidden, How

_ABOVE: Final = b"\xff" * 65  # after every term of 64 bytes or fewer
_BELOW: Final = b""  # before every term, and equal to none


def hidden_value(
    hidden: Hidden, parameters: Sequence[bytes | None], settings: Settings, rid: int
) -> bytes | None:
    """Return what the provider is sent for one hidden parameter, in binary form.

    Args:
        hidden: which.
        parameters: the client's, in binary send form of their types.
        settings: of the session.
        rid: the row that a cell is for.

    Raises:
        PgValueError: a value that the column cannot hold.
        TypeRefusedError: one that its technique cannot hold.
    """
    if hidden.expression is not None:
        value = hidden.expression.evaluate((), parameters, settings)
    else:
        value = parameters[hidden.client or 0]
    if value is None:
        return None
    if hidden.is_array:
        return _array(hidden, value)
    return one_value(hidden, value, rid)


def one_value(hidden: Hidden, value: bytes, rid: int) -> bytes | None:
    """Return what the provider is sent for one value."""
    column = hidden.column
    made = coerce(value, hidden.given or column.type, column.type, hidden.how)
    if not isinstance(made, Beyond) and hidden.how != "store":
        made = _within_scale(column, made, hidden.how)
    if isinstance(made, Beyond):
        if made is Beyond.NEVER:
            return column.nothing(hidden.suffix)
        return _ABOVE if made is Beyond.ABOVE else _BELOW
    if hidden.how == "=":
        return column.sought(hidden.suffix, made)
    return column.encode(hidden.suffix, [made], [rid])[0]


def _within_scale(column: Column, value: bytes, how: How) -> bytes | Beyond:
    """Return the neighbour of a number that has more digits than the column's terms."""
    scale = column.policy.scale
    if column.type.oid != NUMERIC or scale is None:
        return value
    number = codec(column.type).to_value(value)
    if not isinstance(number, Decimal) or not number.is_finite():
        return value
    rounded = round_to(number, scale, ROUND_CEILING if how in {"<", ">="} else ROUND_FLOOR)
    if rounded == number:
        return value
    return Beyond.NEVER if how == "=" else codec(column.type).from_value(rounded)


def round_to(number: Decimal, scale: int, rounding: str) -> Decimal:
    """Return a number with `scale` digits after its point."""
    return number.scaleb(scale).to_integral_value(rounding).scaleb(-scale)


def _array(hidden: Hidden, value: bytes) -> bytes:
    """Return an array whose elements are hidden, each by itself."""
    type_ = hidden.column.techniques[hidden.suffix].sql_type
    array = codec(named(type_ + "[]"))
    given = hidden.given or named(hidden.column.type.name + "[]")
    element = by_oid(hidden.column.type.oid)
    source = codec(given)
    single = Hidden(hidden.column, hidden.suffix, 0, element, how=hidden.how)
    inner = codec(element) if element is not None else codec(hidden.column.type)
    items = source.to_value(value)
    made = [
        None if each is None else one_value(single, inner.from_value(each), 0) for each in items
    ]
    stored = codec(named(type_))
    return array.from_value(tuple(None if each is None else stored.to_value(each) for each in made))
