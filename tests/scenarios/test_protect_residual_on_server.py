"""What is left of a statement gives what the server gives: rows, names and types, or its SQLSTATE.

- Random statements over a table with each type, from one seed. What is not in the list is refused;
  most must be answered. `SEALHOLD_RESIDUALS` sets how many.
- Which of several errors comes first, and whether a value that no row needs is computed at all, is
  the server's plan: of those, only that both refuse, or that one does, is compared.
"""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import postgast
import psycopg
import pytest

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.pgtypes.types import by_oid
from sealhold.protect.sql.residual import CannotDo, RowLimit, Slot, compile_select
from tests.conformance.pgserver import address

from .random_selects import TABLE, Statements

SEED = 57
COUNT = int(os.environ.get("SEALHOLD_RESIDUALS", "600"))
SCHEMA = "residuals"
FLOATS = (700, 701)

Answer = tuple[list[tuple[str, int, int]], list[list[bytes | None]]]


class Server:
    """The server of this run of tests, with the table."""

    def __init__(self, statements: Statements) -> None:
        self._connection = psycopg.connect(address(), autocommit=True)
        self._cursor = self._connection.cursor(binary=True)
        self.do(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
        self.do(f"CREATE SCHEMA {SCHEMA}")
        self.do(f"SET search_path = {SCHEMA}")
        self.do("SET timezone = 'Europe/Paris'")
        self.do(TABLE)
        rows = ", ".join(statements.row(number) for number in range(1, 16))
        self.do(f"INSERT INTO d VALUES {rows}")

    def do(self, sql: str) -> None:
        self._cursor.execute(sql.encode())

    def ask(self, sql: str) -> Answer:
        self._cursor.execute(sql.encode())
        result: Any = self._cursor.pgresult  # reason: rows as bytes are only here
        columns = range(result.nfields)
        shown = [(result.fname(at).decode(), result.ftype(at), result.fmod(at)) for at in columns]
        rows = [[result.get_value(row, at) for at in columns] for row in range(result.ntuples)]
        return shown, rows

    def close(self) -> None:
        self.do(f"DROP SCHEMA {SCHEMA} CASCADE")
        self._connection.close()


@pytest.fixture
def statements() -> Statements:
    return Statements(SEED)


@pytest.fixture
def server(statements: Statements) -> Iterator[Server]:
    made = Server(statements)
    yield made
    made.close()


class Here:
    """The same table, its rows opened."""

    def __init__(self, base: Answer) -> None:
        self._slots = {}
        for at, (name, oid, typmod) in enumerate(base[0]):
            kind = by_oid(oid, typmod)
            assert kind is not None
            self._slots[name] = Slot(at, kind)
        self._rows = base[1]

    def ask(self, sql: str) -> Answer:
        select = postgast.parse(sql).stmts[0].stmt.select_stmt
        residual = compile_select(
            select, lambda names: self._slots[names[-1]], lambda _: None, text_order="C"
        )
        settings = Settings(time_zone="Europe/Paris")
        rows = residual.run(self._rows, (), settings, RowLimit(1000, 10**7))
        return [(name, t.oid, t.typmod) for name, t in residual.outputs], list(rows)


def comparable(answer: Answer, *, is_sorted: bool) -> list[list[bytes | None]]:
    """Return rows in an order that does not matter, if the statement gives none; NaN as one."""
    shown, rows = answer
    made = [
        [
            codec(kind).canonical(cell) if cell and kind and kind.oid in FLOATS else cell
            for cell, kind in zip(row, (by_oid(oid) for _, oid, _ in shown), strict=True)
        ]
        for row in rows
    ]
    return made if is_sorted else sorted(made, key=repr)


def outcome(server: Server, here: Here, sql: str) -> str:
    """Return how the two answers compare."""
    theirs, ours = ask(server, sql), ask(here, sql)
    if ours is None or theirs is None:
        return "refused"
    if isinstance(theirs, str) or isinstance(ours, str):
        if theirs == ours:
            return "the same error"
        is_wrong = isinstance(theirs, str) and theirs.startswith("42")
        return "wrong" if is_wrong else "an error of one"
    is_sorted = "agg(" not in sql and ", id" in sql.rpartition("ORDER BY")[2]
    if theirs[0] != ours[0]:
        return "other names or types"
    same = comparable(theirs, is_sorted=is_sorted) == comparable(ours, is_sorted=is_sorted)
    return "the same rows" if same else "other rows"


def ask(place: Server | Here, sql: str) -> Answer | str | None:
    """Return an answer, an SQLSTATE, or None if it is refused."""
    try:
        return place.ask(sql)
    except psycopg.Error as err:
        return err.sqlstate or "?"
    except PgValueError as err:
        return err.sqlstate
    except CannotDo:
        return None


def test_random_statements_are_answered_as_the_server_does(
    server: Server, statements: Statements
) -> None:
    here = Here(server.ask("SELECT * FROM d ORDER BY id"))
    counts: Counter[str] = Counter()
    wrong: list[str] = []

    for _ in range(COUNT):
        sql = statements.statement()
        found = outcome(server, here, sql)
        counts[found] += 1
        if found in {"wrong", "other names or types", "other rows"}:
            wrong.append(f"{found}: {sql}")

    assert not wrong, "\n".join(wrong)
    assert counts["an error of one"] <= COUNT // 50, counts
    assert counts["the same rows"] >= COUNT // 2, counts
