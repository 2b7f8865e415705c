"""Reads a live PostgreSQL's catalogue: what is asked, and what the answers say of its tables.

- Names, types, keys and references come from the catalogue, never from a table: no row is read.
- Counts are asked for only if the owner says so. They are the server's estimates (`pg_stats`):
  how many values there are and how wide; the common values that lie beside them are not asked for.
- Nothing that somebody gives is put into a question.

Source: docs/spec/16-protection-policy.md section 7; PostgreSQL 15, chapter 53.
"""
# ruff: noqa: S608  reason: all parts are constants of this file

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from sealhold.model.errors import WireError
from sealhold.protect.livecatalogue import LiveColumn, LiveTable, Reference
from sealhold.protect.sql.names import Cells

_ITS_OWN: Final = (
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
    " AND n.nspname NOT LIKE 'pg\\_%'"
)
_HOLDER: Final = "pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
RELATIONS: Final = (
    "SELECT n.nspname, c.relname, CASE WHEN c.relispartition THEN 'partition'"
    " WHEN c.relkind IN ('r', 'p') THEN 'table' WHEN c.relkind = 'f' THEN 'foreign table'"
    f" ELSE 'view' END FROM {_HOLDER}"
    f" WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {_ITS_OWN} ORDER BY 1, 2"
)
COLUMNS: Final = (
    "SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),"
    f" (a.attgenerated <> '')::text FROM {_HOLDER}"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
    " WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')"
    f" AND {_ITS_OWN} ORDER BY 1, 2, a.attnum"
)
_NAMED: Final = (
    "(SELECT pg_catalog.json_agg(a.attname ORDER BY k.at)::text"
    " FROM pg_catalog.unnest({numbers}) WITH ORDINALITY k(number, at)"
    " JOIN pg_catalog.pg_attribute a ON a.attrelid = {of} AND a.attnum = k.number)"
)
KEYS: Final = (
    "SELECT n.nspname, c.relname, i.indisprimary::text, "
    + _NAMED.format(numbers="i.indkey[0:i.indnkeyatts - 1]", of="c.oid")
    + f" FROM {_HOLDER} JOIN pg_catalog.pg_index i ON i.indrelid = c.oid"
    " WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL"
    f" AND {_ITS_OWN} ORDER BY 1, 2, i.indexrelid"
)
REFERENCES: Final = (
    "SELECT n.nspname, c.relname, "
    + _NAMED.format(numbers="f.conkey", of="c.oid")
    + ", m.nspname, t.relname, "
    + _NAMED.format(numbers="f.confkey", of="t.oid")
    + f" FROM {_HOLDER} JOIN pg_catalog.pg_constraint f ON f.conrelid = c.oid"
    " JOIN pg_catalog.pg_class t ON t.oid = f.confrelid"
    " JOIN pg_catalog.pg_namespace m ON m.oid = t.relnamespace"
    f" WHERE f.contype = 'f' AND {_ITS_OWN} ORDER BY 1, 2, f.oid"
)
ROWS: Final = (
    f"SELECT n.nspname, c.relname, c.reltuples::bigint::text FROM {_HOLDER}"
    f" WHERE c.relkind IN ('r', 'p') AND c.reltuples >= 0 AND {_ITS_OWN}"
)
WIDTHS: Final = (
    "SELECT s.schemaname, s.tablename, s.attname, s.n_distinct::text, s.avg_width::text"
    " FROM pg_catalog.pg_stats s WHERE NOT s.inherited"
    " AND s.schemaname NOT IN ('pg_catalog', 'information_schema')"
)
# THREAT T629: neither a row nor a value of one is asked for, the common values of pg_stats neither
ASKED: Final = (RELATIONS, COLUMNS, KEYS, REFERENCES)
ASKED_TOO: Final = (ROWS, WIDTHS)  # if counts are wanted
LONGEST: Final = 8_192  # characters of a cell: 32 names of 63 bytes, with what JSON adds
GREATEST: Final = 1e15  # rows, or values: a table has 2^32 pages of at most 291 rows

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveCatalogue:
    """What a live database says of its tables."""

    tables: tuple[LiveTable, ...]
    others: tuple[tuple[str, str], ...]  # name and kind of each relation that is no whole table


def read_live(answers: Sequence[Sequence[Cells]], schemas: Collection[str]) -> LiveCatalogue:
    """Return what the answers to ASKED, and to ASKED_TOO if they are there, say of some schemas.

    Raises:
        WireError: they are no such answers.
    """
    try:
        return _Reading(answers, schemas).catalogue()
    except (IndexError, ValueError, msgspec.DecodeError) as err:
        raise WireError("a catalogue out of form") from err


class _Reading:
    """The answers on their way."""

    def __init__(self, answers: Sequence[Sequence[Cells]], schemas: Collection[str]) -> None:
        relations, columns, keys, references, *counts = (
            [tuple(_bounded(cell or "") for cell in row) for row in rows] for rows in answers
        )
        rows, widths = counts or ([], [])
        self._relations = [each for each in relations if each[0] in schemas]
        if len({each[:2] for each in self._relations}) < len(self._relations):
            raise WireError("a catalogue that names a table twice")
        self._columns = _by_table(columns)
        self._keys = _by_table(keys)
        self._references = _by_table(references)
        self._rows = {(row[0], row[1]): round(_count(row[2])) for row in rows}
        self._widths = {
            (row[0], row[1], row[2]): (_count(row[3]), round(_count(row[4]))) for row in widths
        }

    def catalogue(self) -> LiveCatalogue:
        """Return all of it."""
        return LiveCatalogue(
            tables=tuple(
                self._table((schema, name))
                for schema, name, kind in self._relations
                if kind == "table"
            ),
            others=tuple(
                (f"{schema}.{name}", kind)
                for schema, name, kind in self._relations
                if kind != "table"
            ),
        )

    def _table(self, key: _Key) -> LiveTable:
        primary = [_names(names) for is_primary, names in self._keys[key] if is_primary == "true"]
        others = [_names(names) for is_primary, names in self._keys[key] if is_primary != "true"]
        return LiveTable(
            name=key[1],
            schema=key[0],
            columns=tuple(self._its_columns(key)),
            key=primary[0] if primary else (),
            unique=tuple(others),
            references=tuple(
                Reference(columns=_names(own), schema=schema, table=table, targets=_names(theirs))
                for own, schema, table, theirs in self._references[key]
            ),
            rows=self._rows.get(key),
        )

    def _its_columns(self, key: _Key) -> Iterator[LiveColumn]:
        for name, type_, is_generated in self._columns[key]:
            distinct, width = self._widths.get((*key, name), (None, None))
            yield LiveColumn(
                name=name,
                type=type_,
                is_generated=is_generated == "true",
                distinct=distinct,
                width=width,
            )


def _bounded(cell: str) -> str:
    if len(cell) > LONGEST:
        raise WireError("a catalogue with too long a name")
    return cell


def _count(said: str) -> float:
    number = float(said)
    if not -GREATEST <= number <= GREATEST:
        raise WireError("a catalogue with a count that is none")
    return number


def _by_table(rows: Sequence[tuple[str, ...]]) -> defaultdict[_Key, list[tuple[str, ...]]]:
    found: defaultdict[_Key, list[tuple[str, ...]]] = defaultdict(list)
    for schema, name, *rest in rows:
        found[schema, name].append(tuple(rest))
    return found


def _names(array: str) -> tuple[str, ...]:
    return tuple(msgspec.json.decode(array, type=list[str]))
