"""The rows that decide: consents, grants, budgets and their like, in memory and under one hash.

- An encrypted database vouches for each page alone, so old pages copied back could return a spent
  budget. A keyed hash over the whole set, bound to the log's size, shows that.
- It is recomputed at open, before the first decision; from then on decisions read memory, and
  memory changes only with a committed batch.
- Order does not matter: each row counts by itself, so a change costs one row, not all.

Source: docs/spec/03-keys.md section 11.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sealhold.crypto.secret import Secret
from sealhold.crypto.sethash import add, remove, row_number
from sealhold.model.errors import TamperedError
from sealhold.stores.spec import (
    Bump,
    Delete,
    DeleteWhere,
    Expect,
    Found,
    Guard,
    Key,
    Op,
    Put,
    ReadView,
    Row,
    TableSpec,
)

_Place = tuple[str, Key]


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch would make of the set."""

    rows: Mapping[_Place, Found | None]
    total: int


class Deciding:
    """The set as it stands after the last committed batch."""

    def __init__(
        self, tables: Sequence[TableSpec], key: Secret, counters: Collection[str] = ()
    ) -> None:
        self._specs = {table.name: table for table in tables}
        self._columns = {table.name: list(table.columns) for table in tables}
        self._key = key
        self._counters = frozenset(counters)  # tables of numbers under a cap, which each use counts
        self._rows: dict[_Place, Found] = {}
        self._turns: Counter[str] = Counter()  # how often a row of each table changed
        # goes up with each batch that changed a row which is no counter, once memory has it
        self.age = 0
        self.total = 0

    def load(self, view: ReadView) -> None:
        """Read every row that decides, and add up the set's hash."""
        self._rows.clear()
        self.total = 0
        for name, spec in self._specs.items():
            for found in scan_all(view, spec):
                self._rows[name, self._key_of(name, found.row)] = found
                self.total = add(self.total, self._number(name, found))

    def get(self, table: str, *key: bytes | int | str) -> Found | None:
        """Return one row as it stands."""
        return self._rows.get((table, key))

    def all(self, table: str) -> Iterator[Found]:
        """Yield each row of a table, in no order."""
        return (found for (name, _), found in list(self._rows.items()) if name == table)

    def turn(self, table: str) -> int:
        """Return a number that changes with each change of a table, once memory has it.

        What is made of the rows of a table and kept beside them counts for one turn: that at which
        the making began.
        """
        return self._turns[table]

    def decides(self, op: Op) -> bool:
        """Return whether the table of an operation is one of those in memory."""
        return op.table in self._specs

    def holds(self, guard: Guard) -> bool:
        """Return whether a row of a table in memory is as a guard expects it.

        Memory is what the store holds for as long as one process writes it, and it is memory that
        is believed where the two differ.
        """
        found, expect = self._rows.get((guard.table, guard.key)), guard.expect
        if expect is Expect.ABSENT:
            return found is None
        if expect is Expect.PRESENT:
            return found is not None
        return expect is Expect.ANY or (found is not None and found.v == expect)

    def preview(self, ops: Iterable[Op]) -> Change:
        """Return what `ops` would make of the set, if they are applied in this order.

        Raises:
            TamperedError: an operation meets a row that is not in memory as it must be.
        """
        rows: dict[_Place, Found | None] = {}
        total = self.total
        for op in ops:
            if op.table not in self._specs or isinstance(op, Guard):
                continue
            place = (op.table, self._place(op))
            old = rows[place] if place in rows else self._rows.get(place)
            new = self._after(op, old)
            if old is not None:
                total = remove(total, self._number(op.table, old))
            if new is not None:
                total = add(total, self._number(op.table, new))
            rows[place] = new
        return Change(rows, total)

    def adopt(self, change: Change) -> None:
        """Take over a previewed change; its batch is durable."""
        for place, found in change.rows.items():
            if found is None:
                self._rows.pop(place, None)
            else:
                self._rows[place] = found
            self._turns[place[0]] += 1
        self.age += any(table not in self._counters for table, _ in change.rows)
        self.total = change.total

    def _key_of(self, table: str, row: Row) -> Key:
        columns = self._columns[table]
        return tuple(row[columns.index(name)] for name in self._specs[table].key)

    def _place(self, op: Op) -> Key:
        match op:
            case Put():
                return self._key_of(op.table, op.row)
            case Delete() | Bump():
                return op.key
            case _:
                raise TamperedError(f"`{op.table}` decides, and changes row by row only")

    def _after(self, op: Op, old: Found | None) -> Found | None:
        match op:
            case Put():
                return Found(op.row, old.v + 1 if old else 1)
            case Delete():
                return None
            case Bump():
                if old is None:
                    raise TamperedError(f"a row of `{op.table}` is in the store but not in memory")
                at = self._columns[op.table].index(op.column)
                row = list(old.row)
                row[at] = int(row[at]) + op.delta
                return Found(tuple(row), old.v + 1)
            case DeleteWhere() | Guard():
                return old

    def _number(self, table: str, found: Found) -> int:
        return row_number(self._key, table, found.row, found.v)


def scan_all(view: ReadView, spec: TableSpec, index: str = "key") -> Iterator[Found]:
    """Yield every row of a table, page by page."""
    cursor = None
    while True:
        page = view.scan(spec.name, index, (), (), after=cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return


def rows_of(view: ReadView, spec: TableSpec, index: str, value: bytes) -> Iterator[Found]:
    """Yield the rows of a table whose first index column is `value`, page by page."""
    return rows_in(view, spec.name, index, value)


def rows_in(view: ReadView, table: str, index: str, value: bytes) -> Iterator[Found]:
    """Yield the rows of the table of a name whose first index column is `value`, page by page."""
    is_last = set(value) == {255}
    end: Key = () if is_last else ((int.from_bytes(value) + 1).to_bytes(len(value)),)
    cursor = None
    while True:
        page = view.scan(table, index, (value,), end, after=cursor)
        yield from page.rows
        cursor = page.cursor
        if cursor is None:
            return
