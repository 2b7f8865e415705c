"""How a batch runs on one SQL connection, inside one transaction.

- `run_together` supposes that no operation fails, which is nearly always so. Then operations on
  different tables cannot meet, and equal statements of a table go to the database in one call.
  It says whether that held; if not, the transaction is spent and must be rolled back.
- Rows are put many to a statement. The database works without Python's lock while a statement
  runs, and between two must wait until another thread gives that lock away, up to 5 ms each time.
- `run_apart` supposes nothing: units in order, each of several operations under its savepoint.
- Where `run_together` holds, both leave the same rows and give the same results.

Source: docs/spec/04-stores.md section 6.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import chain

from sqlcipher3.dbapi2 import Connection

from sealhold.stores.binding import bound
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
from sealhold.stores.sqltext import TableText

Texts = Mapping[str, TableText]
Units = Sequence[Sequence[Op]]
Cells = tuple[Cell, ...]


class _Kind(Enum):
    """What must come of a statement."""

    ONE = auto()  # it changes exactly one row, else its unit fails
    ANY = auto()  # it changes one row or none
    COUNT = auto()  # it changes any number, which its unit reports
    READ = auto()  # it says 1, else its unit fails
    GUARD = auto()  # each of its rows is there, else a unit fails


@dataclass(frozen=True, slots=True)
class _Run:
    """One statement, and the parameters of each time it runs."""

    text: TableText
    sql: str
    kind: _Kind
    cells: list[Cells]
    unit: int  # whose it is, if it runs once

    @property
    def is_insert(self) -> bool:
        """Whether it puts rows that are not there yet."""
        return self.sql is self.text.insert


_Statement = tuple[str, _Kind, Cells]
_JOINED = (_Kind.ONE, _Kind.ANY)
AT_ONCE = (256, 64, 16, 4)  # rows of one statement; few lengths, so that few are prepared


def run_together(connection: Connection, texts: Texts, units: Units) -> list[Result] | None:
    """Run all units as if none fails; return their results, or None if one failed."""
    removed = [0] * len(units)
    for run in _runs(texts, units):
        if run.kind is _Kind.GUARD:
            if not _all_there(connection, run):
                return None
            continue
        if run.kind is _Kind.READ:
            if not connection.execute(run.sql, run.cells[0]).fetchone()[0]:
                return None
            continue
        changed = _run_many(connection, run)
        if run.kind is _Kind.ONE and changed != len(run.cells):
            return None
        if run.kind is _Kind.COUNT:
            removed[run.unit] += changed
    return [Result(Outcome.APPLIED, removed=count) for count in removed]


def run_apart(connection: Connection, texts: Texts, units: Units) -> list[Result]:
    """Run units one after the other and return their results; one that fails leaves no trace."""
    results = []
    for ops in units:
        several = len(ops) > 1  # one operation is whole by itself
        if several:
            connection.execute("SAVEPOINT unit")
        result = _run_unit(connection, texts, ops)
        if several and result.outcome is not Outcome.APPLIED:
            connection.execute("ROLLBACK TO unit")
        if several:
            connection.execute("RELEASE unit")
        results.append(result)
    return results


def _run_many(connection: Connection, run: _Run) -> int:
    """Run a statement with each of its parameters, and return how many rows it changed."""
    at = changed = 0
    for size in AT_ONCE:
        sql = run.text.many(run.sql, size) if len(run.cells) - at >= size else None
        while sql is not None and len(run.cells) - at >= size:
            cells = bound(chain.from_iterable(run.cells[at : at + size]))
            changed += connection.execute(sql, cells).rowcount
            at += size
    if at < len(run.cells):
        changed += connection.executemany(run.sql, map(bound, run.cells[at:])).rowcount
    return changed


def _all_there(connection: Connection, run: _Run) -> bool:
    """Return whether all rows of guards are there, each key in its version; each is asked once."""
    wanted = list(dict.fromkeys(run.cells))
    at = 0
    for size in (*AT_ONCE, 1):
        while len(wanted) - at >= size:
            cells = bound(chain.from_iterable(wanted[at : at + size]))
            if connection.execute(run.text.versions(size), cells).fetchone()[0] != size:
                return False
            at += size
    return True


def _runs(texts: Texts, units: Units) -> Iterator[_Run]:
    """Return the runs, table by table, each table's in order."""
    queues: dict[str, list[_Run]] = {}
    written = {op.table for ops in units for op in ops if type(op) is not Guard}
    for unit, ops in enumerate(units):
        for op in ops:
            queue = queues.setdefault(op.table, [])
            if type(op) is Guard and type(op.expect) is int and op.table not in written:
                if not queue or queue[0].kind is not _Kind.GUARD:
                    text = texts[op.table]
                    queue.insert(0, _Run(text, text.has_version, _Kind.GUARD, [], unit))
                queue[0].cells.append((*op.key, op.expect))  # no order between what only looks
                continue
            last = queue[-1] if queue else None
            if last and type(op) is Put and op.expect is Expect.ABSENT and last.is_insert:
                last.cells.append(op.row)  # nearly all there is
                continue
            text = texts[op.table]
            sql, kind, cells = _statement(text, op)
            if last and last.sql == sql and last.kind is kind and kind in _JOINED:
                last.cells.append(cells)
            else:
                queue.append(_Run(text, sql, kind, [cells], unit))
    return chain.from_iterable(queues.values())


def _run_unit(connection: Connection, texts: Texts, ops: Sequence[Op]) -> Result:
    removed = 0
    for at, op in enumerate(ops):
        text = texts[op.table]
        sql, kind, cells = _statement(text, op)
        done = connection.execute(sql, bound(cells))
        if kind is _Kind.READ and not done.fetchone()[0]:
            return Result(Outcome.CONFLICT, at)
        if kind is _Kind.ONE and done.rowcount != 1:
            over = isinstance(op, Bump) and connection.execute(text.has, op.key).fetchone()[0]
            return Result(Outcome.EXHAUSTED if over else Outcome.CONFLICT, at)
        if kind is _Kind.COUNT:
            removed += done.rowcount
    return Result(Outcome.APPLIED, removed=removed)


def _statement(text: TableText, op: Op) -> _Statement:
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
            return text.bump(column), _Kind.ONE, (delta, *key, *room_for(delta, cap))


def _put(text: TableText, row: Row, expect: Expect | int) -> _Statement:
    match expect:
        case Expect.ABSENT:
            return text.insert, _Kind.ONE, row
        case Expect.ANY:
            return text.upsert, _Kind.ONE, row
        case Expect.PRESENT:
            return text.replace, _Kind.ONE, row
        case version:
            return text.replace_version, _Kind.ONE, (*row, version)


def _delete(text: TableText, key: Key, expect: Expect | int) -> _Statement:
    match expect:
        case Expect.ABSENT:
            return text.has_not, _Kind.READ, key
        case Expect.ANY:
            return text.delete, _Kind.ANY, key
        case Expect.PRESENT:
            return text.delete, _Kind.ONE, key
        case version:
            return text.delete_version, _Kind.ONE, (*key, version)


def _guard(text: TableText, key: Key, expect: Expect | int) -> _Statement:
    match expect:
        case Expect.ABSENT:
            return text.has_not, _Kind.READ, key
        case Expect.ANY:
            return "SELECT 1", _Kind.READ, ()
        case Expect.PRESENT:
            return text.has, _Kind.READ, key
        case version:
            return text.has_version, _Kind.READ, (*key, version)
