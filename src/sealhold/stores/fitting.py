"""Whether the operations of a batch fit their tables and limits; a backend asks before it begins.

- A batch over a limit is refused with `InvalidError`.
- An operation that does not fit its table makes its own unit REJECTED, and no other.
- Batches are long and nearly always fit, so the rows of a table are first looked at together,
  column by column; only when that finds something is each operation looked at by itself.

Source: docs/spec/04-stores.md sections 3 and 4.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sealhold.model.errors import InvalidError
from sealhold.stores.shapes import MAX_I64, MIN_I64, MISFIT
from sealhold.stores.spec import (
    MAX_BATCH,
    MAX_ROW,
    MAX_UNITS,
    Bump,
    ColumnKind,
    Delete,
    DeleteWhere,
    Expect,
    Guard,
    Op,
    Outcome,
    Put,
    Result,
    Row,
    Unit,
)
from sealhold.stores.tables import Table, Tables


def refuse(tables: Tables, units: Sequence[Unit]) -> list[Result | None]:
    """Return REJECTED for each unit that does not fit, None for the others.

    Raises:
        InvalidError: a row or the batch is over a limit.
    """
    if len(units) > MAX_UNITS:
        raise InvalidError(f"a batch of {len(units)} units; at most {MAX_UNITS}")
    refused: list[Result | None] = [None] * len(units)
    total = _measure_together(tables, (op for unit in units for op in unit.ops))
    if total == MISFIT:
        total = 0
        for number, unit in enumerate(units):
            at, size = _measure_apart(tables, unit.ops)
            refused[number] = None if at is None else Result(Outcome.REJECTED, at)
            total += size
    if total > MAX_BATCH:
        raise InvalidError(f"a batch of {total} bytes; at most {MAX_BATCH}")
    return refused


def misfit(tables: Tables, ops: Sequence[Op]) -> int | None:
    """Return the place of the first operation that does not fit, if there is one.

    Raises:
        InvalidError: a row is over the limit.
    """
    if _measure_together(tables, ops) != MISFIT:
        return None
    return _measure_apart(tables, ops)[0]


def _measure_together(tables: Tables, ops: Iterable[Op]) -> int:
    """Return how many bytes all operations count, or -1 if one may not fit or be too long."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    total = 0
    for op in ops:
        if type(op) is Put and type(op.expect) is Expect:
            rows[op.table].append(op.row)
        else:
            size = _measure(tables.get(op.table), op)
            if not 0 <= size <= MAX_ROW:
                return MISFIT
            total += size
    for name, group in rows.items():
        table = tables.get(name)
        size = MISFIT if table is None else table.row.measure_all(group, MAX_ROW)
        if size == MISFIT:
            return MISFIT
        total += size
    return total


def _measure_apart(tables: Tables, ops: Sequence[Op]) -> tuple[int | None, int]:
    """Return which operation does not fit, if one does not, and what those before it count.

    Raises:
        InvalidError: a row is over the limit.
    """
    total = 0
    for at, op in enumerate(ops):
        size = _measure(tables.get(op.table), op)
        if size == MISFIT:
            return at, total
        if size > MAX_ROW:
            raise InvalidError(f"a row of {size} bytes; at most {MAX_ROW}")
        total += size
    return None, total


def _measure(table: Table | None, op: Op) -> int:
    """Return how many bytes `op` counts, or -1 if it does not fit."""
    if table is None:
        return MISFIT
    match op:
        case Put(_, row, expect):
            return table.row.measure(row) if _is_expect(expect) else MISFIT
        case Delete(_, key, expect) | Guard(_, key, expect):
            return table.key.measure(key) if _is_expect(expect) else MISFIT
        case DeleteWhere(_, index, prefix):
            shapes = table.prefixes.get(index, [])
            return shapes[len(prefix)].measure(prefix) if len(prefix) < len(shapes) else MISFIT
        case Bump(_, key, column, delta, cap):
            is_counter = table.spec.columns.get(column) is ColumnKind.I64
            fits = is_counter and column not in table.spec.key and _is_i64(delta) and _is_i64(cap)
            return table.key.measure(key) if fits else MISFIT


def _is_expect(expect: Expect | int) -> bool:
    return isinstance(expect, Expect) or _is_i64(expect)


def _is_i64(value: int) -> bool:
    return type(value) is int and MIN_I64 <= value <= MAX_I64
