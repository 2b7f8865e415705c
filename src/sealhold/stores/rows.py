"""Rows in memory: a state that never changes, and the draft in which a batch makes the next one.

- `State` answers reads as any store must: it is the plain reading of `ReadView`.
- `Draft` is the plain reading of what each operation does; a failed unit is undone row by row.
- A draft copies a table when it first touches it; the others are shared with the state before.

Source: docs/spec/04-stores.md sections 3 and 4.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from sealhold.stores.shapes import MIN_I64
from sealhold.stores.spec import (
    MAX_PAGE,
    Bump,
    Cursor,
    Delete,
    DeleteWhere,
    Expect,
    Found,
    Guard,
    Key,
    Op,
    Outcome,
    Page,
    Put,
    Result,
)
from sealhold.stores.tables import Table, Tables, check_limit

Rows = Mapping[Key, Found]


class State:
    """All rows at one moment. Whoever holds it may read it for ever."""

    def __init__(self, tables: Tables, rows: Mapping[str, Rows]) -> None:
        self.rows = rows
        self._tables = tables
        self._sorted: dict[tuple[str, str], tuple[list[Key], list[Found]]] = {}

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        """Return the row of each key, or None."""
        declared = self._tables.named(table)
        for key in keys:
            declared.check_key(key)
        rows = self.rows[table]
        return [found and _lean(declared, found, most) for found in map(rows.get, keys)]

    def count(self, table: str, most: int) -> int:
        """Return how many rows a table has, `most` at most."""
        self._tables.named(table)
        return min(len(self.rows[table]), most)

    def scan(  # the contract's
        self,
        table: str,
        index: str,
        lo: Key,
        hi: Key,
        *,
        after: Cursor | None = None,
        limit: int = MAX_PAGE,
        reverse: bool = False,
        most: int | None = None,
    ) -> Page:
        """Return rows with lo <= index columns < hi."""
        check_limit(limit)
        declared = self._tables.named(table)
        span = declared.span(index, lo, hi, after, reverse=reverse)
        places, rows = self._in_order(declared, index)
        first = bisect_left(places, span.lower)
        while span.past and first < len(places) and places[first] == span.lower:
            first += 1  # at most one: a cursor names a whole place, and places are unique
        last = bisect_left(places, span.upper) if span.upper else len(places)
        chosen = rows[first:last][::-1] if reverse else rows[first:last]
        leans = (_lean(declared, found, most) for found in chosen)
        kept, more = declared.page((found.row for found in leans), limit)
        page = chosen[: len(kept)]
        if most is not None:
            page = [Found(row, found.v) for row, found in zip(kept, page, strict=True)]
        return Page(page, declared.cursor(index, page[-1].row) if more else None)

    def _in_order(self, table: Table, index: str) -> tuple[list[Key], list[Found]]:
        """Return the places of an index and their rows, sorted when first asked for."""
        name = (table.spec.name, index)
        if name not in self._sorted:
            rows = self.rows[table.spec.name].values()
            pairs = sorted(
                ((table.order_of(index, found.row), found) for found in rows),
                key=lambda pair: pair[0],
            )
            self._sorted[name] = [place for place, _ in pairs], [found for _, found in pairs]
        return self._sorted[name]


class Draft:
    """The next state in the making."""

    def __init__(self, tables: Tables, before: State) -> None:
        self._tables = tables
        self._rows = dict(before.rows)
        self._own: dict[str, dict[Key, Found]] = {}
        self._undo: list[tuple[dict[Key, Found], Key, Found | None]] = []

    def apply(self, ops: Sequence[Op]) -> Result:
        """Do what fits its tables, all of it or nothing."""
        # INVARIANT: a unit that is not APPLIED leaves each row as it was.
        self._undo.clear()
        removed = 0
        for at, op in enumerate(ops):
            outcome, gone = self._one(self._tables.named(op.table), op)
            if outcome is not Outcome.APPLIED:
                for rows, key, old in reversed(self._undo):
                    _set(rows, key, old)
                return Result(outcome, at)
            removed += gone
        return Result(Outcome.APPLIED, removed=removed)

    def state(self) -> State:
        """Return what the draft has become; it must not be used again."""
        return State(self._tables, {**self._rows, **self._own})

    def _one(self, table: Table, op: Op) -> tuple[Outcome, int]:
        rows = self._touch(table.spec.name)
        match op:
            case Put(_, row, expect):
                key = table.key_of(row)
                old = rows.get(key)
                if not _holds(old, expect):
                    return Outcome.CONFLICT, 0
                self._change(rows, key, Found(row, old.v + 1 if old else 1))
            case Delete(_, key, expect):
                if not _holds(rows.get(key), expect):
                    return Outcome.CONFLICT, 0
                self._change(rows, key, None)
            case DeleteWhere(_, index, prefix):
                return Outcome.APPLIED, self._delete_where(table, rows, index, prefix)
            case Guard(_, key, expect):
                return Outcome.APPLIED if _holds(rows.get(key), expect) else Outcome.CONFLICT, 0
            case Bump():
                return self._bump(table, rows, op), 0
        return Outcome.APPLIED, 0

    def _delete_where(self, table: Table, rows: dict[Key, Found], index: str, prefix: Key) -> int:
        doomed = [
            key
            for key, found in rows.items()
            if table.order_of(index, found.row)[: len(prefix)] == prefix
        ]
        for key in doomed:
            self._change(rows, key, None)
        return len(doomed)

    def _bump(self, table: Table, rows: dict[Key, Found], op: Bump) -> Outcome:
        old = rows.get(op.key)
        if old is None:
            return Outcome.CONFLICT
        at = table.columns.index(op.column)
        value = int(old.row[at]) + op.delta
        if not MIN_I64 <= value <= op.cap:
            return Outcome.EXHAUSTED
        row = (*old.row[:at], value, *old.row[at + 1 :])
        self._change(rows, op.key, Found(row, old.v + 1))
        return Outcome.APPLIED

    def _touch(self, name: str) -> dict[Key, Found]:
        if name not in self._own:
            self._own[name] = dict(self._rows[name])
        return self._own[name]

    def _change(self, rows: dict[Key, Found], key: Key, new: Found | None) -> None:
        self._undo.append((rows, key, rows.get(key)))
        _set(rows, key, new)


def _set(rows: dict[Key, Found], key: Key, found: Found | None) -> None:
    if found is None:
        rows.pop(key, None)
    else:
        rows[key] = found


def _holds(found: Found | None, expect: Expect | int) -> bool:
    match expect:
        case Expect.ANY:
            return True
        case Expect.ABSENT:
            return found is None
        case Expect.PRESENT:
            return found is not None
        case version:
            return found is not None and found.v == version


def _lean(table: Table, found: Found, most: int | None) -> Found:
    return found if most is None else Found(table.lean(found.row, most), found.v)
