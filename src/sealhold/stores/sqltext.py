"""The SQL of a declared table: the only text that reaches a database, made once per table.

- Names come from a declaration that was checked, and get a prefix: no declared name can be a word
  of SQL or meet a name of the backend's own. Values are always parameters.
- A row's version stands in `v`; a declared column `v` is `c_v`.
- Index columns are followed by the rest of the key, so an index scan has one order.

Source: docs/spec/04-stores.md section 6.
"""
# ruff: noqa: S608  # text is put together here and nowhere else, from checked names alone

from collections.abc import Iterable, Sequence

from sealhold.stores.spec import ColumnKind
from sealhold.stores.tables import KEY, Table

_SQL_TYPES = {
    ColumnKind.ID16: "BLOB",
    ColumnKind.TAG16: "BLOB",
    ColumnKind.HASH32: "BLOB",
    ColumnKind.SEALED: "BLOB",
    ColumnKind.CODE: "TEXT",
    ColumnKind.I64: "INTEGER",
    ColumnKind.DAY: "INTEGER",
    ColumnKind.FLAG: "INTEGER",
}


MOST = "? + 0"  # a bare parameter as a limit has the statement prepared anew at each use
VERSION = "wanted"  # no column of a table has this name: those begin with `c_`


class TableText:
    """The statements of one table. Where a row is a parameter, it stands whole and first."""

    def __init__(self, table: Table) -> None:
        name, columns = f"t_{table.spec.name}", table.columns
        marks = {column: f"?{at}" for at, column in enumerate(columns, 1)}
        keys = ", ".join(_c(column) for column in table.spec.key)
        by_row = _all(f"{_c(column)} = {marks[column]}" for column in table.spec.key)
        by_key = _all(f"{_c(column)} = ?" for column in table.spec.key)
        rest = [column for column in columns if column not in table.spec.key]
        taken = ", ".join([*(f"{_c(c)} = excluded.{_c(c)}" for c in rest), "v = v + 1"])
        given = ", ".join([*(f"{_c(c)} = {marks[c]}" for c in rest), "v = v + 1"])
        values = f"INSERT INTO {name} VALUES ({', '.join(marks.values())}, 1)"
        absent = f"ON CONFLICT ({keys}) DO NOTHING"
        any_row = f"ON CONFLICT ({keys}) DO UPDATE SET {taken}"
        self._name = name
        self._by_key = by_key
        self._indexes = table.indexes
        self._orders = table.orders
        self.creates = _creates(table)
        self.insert = f"{values} {absent}"
        self.upsert = f"{values} {any_row}"
        self._of_many = {self.insert: absent, self.upsert: any_row}
        self._one_of_many = f"({', '.join('?' for _column in columns)}, 1)"
        self._many: dict[tuple[str, int], str] = {}
        self._key = keys
        self._key_of_many = f"({', '.join('?' for _column in table.spec.key)})"
        self._by_keys: dict[tuple[int, bool], str] = {}
        self._wanted = [*map(_c, table.spec.key), VERSION]
        self._versions: dict[int, str] = {}
        self.replace = f"UPDATE {name} SET {given} WHERE {by_row}"
        self.replace_version = f"{self.replace} AND v = ?{len(columns) + 1}"
        self.delete = f"DELETE FROM {name} WHERE {by_key}"
        self.delete_version = f"{self.delete} AND v = ?"
        self.has = f"SELECT EXISTS (SELECT 1 FROM {name} WHERE {by_key})"
        self.has_not = f"SELECT NOT EXISTS (SELECT 1 FROM {name} WHERE {by_key})"
        self.has_version = f"SELECT EXISTS (SELECT 1 FROM {name} WHERE {by_key} AND v = ?)"
        self._lean = ", ".join([*map(_lean, table.spec.columns.items()), "v"])
        self.row = f"SELECT * FROM {name} WHERE {by_key}"
        self.lean_row = f"SELECT {self._lean} FROM {name} WHERE {by_key}"
        self.count = f"SELECT COUNT(*) FROM (SELECT 1 FROM {name} LIMIT {MOST})"

    def many(self, sql: str, rows: int) -> str | None:
        """Return what does as `sql` for so many rows at once, if there is such a statement."""
        of_many = self._of_many.get(sql)
        if of_many is None:
            return None
        found = self._many.get((sql, rows))
        if found is None:
            values = ", ".join([self._one_of_many] * rows)
            found = f"INSERT INTO {self._name} VALUES {values} {of_many}"
            self._many[sql, rows] = found
        return found

    def rows(self, keys: int, *, lean: bool = False) -> str:
        """Return: the rows of so many keys, in no order.

        If `lean`, without sealed cells that are longer than a first parameter, one for each.
        """
        found = self._by_keys.get((keys, lean))
        if found is None:
            marks = ", ".join([self._key_of_many] * keys)
            cells = self._lean if lean else "*"
            found = f"SELECT {cells} FROM {self._name} WHERE ({self._key}) IN (VALUES {marks})"
            self._by_keys[keys, lean] = found
        return found

    def versions(self, keys: int) -> str:
        """Return: how many of so many different keys have a row of the version behind them."""
        found = self._versions.get(keys)
        if found is None:
            marks = ", ".join([f"({', '.join('?' for _ in self._wanted)})"] * keys)
            *same, version = self._wanted
            fits = _all([*(f"{self._name}.{c} = w.{c}" for c in same), f"v = w.{version}"])
            found = (
                f"WITH w ({', '.join(self._wanted)}) AS (VALUES {marks})"
                f" SELECT COUNT(*) FROM w CROSS JOIN {self._name} ON {fits}"
            )
            self._versions[keys] = found
        return found

    def bump(self, column: str) -> str:
        """Return: add the first parameter to `column` of a key, where it is between two others."""
        target = _c(column)
        return (
            f"UPDATE {self._name} SET {target} = {target} + ?, v = v + 1"
            f" WHERE {self._by_key} AND {target} BETWEEN ? AND ?"
        )

    def delete_where(self, index: str, length: int) -> str:
        """Return: delete the rows whose first `length` columns of `index` are the parameters."""
        named = [f"{_c(column)} = ?" for column in self._indexes[index][:length]]
        return f"DELETE FROM {self._name}" + (f" WHERE {_all(named)}" if named else "")

    def scan(  # a range has this many sides
        self, index: str, lower: int, upper: int, *, past: bool, reverse: bool, lean: bool = False
    ) -> str:
        """Return: rows in the order of `index` between bounds of that many columns, then a limit.

        With `past`, a row that starts with the lower bound is left out; `lean` is as for `rows`.
        """
        columns = [_c(column) for column in self._orders[index]]
        where = []
        if lower:
            where.append(_compare(columns[:lower], ">" if past else ">="))
        if upper:
            where.append(_compare(columns[:upper], "<"))
        direction = " DESC" if reverse else ""
        order = ", ".join(column + direction for column in columns)
        condition = f" WHERE {_all(where)}" if where else ""
        cells = self._lean if lean else "*"
        return f"SELECT {cells} FROM {self._name}{condition} ORDER BY {order} LIMIT {MOST}"


def _creates(table: Table) -> list[str]:
    """Return what makes the table: STRICT, so that a damaged cell shows as a fault."""
    name = table.spec.name
    columns = [f"{_c(c)} {_SQL_TYPES[kind]} NOT NULL" for c, kind in table.spec.columns.items()]
    keys = ", ".join(_c(column) for column in table.spec.key)
    kinds = [table.spec.columns[column] for column in table.spec.key]
    is_row_id = kinds in ([ColumnKind.I64], [ColumnKind.DAY])  # then no index stands beside it
    unique = f"PRIMARY KEY ({keys})" if is_row_id else f"UNIQUE ({keys})"
    body = ", ".join([*columns, "v INTEGER NOT NULL", unique])
    indexes = [
        f"CREATE INDEX i_{name}${index} ON t_{name} ({', '.join(map(_c, order))})"
        for index, order in table.orders.items()
        if index != KEY
    ]
    return [f"CREATE TABLE t_{name} ({body}) STRICT", *indexes]


def _lean(column: tuple[str, ColumnKind]) -> str:
    name, kind = column
    if kind is not ColumnKind.SEALED:
        return _c(name)
    return f"CASE WHEN length({_c(name)}) <= ? THEN {_c(name)} END"  # of a long one no page is read


def _c(column: str) -> str:
    return f"c_{column}"


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions)


def _compare(columns: Sequence[str], operator: str) -> str:
    marks = ", ".join("?" for _column in columns)
    return f"({', '.join(columns)}) {operator} ({marks})"
