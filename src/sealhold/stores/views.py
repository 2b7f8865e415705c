"""What is read through one SQL connection: rows by key, and pages of an index.

- Several keys are read from one moment: within a transaction, the caller's or one of its own.
- A flag comes back as a bool, as it was put.

Source: docs/spec/04-stores.md section 6.
"""

from collections.abc import Sequence
from contextlib import closing
from itertools import chain

from sqlcipher3.dbapi2 import Connection, Error

from sealhold.stores.batches import AT_ONCE, Texts
from sealhold.stores.binding import bound
from sealhold.stores.cipherfile import CipherFile
from sealhold.stores.spec import MAX_PAGE, Cell, Cursor, Found, Key, Page
from sealhold.stores.sqltext import TableText
from sealhold.stores.tables import Table, Tables, check_limit


class SqlView:
    """The rows that one connection sees. It reads the moment at which its transaction began."""

    def __init__(
        self, file: CipherFile, tables: Tables, texts: Texts, connection: Connection
    ) -> None:
        self._file = file
        self._tables = tables
        self._texts = texts
        self._connection = connection

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        """Return the row of each key, or None, in the order of `keys`.

        Raises:
            InvalidError: no such table, or not its key.
            StoreUnavailableError: the file does not answer.
            TamperedError: the file is damaged.
        """
        declared = self._tables.named(table)
        declared.check_keys(keys)
        alone = len(keys) > 1 and not self._connection.in_transaction
        try:
            if alone:
                self._connection.execute("BEGIN")
            try:
                return self._rows(declared, self._texts[table], keys, most)
            finally:
                if alone:
                    self._connection.execute("COMMIT")
        except Error as err:
            raise self._file.meaning(err) from err

    def _rows(
        self, table: Table, text: TableText, keys: Sequence[Key], most: int | None
    ) -> list[Found | None]:
        known: dict[Key, Found] = {}
        lean, first = most is not None, _bounds(table, most)
        at = 0
        for size in AT_ONCE:
            while len(keys) - at >= size:
                cells = bound(chain(first, *keys[at : at + size]))
                for row in self._connection.execute(text.rows(size, lean=lean), cells):
                    found = _found(table, row)
                    known[table.key_of(found.row)] = found
                at += size
        sql = text.lean_row if lean else text.row
        ones = (
            self._connection.execute(sql, bound((*first, *key))).fetchone() for key in keys[at:]
        )
        last = [None if row is None else _found(table, row) for row in ones]
        return [*map(known.get, keys[:at]), *last]

    def count(self, table: str, most: int) -> int:
        """Return how many rows a table has, by its smallest index; `most` if there are more.

        Raises:
            InvalidError: no such table.
            StoreUnavailableError: the file does not answer.
            TamperedError: the file is damaged.
        """
        self._tables.named(table)
        try:
            found: int = self._connection.execute(self._texts[table].count, (most,)).fetchone()[0]
        except Error as err:
            raise self._file.meaning(err) from err
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
        """Return rows with lo <= index columns < hi, in index order.

        Raises:
            InvalidError: no such table or index, or bounds, cursor or limit that do not fit.
            StoreUnavailableError: the file does not answer.
            TamperedError: the file is damaged.
        """
        check_limit(limit)
        declared = self._tables.named(table)
        span = declared.span(index, lo, hi, after, reverse=reverse)
        lengths = len(span.lower), len(span.upper)
        sql = self._texts[table].scan(
            index, *lengths, past=span.past, reverse=reverse, lean=most is not None
        )
        try:
            cells = bound((*_bounds(declared, most), *span.lower, *span.upper, limit + 1))
            with closing(self._connection.execute(sql, cells)) as rows:
                kept, more = declared.page(rows, limit)
        except Error as err:
            raise self._file.meaning(err) from err
        page = [_found(declared, row) for row in kept]
        return Page(page, declared.cursor(index, page[-1].row) if more else None)


def _bounds(table: Table, most: int | None) -> tuple[int, ...]:
    """Return the parameters of a statement that leaves out long cells."""
    return () if most is None else (most,) * len(table.sealed)


def _found(table: Table, cells: tuple[Cell, ...]) -> Found:
    if not table.flags:
        return Found(cells[:-1], cells[-1])
    *row, v = cells
    for at in table.flags:
        row[at] = bool(row[at])
    return Found(tuple(row), v)
