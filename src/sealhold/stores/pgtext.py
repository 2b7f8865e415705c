"""The SQL of a declared table as PostgreSQL takes it, made once per table.

- Names come from a declaration that was checked, and get a prefix: no declared name can be a word
  of SQL or meet a name of the backend's own. Values are always parameters.
- Keys compare as unsigned bytes: `bytea`, and text under the collation "C".
- Many rows go as one array for each column; an array of arrays cannot go wrong in length unseen.

Source: docs/spec/04-stores.md section 10.
"""
# ruff: noqa: S608  # text is put together here and nowhere else, from checked names alone

from collections.abc import Iterable, Sequence

from sealhold.stores.spec import ColumnKind
from sealhold.stores.tables import KEY, Table

_TYPES = {
    ColumnKind.ID16: "bytea",
    ColumnKind.TAG16: "bytea",
    ColumnKind.HASH32: "bytea",
    ColumnKind.SEALED: "bytea",
    ColumnKind.CODE: "text",
    ColumnKind.I64: "bigint",
    ColumnKind.DAY: "bigint",
    ColumnKind.FLAG: "boolean",
}
_VERSION = "v bigint NOT NULL"
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"  # of a schema, by its name


class PgText:
    """The statements of one table. Where a row is a parameter, it stands whole and first."""

    def __init__(self, table: Table, schema: str, kind: str = "t") -> None:
        name, columns = f"{schema}.{kind}_{table.spec.name}", table.columns
        types = [_TYPES[kind] for kind in table.row.kinds]
        marks = {column: f"${at}" for at, column in enumerate(columns, 1)}
        keys = [_c(column) for column in table.spec.key]
        key_types = [types[columns.index(column)] for column in table.spec.key]
        by_row = _all(f"{_c(column)} = {marks[column]}" for column in table.spec.key)
        by_key = _all(f"{column} = ${at}" for at, column in enumerate(keys, 1))
        rest = [column for column in columns if column not in table.spec.key]
        given = ", ".join([*(f"{_c(c)} = {marks[c]}" for c in rest), "v = t.v + 1"])
        taken = ", ".join([*(f"{_c(c)} = excluded.{_c(c)}" for c in rest), "v = t.v + 1"])
        past_row, past_key = len(columns) + 1, len(keys) + 1
        arrays = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(types, 1))
        values = f"INSERT INTO {name} AS t SELECT u.*, 1 FROM unnest({arrays}) AS u"
        conflict = f"ON CONFLICT ({', '.join(keys)})"
        self._name, self._by_key, self._keys = name, by_key, keys
        self._indexes, self._orders = table.indexes, table.orders
        self.name = name
        self.creates = _creates(table, schema)
        self.insert = f"{values} {conflict} DO NOTHING"
        self.upsert = f"{values} {conflict} DO UPDATE SET {taken}"
        self.load = f"INSERT INTO {name} SELECT * FROM unnest({arrays}, ${past_row}::bigint[])"
        self.replace = f"UPDATE {name} AS t SET {given} WHERE {by_row} RETURNING 1"
        self.replace_version = (
            f"UPDATE {name} AS t SET {given} WHERE {by_row} AND t.v = ${past_row} RETURNING 1"
        )
        self.delete = f"DELETE FROM {name} WHERE {by_key} RETURNING 1"
        self.delete_version = f"DELETE FROM {name} WHERE {by_key} AND v = ${past_key} RETURNING 1"
        self.count = f"SELECT COUNT(*) FROM (SELECT 1 FROM {name} LIMIT $1::bigint) AS c"
        self.has = f"SELECT 1 FROM {name} WHERE {by_key}"
        self.has_not = f"SELECT 1 WHERE NOT EXISTS ({self.has})"
        self.has_version = f"{self.has} AND v = ${past_key}"
        asked = ", ".join(f"${at}::{kind}[]" for at, kind in enumerate(key_types, 1))
        joined = f"JOIN unnest({asked}) AS k({', '.join(keys)}) USING ({', '.join(keys)})"
        self._columns = table.spec.columns
        self._sealed = [columns[at] for at in table.sealed]
        self.rows = f"SELECT t.* FROM {name} AS t {joined}"
        self.lean_rows = f"SELECT {self._cells(past_key)} FROM {name} AS t {joined}"

    def bump(self, column: str) -> str:
        """Return: add to `column` of a key, where it is between two numbers; key first."""
        target, past = _c(column), len(self._keys)
        return (
            f"UPDATE {self._name} SET {target} = {target} + ${past + 1}, v = v + 1"
            f" WHERE {self._by_key} AND {target} BETWEEN ${past + 2} AND ${past + 3} RETURNING 1"
        )

    def delete_where(self, index: str, length: int) -> str:
        """Return: delete the rows whose first `length` columns of `index` are the parameters."""
        columns = self._indexes[index][:length]
        named = [f"{_c(column)} = ${at}" for at, column in enumerate(columns, 1)]
        return f"DELETE FROM {self._name}" + (f" WHERE {_all(named)}" if named else "")

    def scan(  # a range has this many sides
        self, index: str, lower: int, upper: int, *, past: bool, reverse: bool, lean: bool = False
    ) -> str:
        """Return: rows in the order of `index` between bounds of that many columns, then a limit.

        With `past`, a row that starts with the lower bound is left out. Where rows have sealed
        cells, the bytes of a page follow the limit, then, if `lean`, those of a cell that is told;
        behind each row stands how many there are up to the limit, also beyond the page's bytes.
        """
        columns = [_c(column) for column in self._orders[index]]
        where = []
        if lower:
            where.append(_compare(columns[:lower], ">" if past else ">=", 1))
        if upper:
            where.append(_compare(columns[:upper], "<", lower + 1))
        direction = " DESC" if reverse else ""
        order = ", ".join(column + direction for column in columns)
        condition = f" WHERE {_all(where)}" if where else ""
        limit, size, cell = (f"${lower + upper + nth}" for nth in (1, 2, 3))
        chosen = f"FROM {self._name} AS t{condition} ORDER BY {order} LIMIT {limit}"
        if not self._sealed:
            return f"SELECT * {chosen}"
        counted = " + ".join(
            f"CASE WHEN {each} <= {cell}::bigint THEN {each} ELSE 0 END" if lean else each
            for each in (f"octet_length({_c(column)})" for column in self._sealed)
        )
        cells = self._cells(lower + upper + 3) if lean else "t.*"
        told = ", ".join([*map(_c, self._columns), "v", "n"])
        # the server counts the bytes, and sends no row that the page does not have
        return (
            f"SELECT {told} FROM (SELECT q.*, count(*) OVER () AS n, row_number() OVER w AS nth,"
            f" sum(size) OVER w AS total FROM (SELECT {cells}, {counted} AS size {chosen}) AS q"
            f" WINDOW w AS (ORDER BY {order} ROWS UNBOUNDED PRECEDING)) AS p"
            f" WHERE nth = 1 OR total <= {size}::bigint ORDER BY {order}"
        )

    def _cells(self, mark: int) -> str:
        """Return all cells, without sealed ones that are longer than that parameter."""
        cells = [
            f"CASE WHEN octet_length(t.{_c(name)}) <= ${mark}::bigint THEN t.{_c(name)} END"
            f" AS {_c(name)}"
            if name in self._sealed
            else f"t.{_c(name)}"
            for name in self._columns
        ]
        return ", ".join([*cells, "t.v"])


def _creates(table: Table, schema: str) -> list[str]:
    name = table.spec.name
    columns = [f"{_c(column)} {_column(kind)}" for column, kind in table.spec.columns.items()]
    keys = ", ".join(_c(column) for column in table.spec.key)
    indexes = [
        f"CREATE INDEX i_{name}__{index} ON {schema}.t_{name} ({', '.join(map(_c, order))})"
        for index, order in table.orders.items()
        if index != KEY
    ]
    body = ", ".join([*columns, _VERSION, f"PRIMARY KEY ({keys})"])
    # What is sealed looks random: to try to compress it costs time and saves nothing.
    plain = [
        f"ALTER TABLE {schema}.t_{name} ALTER COLUMN {_c(column)} SET STORAGE EXTERNAL"
        for column, kind in table.spec.columns.items()
        if kind is ColumnKind.SEALED
    ]
    return [f"CREATE TABLE {schema}.t_{name} ({body})", *plain, *indexes]


def _column(kind: ColumnKind) -> str:
    collation = ' COLLATE "C"' if kind is ColumnKind.CODE else ""
    return f"{_TYPES[kind]}{collation} NOT NULL"


def _c(column: str) -> str:
    return f"c_{column}"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions)


def _compare(columns: Sequence[str], operator: str, first: int) -> str:
    marks = ", ".join(f"${at}" for at in range(first, first + len(columns)))
    return f"({', '.join(columns)}) {operator} ({marks})"
