"""What rows are, by what stands in them: columns with types, a key, a time.

- A column has the type that all its values have; where they differ it is text, and what is none
  stays in `raw`. Guessed is from a sample, and the owner may say otherwise.

Source: docs/spec/37-live.md section 6.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sealhold.compute.live.saying import LONGEST_NAME
from sealhold.connectors.times import parse_time
from sealhold.model.encoding import Plain
from sealhold.model.records import ColumnType

MAX_COLUMNS: Final = 256
KEYS: Final = ("id", "_id", "uuid", "guid", "uid", "key", "name")  # what rows are mostly called by


def guessed(
    cells: Sequence[Mapping[str, Plain]],
) -> tuple[list[tuple[str, str, bool]], list[str], str]:
    """Return columns (name, type, whether every row has it), key and time of rows."""
    names = list(dict.fromkeys(name for row in cells for name in row if _is_name(name)))
    columns = []
    for name in names[:MAX_COLUMNS]:
        values = [row[name] for row in cells if row.get(name) is not None]
        columns.append((name, _type(values).name, len(values) == len(cells)))
    kept = {name for name, _, is_everywhere in columns if is_everywhere}
    key = next((name for name in KEYS if name in kept and _is_key(cells, name)), "")
    time = next((name for name, kind, _ in columns if kind == ColumnType.INSTANT.name), "")
    return columns, [key] if key else [], time


def is_of(value: Plain, kind: str) -> bool:
    """Return whether a value is of a type."""
    return value is None or kind in _kinds(value)


def _is_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable() and '"' not in name


def _type(values: Sequence[Plain]) -> ColumnType:
    common = set(ColumnType.__members__)
    for value in values:
        common &= _kinds(value)
    for kind in (ColumnType.BOOL, ColumnType.INTEGER, ColumnType.FLOAT, ColumnType.INSTANT):
        if values and kind.name in common:
            return kind
    return ColumnType.LIST if values and ColumnType.LIST.name in common else ColumnType.TEXT


def _kinds(value: Plain) -> set[str]:
    """Return the types that a value fits."""
    match value:
        case bool():
            return {"BOOL"}
        case int():
            return {"INTEGER", "FLOAT", "DECIMAL"}
        case float():
            return {"FLOAT"}
        case str():
            return {"TEXT", "DECIMAL"} | ({"INSTANT"} if parse_time(value) else set())
        case _:
            return {"LIST"}


def _is_key(cells: Sequence[Mapping[str, Plain]], name: str) -> bool:
    values = [row[name] for row in cells]
    is_plain = all(type(value) in (str, int) for value in values)
    return is_plain and len(set(values)) == len(values)
