"""The SQL of declared tables: whole, safe to read as text, and answered from an index."""

import sqlite3
from itertools import product

import pytest

from sealhold.stores.spec import ColumnKind, TableSpec
from sealhold.stores.sqltext import TableText
from sealhold.stores.tables import Table

SPEC = TableSpec(
    name="order",  # a word of SQL
    columns={
        "v": ColumnKind.ID16,
        "from": ColumnKind.CODE,
        "day": ColumnKind.DAY,
        "body": ColumnKind.SEALED,
    },
    key=("v", "day"),
    indexes={"from": ("from",), "day_from": ("day", "from")},
)


@pytest.fixture
def database() -> sqlite3.Connection:
    """An empty database that has the table."""
    connection = sqlite3.connect(":memory:")
    for statement in TableText(Table(SPEC)).creates:
        connection.execute(statement)
    return connection


def _plan(database: sqlite3.Connection, sql: str, cells: int) -> str:
    told = database.execute(f"EXPLAIN QUERY PLAN {sql}", [1] * cells)
    return " ".join(row[3] for row in told)


@pytest.mark.parametrize("index", ["key", "from", "day_from"])
def test_every_scan_walks_its_index_and_sorts_nothing(
    index: str, database: sqlite3.Connection
) -> None:
    text = TableText(Table(SPEC))

    for lower, upper, reverse in product(range(3), range(3), (False, True)):
        sql = text.scan(index, lower, upper, past=bool(lower), reverse=reverse)
        plan = _plan(database, sql, lower + upper + 1)

        assert "TEMP B-TREE" not in plan
        assert "USING INDEX" in plan
        assert ("SEARCH" in plan) is bool(lower or upper)
    database.close()


def test_every_statement_about_a_key_finds_it_by_the_index(database: sqlite3.Connection) -> None:
    text = TableText(Table(SPEC))

    for sql, cells in (
        (text.row, 2),
        (text.has, 2),
        (text.has_not, 2),
        (text.has_version, 3),
        (text.delete, 2),
        (text.delete_version, 3),
        (text.replace, 4),
        (text.replace_version, 5),
    ):
        assert "SEARCH t_order USING" in _plan(database, sql, cells)
    database.close()


def test_every_statement_is_understood(database: sqlite3.Connection) -> None:
    text = TableText(Table(SPEC))
    row = (b"i" * 16, "c", 7, b"b" * 28)
    key = (row[0], row[2])

    changed = [
        database.execute(sql, cells).rowcount
        for sql, cells in (
            (text.insert, row),
            (text.insert, row),
            (text.upsert, row),
            (text.replace, row),
            (text.replace_version, (*row, 3)),
            (text.replace_version, (*row, 3)),
            (text.delete_version, (*key, 3)),
            (text.delete_where("day_from", 1), (8,)),
            (text.delete_where("day_from", 2), (7, "c")),
            (text.delete_where("key", 0), ()),
        )
    ]

    assert changed == [1, 0, 1, 1, 1, 0, 0, 0, 1, 0]
    database.close()
