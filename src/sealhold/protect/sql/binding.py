"""The values of one execution: the client's, made what the provider's statement takes.

- A clear value goes as it came, in its format. What the proxy makes is in binary form.
- A text of the client becomes binary first, as its type reads it under the session's settings.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.pgtypes.types import PgType, named
from sealhold.protect.sql.hiding import hidden_value
from sealhold.protect.sql.plan import (
    Given,
    Hidden,
    Known,
    Made,
    Parameter,
    Query,
    Row,
    RowTag,
    Version,
)
from sealhold.protect.sql.wire import BINARY, TEXT, format_of

rid_cell = struct.Struct(">q").pack  # a row number in binary form
_BIGINT: Final = 20
NOTHING: Final[Mapping[int, bytes]] = {}


@dataclass(frozen=True, slots=True)
class Values:
    """What a client bound: its values and their formats."""

    cells: tuple[bytes | None, ...] = ()
    formats: tuple[int, ...] = ()


def opened_values(query: Query, values: Values, settings: Settings) -> list[bytes | None]:
    """Return the client's values in binary form, as far as their types are known.

    Raises:
        PgValueError: a value is none of its type.
        TypeRefusedError: one in a form that the proxy does not read.
        WireError: too many values for their formats.
    """
    types = query.types
    made: list[bytes | None] = []
    for at, cell in enumerate(values.cells):
        type_ = types[at] if at < len(types) else None
        if cell is not None and type_ is not None:
            form = codec(_plain(type_))
            if format_of(values.formats, at) == TEXT:
                cell = form.to_binary(cell, settings)  # noqa: PLW2901  reason: another form of it
            elif any(_is_seen(each, at) for each in query.parameters):
                cell = form.checked(cell)  # noqa: PLW2901  reason: as above
        made.append(cell)
    return made


def needed(query: Query) -> int:
    """Return how many values a client must give."""
    used = [len(query.types)]
    for each in query.parameters:
        source = each.source
        if isinstance(source, (Given, Hidden)) and source.client is not None:
            used.append(source.client + 1)
    return max(used)


def bound(
    query: Query,
    values: Values,
    rids: Sequence[int],
    settings: Settings,
    made: Mapping[int, bytes] = NOTHING,
    version: int = 0,
) -> tuple[list[int], list[bytes | None]]:
    """Return formats and values for the provider.

    Args:
        query: the statement.
        values: the client's.
        rids: the numbers of rows that this execution makes.
        settings: of the session.
        made: arrays of a rewriting, by number of the parameter.
        version: of rows that are tagged.

    Raises:
        PgValueError: a value that its column cannot hold, or fewer values than it takes.
        TypeRefusedError: one that a technique cannot hold.
    """
    if len(values.cells) < needed(query):
        count, most = len(values.cells), needed(query)
        said = f"bind message supplies {count} parameters, but prepared statement requires {most}"
        raise PgValueError("08P01", said)
    needs = any(isinstance(each.source, Hidden) for each in query.parameters)
    opened = opened_values(query, values, settings) if needs else []
    formats: list[int] = []
    cells: list[bytes | None] = []
    for at, each in enumerate(query.parameters):
        source = each.source
        format_, cell = BINARY, None
        match source:
            case Given(client):
                format_, cell = format_of(values.formats, client), values.cells[client]
            case Hidden():
                rid = 0 if source.row is None else rids[source.row]
                cell = hidden_value(source, opened, settings, rid)
            case Row(row):
                cell = rid_cell(rids[row])
            case Known(value):
                cell = value
            case Made():
                cell = made[at]
            case Version():
                cell = rid_cell(version)
            case RowTag():  # all that it covers stands before it
                tags, rid = source.guard.tags, rids[source.row]
                covered = [None if place is None else cells[place] for place in source.places]
                cell = tags.tag(rid, version, covered)
        formats.append(format_)
        cells.append(cell)
    return formats, cells


def arrays(
    parameters: Sequence[Parameter],
    columns: Sequence[Column],
    values: Sequence[Sequence[bytes | None]],
    rids: Sequence[int],
) -> dict[int, bytes]:
    """Return the arrays of a rewriting, by number of the parameter.

    Args:
        parameters: of the statement that changes the rows.
        columns: that are set.
        values: for each of them, the value of each row.
        rids: the number of each row.
    """
    made: dict[int, bytes] = {}
    for at, each in enumerate(parameters):
        source = each.source
        if not isinstance(source, Made):
            continue
        if source.assignment is None:
            made[at] = array(_BIGINT, [rid_cell(rid) for rid in rids])
            continue
        column = columns[source.assignment]
        cells = column.encode(source.suffix, values[source.assignment], rids)
        made[at] = array(named(column.techniques[source.suffix].sql_type).oid, cells)
    return made


def array(oid: int, items: Sequence[bytes | None]) -> bytes:
    """Return an array of one dimension in binary form."""
    if not items:
        return struct.pack(">iiI", 0, 0, oid)
    head = struct.pack(">iiIii", 1, int(None in items), oid, len(items), 1)
    parts = [head]
    for each in items:
        parts.append(struct.pack(">i", -1 if each is None else len(each)))
        if each is not None:
            parts.append(each)
    return b"".join(parts)


def _is_seen(parameter: Parameter, client: int) -> bool:
    source = parameter.source
    return isinstance(source, Hidden) and (source.client == client or source.client is None)


def _plain(type_: PgType) -> PgType:
    """Return a type without its modifier: a value that is compared is not cut by it."""
    return type_ if type_.typmod == -1 else replace(type_, typmod=-1)
