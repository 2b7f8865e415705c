"""The statements of each step of a migration: begin, fill, switch, end.

- Each step is one transaction. What changes names holds the table to itself, for a moment; a client
  that keeps it busy makes the step give way and come again.
- A window is a range of blocks of the table, so no key is needed, and a row that is written goes
  to a block that is looked at later.

Source: docs/spec/61-protecting-a-live-table.md sections 2 and 5.
"""
# ruff: noqa: S608  reason: names are quoted, and values are parameters

from collections.abc import Sequence
from typing import Final

from sealhold.protect.migrating.forms import GONE, MARK, NEW, Move, Way
from sealhold.protect.migrating.looking import There, quoted
from sealhold.protect.pgtypes.types import PgType, array_of, element_of, named, plain
from sealhold.protect.spec import CELL
from sealhold.protect.sql.names import ORDER, RID, WAS

PATIENCE: Final = "SET LOCAL lock_timeout = '3s'"  # others wait behind us as long
BY_PLACE: Final = (  # a row is found by its place in the table, never by going through it
    "SET enable_hashjoin = off", "SET enable_mergejoin = off", "SET enable_material = off",
)  # fmt: skip
BLOCKS: Final = (
    "SELECT (pg_catalog.pg_relation_size($1::oid::regclass)"
    " / current_setting('block_size')::bigint)::text"
)
COMMENTS: Final = (
    "SELECT a.attname::text, pg_catalog.col_description(a.attrelid, a.attnum)"
    " FROM pg_catalog.pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped"
    " AND pg_catalog.col_description(a.attrelid, a.attnum) IS NOT NULL"
)


def table_of(move: Move) -> str:
    """Return the table as it stands in SQL."""
    return f"{quoted(move.schema)}.{quoted(move.table)}"


def lock(move: Move) -> str:
    """Return what holds a table for ourselves."""
    return f"LOCK TABLE ONLY {table_of(move)} IN ACCESS EXCLUSIVE MODE"


def begin(move: Move, order: Sequence[str]) -> list[str]:
    """Return what puts both forms side by side.

    `order` are the client's columns, in order; none if the table says already what that is.
    """
    table = table_of(move)
    made = [_rename(table, name, WAS + name) for name in move.sources()]
    if move.is_back:
        made += [_rename(table, GONE + name, NEW + name) for name in move.targets()]
    else:
        added = [f"ADD COLUMN {quoted(NEW + name)} {kind}" for name, kind in move.types().items()]
        if move.way is Way.IN:
            added.append(f"ADD COLUMN {RID} bigint UNIQUE")
        made.append(f"ALTER TABLE {table} {', '.join(added)}")
        if order:
            names = ",".join(name.encode().hex() for name in order)
            made.append(f"COMMENT ON COLUMN {table}.{RID} IS '{ORDER}{names}'")
    made.append(f"ALTER TABLE {table} ADD COLUMN {MARK} boolean")
    return made


def window(move: Move, *, waits: bool = False) -> str:
    """Return what reads and locks the rows of a window that are not done: place, number, values."""
    columns = ", ".join(quoted(WAS + name) for name in _read(move))
    rest = "" if waits else " SKIP LOCKED"
    return (
        f"SELECT ctid, {RID}, {columns} FROM ONLY {table_of(move)}"
        f" WHERE ctid >= $1 AND ctid < $2 AND {MARK} IS NOT TRUE FOR UPDATE{rest}"
    )


def done(move: Move) -> str:
    """Return what reads the rows of a window that are done, in both forms, to be compared."""
    old = [quoted(WAS + name) for name in _read(move)]
    new = [quoted(NEW + name) for name in move.targets()]
    return (
        f"SELECT {RID}, {', '.join([*old, *new])} FROM ONLY {table_of(move)}"
        f" WHERE ctid >= $1 AND ctid < $2 AND {MARK}"
    )


def fill(move: Move) -> tuple[str, list[int]]:
    """Return what writes rows by their places, from one array for each column; and its types."""
    types = move.types()
    sets = [f"{MARK} = true", f"{RID} = v.r"] if move.way is Way.IN else [f"{MARK} = true"]
    arrays = ["$1::tid[]", "$2::bigint[]"]
    oids = [1010, 1016]
    names = ["t", "r"]
    for at, (name, kind) in enumerate(types.items()):
        sent = sent_as(kind)
        arrays.append(f"${at + 3}::pg_catalog.{sent.name}[]")
        oids.append(array_of(sent).oid)
        names.append(f"v{at}")
        sets.append(f"{quoted(NEW + name)} = CAST(v.v{at} AS {kind})")
    return (
        f"UPDATE ONLY {table_of(move)} t SET {', '.join(sets)}"
        f" FROM unnest({', '.join(arrays)}) v ({', '.join(names)})"
        f" WHERE t.ctid = v.t AND t.{MARK} IS NOT TRUE"
    ), oids


def sent_as(kind: str) -> PgType:
    """Return the type that values of a type are sent as, in arrays: an array as text."""
    type_ = plain(named(kind))
    return named("text") if element_of(type_) is not None else type_


def left(move: Move) -> str:
    """Return what counts the rows that are not done."""
    return f"SELECT count(*)::text FROM ONLY {table_of(move)} WHERE {MARK} IS NOT TRUE"


def counts(move: Move) -> str:
    """Return what counts rows, those that are done, and values that one form has alone."""
    torn = " OR ".join(
        f"({quoted(WAS + move.source(each)[CELL])} IS NULL)"
        f" <> ({quoted(NEW + move.target(each)[CELL])} IS NULL)"
        for each in move.changes
    )
    return (
        f"SELECT count(*)::text, count(*) FILTER (WHERE {MARK})::text,"
        f" count(*) FILTER (WHERE {MARK} AND ({torn}))::text FROM ONLY {table_of(move)}"
    )


def switch(move: Move, there: Sequence[There]) -> list[str]:
    """Return what lets the new form stand for the table. Keys are dropped before, and made after.

    Unless what was is the clear, it goes at once: every row was opened and compared.
    """
    table = table_of(move)
    kept = {each.name for each in there if each.is_not_null}
    made = []
    for change in move.changes:
        was, new = move.source(change), move.target(change)
        made += [
            f"ALTER TABLE {table} ALTER COLUMN {quoted(WAS + name)} DROP NOT NULL"
            for name in was.values()
            if WAS + name in kept
        ]
        if WAS + was[CELL] in kept:
            made.append(f"ALTER TABLE {table} ALTER COLUMN {quoted(NEW + new[CELL])} SET NOT NULL")
    made += [_rename(table, WAS + name, GONE + name) for name in move.sources()]
    made += [_rename(table, NEW + name, name) for name in move.targets()]
    made.append(f"ALTER TABLE {table} DROP COLUMN {MARK}")
    if move.way is Way.IN:
        made.append(f"ALTER TABLE {table} ALTER COLUMN {RID} SET NOT NULL")
    else:
        made += finish(move)
    if move.is_back:
        made.append(f"ALTER TABLE {table} DROP COLUMN {RID}")
    return made


def comment(move: Move, name: str, text: str) -> str:
    """Return what says something of a column; the text has no quotes in it."""
    return f"COMMENT ON COLUMN {table_of(move)}.{quoted(name)} IS '{text}'"


def finish(move: Move) -> list[str]:
    """Return what drops the form that was."""
    gone = ", ".join(f"DROP COLUMN IF EXISTS {quoted(GONE + name)}" for name in move.sources())
    return [f"ALTER TABLE {table_of(move)} {gone}"]


def _read(move: Move) -> list[str]:
    """Return what a row is made of: values, or cells."""
    return [move.source(each)[CELL] for each in move.changes]


def _rename(table: str, old: str, new: str) -> str:
    return f"ALTER TABLE {table} RENAME COLUMN {quoted(old)} TO {quoted(new)}"
