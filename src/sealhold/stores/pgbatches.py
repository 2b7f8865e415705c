"""How a batch runs on an SQL server, inside one transaction: few round trips, however many units.

- All units go as if none failed. Then operations on different tables cannot meet, and equal
  statements of a table go in one step; new rows go as one statement.
- If one failed, the two halves of the units are tried by themselves, and so on down to the unit
  that failed; each try has its savepoint, so a unit that failed leaves no trace.
- No statement raises because a row is there or is not: what came of it is told by a count.

Source: docs/spec/04-stores.md section 10.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import chain

from sealhold.model.sqlsteps import Ask, AskEach, Cells, Do, Step
from sealhold.stores.pgtext import PgText
from sealhold.stores.shapes import room_for
from sealhold.stores.spec import (
    Bump,
    Cell,
    Delete,
    DeleteWhere,
    Expect,
    Guard,
    Key,
    Op,
    Outcome,
    Put,
    Result,
    Row,
)
from sealhold.stores.sqlclient import SqlSession
from sealhold.stores.tables import Tables

Texts = Mapping[str, PgText]
Units = Sequence[Sequence[Op]]
_TRY, _BACK = Do("SAVEPOINT try"), Do("ROLLBACK TO SAVEPOINT try")


class _Kind(Enum):
    """What must come of a statement, each time it runs."""

    ROWS = auto()  # whole rows are given, at once for all; each must be taken
    ONE = auto()  # one row comes back, else its unit fails
    ANY = auto()  # one row or none
    COUNT = auto()  # any number of rows is gone, which its unit reports


@dataclass(slots=True)
class _Run:
    """One statement, and the parameters of each time it runs."""

    sql: str
    kind: _Kind
    cells: list[Cells]
    unit: int  # whose it is, if it runs once
    keys: set[Key] = field(default_factory=set)  # of the rows, each of them once

    def step(self) -> Step:
        """Return what goes to the server."""
        match self.kind:
            case _Kind.ROWS:
                return Do(self.sql, columns_of(self.cells))
            case _Kind.COUNT:
                return Do(self.sql, self.cells[0])
            case _Kind.ONE | _Kind.ANY:
                return AskEach(self.sql, self.cells)

    def holds(self, came: Sequence[Cells]) -> bool:
        """Return whether what came back is what must come."""
        match self.kind:
            case _Kind.ROWS:
                return bool(came[0][0] == len(self.cells))
            case _Kind.ONE:
                return len(came) == len(self.cells)
            case _Kind.ANY | _Kind.COUNT:
                return True


def columns_of(rows: Sequence[Row]) -> list[list[Cell]]:
    """Return rows as columns, one array for each."""
    return [list(column) for column in zip(*rows, strict=True)]


def run(session: SqlSession, tables: Tables, texts: Texts, units: Units) -> list[Result]:
    """Run all units and return their results; one that fails leaves no trace."""
    if not units:
        return []
    results = _together(session, tables, texts, units)
    if results is not None:
        return results
    session.run([_BACK])
    if len(units) == 1:
        return [_apart(session, tables, texts, units[0])]
    half = len(units) // 2
    first = run(session, tables, texts, units[:half])
    return first + run(session, tables, texts, units[half:])


def _together(
    session: SqlSession, tables: Tables, texts: Texts, units: Units
) -> list[Result] | None:
    runs = list(_runs(tables, texts, units))
    came = session.run([_TRY, *(each.step() for each in runs)])[1:]
    removed = [0] * len(units)
    for each, rows in zip(runs, came, strict=True):
        if not each.holds(rows):
            return None
        if each.kind is _Kind.COUNT:
            removed[each.unit] += rows[0][0]
    return [Result(Outcome.APPLIED, removed=count) for count in removed]


def _apart(session: SqlSession, tables: Tables, texts: Texts, ops: Sequence[Op]) -> Result:
    """Run one unit, operation by operation, to learn which fails."""
    removed = 0
    for at, op in enumerate(ops):
        for each in _runs(tables, texts, [[op]]):
            (came,) = session.run([each.step()])
            if not each.holds(came):
                has = isinstance(op, Bump) and session.run([Ask(texts[op.table].has, op.key)])[0]
                session.run([_BACK])
                return Result(Outcome.EXHAUSTED if has else Outcome.CONFLICT, at)
            if each.kind is _Kind.COUNT:
                removed += came[0][0]
    return Result(Outcome.APPLIED, removed=removed)


def _runs(tables: Tables, texts: Texts, units: Units) -> Iterator[_Run]:
    """Return the runs, table by table, each table's in order."""
    queues: dict[str, list[_Run]] = {}
    for unit, ops in enumerate(units):
        for op in ops:
            if type(op) is Guard and op.expect is Expect.ANY:
                continue
            queue = queues.setdefault(op.table, [])
            last = queue[-1] if queue else None
            sql, kind, cells = _statement(texts[op.table], op)
            joins = last is not None and last.sql is sql and last.kind is kind is not _Kind.COUNT
            # One statement takes a row once; a second one of the same key comes after it.
            key = tables.named(op.table).key_of(cells) if kind is _Kind.ROWS else ()
            if last is None or not joins or (kind is _Kind.ROWS and key in last.keys):
                last = _Run(sql, kind, [], unit)
                queue.append(last)
            last.cells.append(cells)
            last.keys.add(key)
    return chain.from_iterable(queues.values())


def _statement(text: PgText, op: Op) -> tuple[str, _Kind, Cells]:
    match op:
        case Put(_, row, expect):
            return _put(text, row, expect)
        case Delete(_, key, expect):
            return _delete(text, key, expect)
        case DeleteWhere(_, index, prefix):
            return text.delete_where(index, len(prefix)), _Kind.COUNT, prefix
        case Guard(_, key, expect):
            return _guard(text, key, expect)
        case Bump(_, key, column, delta, cap):
            return text.bump(column), _Kind.ONE, (*key, delta, *room_for(delta, cap))


def _put(text: PgText, row: Row, expect: Expect | int) -> tuple[str, _Kind, Cells]:
    match expect:
        case Expect.ABSENT:
            return text.insert, _Kind.ROWS, row
        case Expect.ANY:
            return text.upsert, _Kind.ROWS, row
        case Expect.PRESENT:
            return text.replace, _Kind.ONE, row
        case version:
            return text.replace_version, _Kind.ONE, (*row, version)


def _delete(text: PgText, key: Key, expect: Expect | int) -> tuple[str, _Kind, Cells]:
    match expect:
        case Expect.ABSENT:
            return text.has_not, _Kind.ONE, key
        case Expect.ANY:
            return text.delete, _Kind.ANY, key
        case Expect.PRESENT:
            return text.delete, _Kind.ONE, key
        case version:
            return text.delete_version, _Kind.ONE, (*key, version)


def _guard(text: PgText, key: Key, expect: Expect | int) -> tuple[str, _Kind, Cells]:
    match expect:
        case Expect.ABSENT:
            return text.has_not, _Kind.ONE, key
        case Expect.ANY | Expect.PRESENT:
            return text.has, _Kind.ONE, key
        case version:
            return text.has_version, _Kind.ONE, (*key, version)
