"""What a table is like at the provider, and what of it a migration has to care for.

- What the provider computes from a value (a default, a CHECK, a generated column, a trigger, a
  view, an index over an expression) cannot go on over cells: the owner takes it away first.
- Keys and plain indexes move to terms, or back. Those that no term answers are named, and go.

Source: docs/spec/61-protecting-a-live-table.md section 6; PostgreSQL 15, system catalogues.
"""
# ruff: noqa: S608  reason: all parts of these texts are of this file

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.migrating.asking import Row
from sealhold.protect.migrating.forms import GONE, NEW, Move
from sealhold.protect.pgtypes.types import spelled
from sealhold.protect.spec import Op
from sealhold.protect.sql.names import WAS

BESIDE: Final = frozenset({"words", "range-hidden"})
Ask = Callable[[str, Sequence[int], Sequence[bytes | None]], list[Row]]
TEXT: Final = 25
_OF: Final = (
    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
    " WHERE n.nspname = $1 AND t.relname = $2"
)
_TABLE: Final = (
    "SELECT t.oid::text, t.relkind::text, t.reltuples::bigint::text,"
    " pg_catalog.pg_total_relation_size(t.oid)::text,"
    " (t.relispartition OR EXISTS (SELECT FROM pg_catalog.pg_inherits i"
    "  WHERE t.oid IN (i.inhrelid, i.inhparent)))::text FROM pg_catalog.pg_class t" + _OF
)
_COLUMNS: Final = (
    "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull::text,"
    " (a.atthasdef OR a.attidentity <> '')::text FROM pg_catalog.pg_class t"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped"
    + _OF
    + " ORDER BY a.attnum"
)
_NAMES: Final = (
    "(SELECT string_agg(encode(convert_to(a.attname, 'UTF8'), 'hex'), ',' ORDER BY k.at)"
    " FROM unnest({keys}) WITH ORDINALITY k (number, at) JOIN pg_catalog.pg_attribute a"
    " ON a.attrelid = {of} AND a.attnum = k.number)"
)
_CONSTRAINTS: Final = (
    "SELECT c.conname::text, c.contype::text, "
    + _NAMES.format(keys="c.conkey", of="c.conrelid")
    + ", c.condeferrable::text, c.condeferred::text FROM pg_catalog.pg_class t"
    " JOIN pg_catalog.pg_constraint c ON c.conrelid = t.oid" + _OF + " ORDER BY c.oid"
)
_REFERRING: Final = (
    "SELECT c.conname::text, "
    + _NAMES.format(keys="c.confkey", of="c.confrelid")
    + " FROM pg_catalog.pg_class t JOIN pg_catalog.pg_constraint c ON c.confrelid = t.oid"
    + _OF
)
_INDEXES: Final = (
    "SELECT x.relname::text, i.indisunique::text, "
    + _NAMES.format(keys="i.indkey", of="i.indrelid")
    + ", (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indnkeyatts < i.indnatts)::text,"
    " pg_catalog.pg_get_indexdef(i.indexrelid) FROM pg_catalog.pg_class t"
    " JOIN pg_catalog.pg_index i ON i.indrelid = t.oid"
    " JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid"
    + _OF
    + " AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint c"
    " WHERE c.conindid = i.indexrelid AND c.contype IN ('p', 'u', 'x')) ORDER BY x.oid"
)
_RULED: Final = (
    "SELECT 'trigger ' || g.tgname FROM pg_catalog.pg_class t JOIN pg_catalog.pg_trigger g"
    " ON g.tgrelid = t.oid AND NOT g.tgisinternal"
    + _OF
    + " UNION ALL SELECT 'row policy ' || p.polname FROM pg_catalog.pg_class t"
    " JOIN pg_catalog.pg_policy p ON p.polrelid = t.oid" + _OF
)
_VIEWS: Final = (
    "SELECT DISTINCT v.relname::text, encode(convert_to(a.attname, 'UTF8'), 'hex')"
    " FROM pg_catalog.pg_class t JOIN pg_catalog.pg_depend d ON d.refobjid = t.oid"
    " AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0"
    " JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::regclass"
    " AND d.objid = r.oid JOIN pg_catalog.pg_class v ON v.oid = r.ev_class"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid" + _OF
)


@dataclass(frozen=True, slots=True)
class There:
    """One column at the provider."""

    name: str
    type: str
    is_not_null: bool
    is_computed: bool  # has a default, is generated, or an identity


@dataclass(frozen=True, slots=True)
class Key:
    """A key or index over columns of a migration, in the client's names."""

    name: str
    kind: str  # p, u: constraints; U, i: indexes, of which U is unique
    columns: tuple[str, ...]
    ending: str = ""  # of a constraint: whether it is checked at the end

    def ddl(self, table: str) -> str:
        """Return what makes it, in the client's names; `table` is quoted."""
        names = ", ".join(map(quoted, self.columns))
        if self.kind in "pu":
            what = "PRIMARY KEY" if self.kind == "p" else "UNIQUE"
            return (
                f"ALTER TABLE {table} ADD CONSTRAINT {quoted(self.name)} {what} ({names})"
                f"{self.ending}"
            )
        unique = "UNIQUE " if self.kind == "U" else ""
        return f"CREATE {unique}INDEX {quoted(self.name)} ON {table} ({names})"


@dataclass(frozen=True, slots=True)
class Looked:
    """A table as it is at the provider."""

    oid: int
    rows: int  # by the provider's estimate
    bytes: int
    columns: tuple[There, ...]
    keys: tuple[Key, ...]  # that a migration moves
    in_the_way: tuple[str, ...]  # what the owner takes away first

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns, in order."""
        return tuple(each.name for each in self.columns)


# THREAT T696: what stands over the columns is named, and nothing is begun then
def look(ask: Ask, move: Move) -> Looked:
    """Return what a table is like.

    Raises:
        DatabaseAwayError: the connection is gone.
    """

    def rows(sql: str) -> list[list[str]]:
        given = (move.schema.encode(), move.table.encode())
        return [[(each or b"").decode() for each in row] for row in ask(sql, (TEXT, TEXT), given)]

    found = rows(_TABLE)
    if not found:
        return Looked(0, 0, 0, (), (), (f'there is no table "{move.table}" at the provider',))
    oid, kind, count, size, is_parted = found[0]
    columns = tuple(
        There(name, type_, is_not_null == "true", is_computed == "true")
        for name, type_, is_not_null, is_computed in rows(_COLUMNS)
    )
    ours = _logical(move)
    keys, wrong = _constraints(rows(_CONSTRAINTS), ours)
    more, wrong_too = _indexes(rows(_INDEXES), ours)
    wrong += wrong_too
    if kind != "r" or is_parted == "true":
        wrong.append("it is no ordinary table, or one that inherits")
    wrong += [f"{what}: it would read or write cells" for (what,) in rows(_RULED)]
    wrong += [
        f"view {view} shows {ours[_name(column)]}: drop it"
        for view, column in rows(_VIEWS)
        if _name(column) in ours
    ]
    wrong += [
        f"foreign key {name} refers to {ours[each]}: drop it, and make it again afterwards"
        for name, referred in rows(_REFERRING)
        for each in _names(referred)
        if each in ours
    ]
    wrong += [
        f'column "{each.name}" is found by words or hidden ranges, which a migration does not write'
        for each in move.columns
        if BESIDE & each.beside.keys()
    ]
    if not move.is_back:
        wrong += _mistyped(columns, move)
    if any(each.guard is not None for each in move.columns):
        wrong.append("its rows get tags, which no migration makes: COPY it into a new table")
    return Looked(int(oid), int(count), int(size), columns, (*keys, *more), tuple(wrong))


def lost(keys: Sequence[Key], columns: Sequence[Column]) -> list[Key]:
    """Return keys that no term of the columns can hold."""
    by_name = {each.name: each for each in columns}
    found = []
    for key in keys:
        ops = (Op.GROUP,) if key.kind in "puU" else (Op.EQUAL, Op.RANGE)
        for each in key.columns:
            column = by_name.get(each)
            if column is None:
                continue
            techniques = [one for op in ops if (one := column.answering(op)) is not None]
            if not techniques or (key.kind in "puU" and column.policy.bits):
                found.append(key)
                break
    return found


def quoted(name: str) -> str:
    """Return a name as it stands in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _mistyped(columns: Sequence[There], move: Move) -> list[str]:
    by_name = {each.name.removeprefix(WAS): each for each in columns}
    wrong = []
    for change in move.changes:
        column, there = change.column, by_name.get(change.name)
        if change.was is not None:
            if change.will is not None and change.was.type != change.will.type:
                wrong.append(f'column "{column.name}" would change its type')
        elif there is None:
            wrong.append(f'there is no column "{column.name}"')
        elif there.type != spelled(column.type):
            wrong.append(f'column "{column.name}" is {there.type}, the policy says otherwise')
        elif there.is_computed:
            wrong.append(f'column "{column.name}" has a default or is computed: drop that')
    wrong += [f'the name "{name}" is too long' for name in move.too_long()]
    return wrong


def _logical(move: Move) -> dict[str, str]:
    """Return which column of the client each name of a migration stands for, at any time of it."""
    found = {}
    for change in move.changes:
        for name in {*move.source(change).values()}:
            for prefix in ("", WAS, GONE):
                found[prefix + name] = change.name
        for name in move.target(change).values():
            found[NEW + name] = change.name
    return found


def _constraints(
    rows: Sequence[Sequence[str]], ours: dict[str, str]
) -> tuple[list[Key], list[str]]:
    keys, wrong = [], []
    for name, kind, given, is_deferrable, is_deferred in rows:
        names = _names(given)
        touched = [each for each in names if each in ours]
        if not touched:
            continue
        if kind not in "pu":
            what = {"c": "CHECK", "f": "foreign key"}.get(kind, "constraint")
            wrong.append(f"{what} {name} is over {ours[touched[0]]}: drop it")
            continue
        ending = " DEFERRABLE" * (is_deferrable == "true")
        ending += " INITIALLY DEFERRED" * (is_deferred == "true")
        keys.append(Key(name, kind, tuple(ours.get(each, each) for each in names), ending))
    return keys, wrong


def _indexes(rows: Sequence[Sequence[str]], ours: dict[str, str]) -> tuple[list[Key], list[str]]:
    keys: list[Key] = []
    wrong = []
    for name, is_unique, given, is_more, text in rows:
        names = _names(given)
        if is_more == "true":
            if any(each in text for each in ours):  # a word of it: rather one too many
                wrong.append(f"index {name} is over an expression, or has a condition: drop it")
            continue
        if any(each in ours for each in names):
            columns = tuple(ours.get(each, each) for each in names)
            keys.append(Key(name, "U" if is_unique == "true" else "i", columns))
    return keys, wrong


def _names(given: str) -> list[str]:
    return [_name(each) for each in given.split(",") if each]


def _name(given: str) -> str:
    return bytes.fromhex(given).decode()
