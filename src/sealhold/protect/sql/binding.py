"""The values of one execution: the client's, made what the provider's statement takes.

- A clear value goes as it came, in its format. What the proxy makes is in binary form.
- A text of the client becomes binary first, as its type reads it under the session's settings.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from sealhold.protect.columns import Column
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.form import Settings
from sealhold.protect.pgtypes.types import named
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
from sealhold.protect.sql.recipes import recipe_of
from sealhold.protect.sql.wire import BINARY, TEXT, format_of

rid_cell = struct.Struct(">q").pack  # a row number in binary form
_BIGINT: Final = 20
NOTHING: Final[Mapping[int, bytes | None]] = {}


class Values(NamedTuple):
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
    recipe = recipe_of(query)
    forms, seen, formats = recipe.forms, recipe.seen, values.formats
    made: list[bytes | None] = []
    for at, cell in enumerate(values.cells):
        form = forms[at] if at < len(forms) else None
        if cell is None or form is None:
            made.append(cell)
        elif (format_of(formats, at) if formats else TEXT) == TEXT:
            made.append(form.to_binary(cell, settings))
        else:
            made.append(form.checked(cell) if seen[at] else cell)
    return made


def needed(query: Query) -> int:
    """Return how many values a client must give."""
    return recipe_of(query).needed


def bound(
    query: Query,
    values: Values,
    rids: Sequence[int],
    settings: Settings,
    made: Mapping[int, bytes | None] = NOTHING,
    version: int = 0,
) -> tuple[Sequence[int], list[bytes | None]]:
    """Return formats and values for the provider.

    Args:
        query: the statement.
        values: the client's.
        rids: the numbers of rows that this execution makes.
        settings: of the session.
        made: arrays of a rewriting, or of what a search found, by number of the parameter.
        version: of rows that are tagged.

    Raises:
        PgValueError: a value that its column cannot hold, or fewer values than it takes.
        TypeRefusedError: one that a technique cannot hold.
    """
    recipe = recipe_of(query)
    if len(values.cells) < recipe.needed:
        count, most = len(values.cells), recipe.needed
        said = f"bind message supplies {count} parameters, but prepared statement requires {most}"
        raise PgValueError("08P01", said)
    opened = opened_values(query, values, settings) if recipe.hides else []
    cells: list[bytes | None] = []
    for at, source in enumerate(recipe.sources):
        if isinstance(source, Hidden):
            rid = 0 if source.row is None else rids[source.row]
            cells.append(hidden_value(source, opened, settings, rid))
        elif isinstance(source, Given):
            cells.append(values.cells[source.client])
        elif isinstance(source, Row):
            cells.append(rid_cell(rids[source.row]))
        elif isinstance(source, Version):
            cells.append(rid_cell(version))
        elif isinstance(source, RowTag):  # all that it covers stands before it
            covered = [None if place is None else cells[place] for place in source.places]
            cells.append(source.guard.tags.tag(rids[source.row], version, covered))
        else:
            cells.append(source.value if isinstance(source, Known) else made[at])
    if not recipe.given:
        return (BINARY,), cells
    return [
        format_of(values.formats, each.client) if isinstance(each, Given) else BINARY
        for each in recipe.sources
    ], cells


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
