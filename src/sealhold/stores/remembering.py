"""A record store that remembers rows of some tables, so that what is read often is read once.

- For a store of which this process is the only writer, by a lock or by its lease: each commit goes
  through here, and what it touches is forgotten before it returns, or remembered as it is now. So a
  read that begins after a commit sees it.
- What was read before a commit ended is not remembered after it.
- As bounded as it is told to be; the oldest goes first. What is loaded by the thousand goes by.

Source: docs/spec/04-stores.md section 6.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from operator import itemgetter
from threading import Lock

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.spec import (
    MAX_PAGE,
    Backup,
    Caps,
    Cursor,
    DeleteWhere,
    Expect,
    Fence,
    Found,
    Guard,
    Health,
    Key,
    KeySource,
    ObjectStore,
    Op,
    Outcome,
    Page,
    Put,
    ReadView,
    RecordStore,
    Result,
    Row,
    TableSpec,
    Unit,
)

MOST_ROWS = 8_192  # of one table
MOST_PUT = 512  # rows of a table that a batch puts; of more, a load, none is read soon
LONGEST = 8_192  # bytes of a cell of a row that is remembered


class _Memory:
    """The rows of one table that are remembered."""

    def __init__(self) -> None:
        self.rows: dict[Key, Found] = {}
        self.turn = 0  # how often something was forgotten
        self._lock = Lock()

    def keep(self, rows: Iterable[tuple[Key, Found | None]], turn: int) -> None:
        """Remember rows that were read in `turn`, if that is still the turn."""
        with self._lock:
            if turn != self.turn:
                return
            for key, found in rows:
                if found is not None and _is_short(found):
                    self.rows[key] = found
            for key in [*islice(self.rows, max(0, len(self.rows) - MOST_ROWS))]:
                del self.rows[key]

    def forget(self, keys: Collection[Key] | None) -> None:
        """Forget the rows of `keys`, or all."""
        with self._lock:
            self.turn += 1
            if keys is None:
                self.rows.clear()
                return
            for key in keys:
                self.rows.pop(key, None)


class Remembering:
    """The store `inner`, with the rows of `tables` in memory once they were read."""

    def __init__(self, inner: RecordStore, tables: Sequence[TableSpec]) -> None:
        self._inner = inner
        self._keys = {table.name: _key_in(table) for table in tables}
        self._memories = {table.name: _Memory() for table in tables}
        self._committing = Lock()  # what is remembered is of the newest commit

    @property
    def caps(self) -> Caps:
        """What the inner store can do."""
        return self._inner.caps

    def open(self, tables: Sequence[TableSpec], key: KeySource | None, *, create: bool) -> None:
        """Begin."""
        self._inner.open(tables, key, create=create)

    def lease(self, shard: Id16, holder: Id16, ttl_s: int, now: Instant) -> Fence:
        """Become the shard's one writer."""
        return self._inner.lease(shard, holder, ttl_s, now)

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        """Apply units, then `finish`'s operations, and make all of it durable at once."""
        closing: list[Op] = []

        def finished(results: Sequence[Result]) -> Sequence[Op]:
            closing.extend(finish(results))
            return closing

        results: list[Result] = []
        with self._committing:
            try:
                results = self._inner.commit(units, finished, fence)
            finally:  # also after an error: nobody may know what it left
                self._forget(op for unit in units for op in unit.ops)
                self._forget(closing)
                self._keep(units, results)
        return results

    def renew(self) -> None:
        """Begin anew after a commit whose effect is unknown."""
        for memory in self._memories.values():
            memory.forget(None)
        self._inner.renew()

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        """Return the row of each key, or None, in the order of `keys`."""
        memory = self._memories.get(table)
        if memory is None or (most is not None and most < LONGEST):
            return self._inner.get(table, keys, most=most)
        try:
            known = [memory.rows.get(key) for key in keys]
        except TypeError:  # no key, which the inner store says better
            return self._inner.get(table, keys, most=most)
        if keys and None not in known:
            return known
        turn = memory.turn
        found = self._inner.get(table, keys, most=most)
        memory.keep(zip(keys, found, strict=True), turn)
        return found

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
        """Return rows in index order, from the inner store."""
        return self._inner.scan(
            table, index, lo, hi, after=after, limit=limit, reverse=reverse, most=most
        )

    def count(self, table: str, most: int) -> int:
        """Return how many rows a table of the inner store has."""
        return self._inner.count(table, most)

    def snapshot(self) -> AbstractContextManager[ReadView]:
        """Return a view of the inner store that stays as it is now."""
        return self._inner.snapshot()

    def backup(self, sink: ObjectStore, prefix: str) -> Backup:
        """Copy one snapshot."""
        return self._inner.backup(sink, prefix)

    def restore(self, source: ObjectStore, backup: Backup) -> None:
        """Fill the inner store from a backup."""
        self._inner.restore(source, backup)

    def purge(self) -> None:
        """Make deleted rows unrecoverable from the inner store's own files."""
        self._inner.purge()

    def check(self) -> Health:
        """Report what is damaged."""
        return self._inner.check()

    def close(self) -> None:
        """End, and forget everything."""
        for memory in self._memories.values():
            memory.forget(None)
        self._inner.close()

    def _forget(self, ops: Iterable[Op]) -> None:
        touched: dict[str, set[Key] | None] = {}
        for op in ops:
            if op.table not in self._memories or isinstance(op, Guard):
                continue
            if isinstance(op, DeleteWhere):
                touched[op.table] = None
                continue
            try:
                keys = touched.setdefault(op.table, set())
                if keys is not None:
                    keys.add(self._key_of(op.table, op))
            except (TypeError, IndexError):  # no row of this table, and rejected as such
                touched[op.table] = None
        for table, keys in touched.items():
            self._memories[table].forget(keys)

    def _keep(self, units: Sequence[Unit], results: Sequence[Result]) -> None:
        """Remember rows whose version is known now: each was touched once, and by a put."""
        put: dict[str, dict[Key, Found | None]] = {name: {} for name in self._memories}
        for unit, result in zip(units, results, strict=False):
            if result.outcome is not Outcome.APPLIED:
                continue
            for op in unit.ops:
                if isinstance(op, Guard) or op.table not in put:
                    continue
                if isinstance(op, DeleteWhere):
                    return
                rows, key = put[op.table], self._key_of(op.table, op)
                rows[key] = _after(op) if key not in rows else None
        for table, rows in put.items():
            if 0 < len(rows) <= MOST_PUT:
                memory = self._memories[table]
                memory.keep(rows.items(), memory.turn)

    def _key_of(self, table: str, op: Op) -> Key:
        if isinstance(op, Put):
            return self._keys[table](op.row)
        assert not isinstance(op, DeleteWhere)  # noqa: S101  # reason: has no key, and was told apart
        return op.key


def _key_in(table: TableSpec) -> Callable[[Row], Key]:
    """Return what takes the key out of a row of a table."""
    first, *others = [[*table.columns].index(column) for column in table.key]
    return itemgetter(first, *others) if others else lambda row: (row[first],)


def _after(op: Op) -> Found | None:
    """Return the row that a put leaves, if its version is known."""
    if not isinstance(op, Put):
        return None
    if op.expect is Expect.ABSENT:
        return Found(op.row, 1)
    return Found(op.row, op.expect + 1) if type(op.expect) is int else None


def _is_short(found: Found) -> bool:
    """Return whether a row is whole, and has no long cell."""
    return None not in found.row and all(
        len(cell) <= LONGEST for cell in found.row if isinstance(cell, bytes)
    )
