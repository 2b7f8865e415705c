"""Values of a table as JSON lines carry them, so that each survives exactly.

- Decimals are exact text, bytes are hex, instants milliseconds; what JSON cannot count is text.
- A value that is not of its column's type goes as it is: shaping keeps it in `raw`.

Source: docs/spec/38-in-place.md section 3.
"""

import json
import math
from collections.abc import Callable, Sequence

import msgspec

from sealhold.compute.engine.orders import Field
from sealhold.model.encoding import Plain
from sealhold.model.records import ColumnType

Make = Callable[[object], Plain]


def plain(value: object) -> Plain:
    """Return a value of an SQLite cell for a column of another type."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _text(value: object) -> Plain:
    if isinstance(value, bytes):
        return value.hex()
    return value if value is None or isinstance(value, str) else repr(value)


def _decimal(value: object) -> Plain:
    return repr(value) if isinstance(value, float) and math.isfinite(value) else plain(value)


def _bool(value: object) -> Plain:
    return bool(value) if value in (0, 1) else plain(value)


def _instant(unit: int) -> Make:
    def made(value: object) -> Plain:
        return value * unit if isinstance(value, int) else plain(value)

    return made


def _list(value: object) -> Plain:
    try:
        return json.loads(value) if isinstance(value, str) else plain(value)
    except ValueError:
        return value


def maker(field: Field) -> Make:
    """Return what brings the cells of a column into their form."""
    match ColumnType[field.type]:
        case ColumnType.TEXT:
            return _text
        case ColumnType.DECIMAL:
            return _decimal
        case ColumnType.BOOL:
            return _bool
        case ColumnType.INSTANT:
            return _instant(field.unit)
        case ColumnType.LIST:
            return _list
        case _:
            return plain


def lines(fields: Sequence[Field], rows: Sequence[Sequence[object]]) -> bytes:
    """Return rows as JSON lines."""
    makers = [(field.name, maker(field)) for field in fields]
    told = [
        {name: make(value) for (name, make), value in zip(makers, row, strict=True)} for row in rows
    ]
    return written(told)


def written(rows: Sequence[Plain]) -> bytes:
    """Return rows that are made up already, as JSON lines."""
    try:
        return _ENCODER.encode_lines(rows)
    except (OverflowError, msgspec.MsgspecError):  # a whole number of more than 64 bits in a list
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


_ENCODER = msgspec.json.Encoder()
