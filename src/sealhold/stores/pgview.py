"""What is read in one transaction on an SQL server: rows by key, and pages of an index.

Source: docs/spec/04-stores.md section 10.
"""

from collections.abc import Iterator, Mapping, Sequence

from sealhold.model.errors import TamperedError
from sealhold.model.sqlsteps import Ask, Cells
from sealhold.stores.pgbatches import columns_of
from sealhold.stores.pgtext import PgText
from sealhold.stores.shapes import MISFIT
from sealhold.stores.spec import MAX_PAGE, PAGE_BYTES, Cursor, Found, Key, Page, ReadView
from sealhold.stores.sqlclient import SqlSession
from sealhold.stores.tables import KEY, Tables, check_limit

_ROWS = 100  # read at once of a table that is read whole; a row has a megabyte at most


class PgView:
    """The rows that one transaction sees."""

    def __init__(self, session: SqlSession, tables: Tables, texts: Mapping[str, PgText]) -> None:
        self._session = session
        self._tables = tables
        self._texts = texts

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        """Return the row of each key, or None, in the order of `keys`.

        Raises:
            InvalidError: no such table, or not its key.
            StoreUnavailableError: the server does not answer.
            TamperedError: what it keeps is damaged.
        """
        declared = self._tables.named(table)
        declared.check_keys(keys)
        if not keys:
            return []
        text, asked = self._texts[table], columns_of([*set(keys)])
        lean = most is not None and bool(declared.sealed)
        ask = Ask(text.lean_rows, (*asked, most)) if lean else Ask(text.rows, asked)
        (rows,) = self._session.run([ask])
        known = {declared.key_of(found.row): found for found in map(_found, rows)}
        return [known.get(key) for key in keys]

    def count(self, table: str, most: int) -> int:
        """Return how many rows a table has; `most` if there are more.

        Raises:
            InvalidError: no such table.
            StoreUnavailableError: the server does not answer.
        """
        self._tables.named(table)
        (((found,),),) = self._session.run([Ask(self._texts[table].count, (most,))])
        return int(found)

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
            StoreUnavailableError: the server does not answer.
            TamperedError: what it keeps is damaged.
        """
        check_limit(limit)
        declared = self._tables.named(table)
        span = declared.span(index, lo, hi, after, reverse=reverse)
        lengths = len(span.lower), len(span.upper)
        lean = most is not None and bool(declared.sealed)
        sql = self._texts[table].scan(index, *lengths, past=span.past, reverse=reverse, lean=lean)
        cells: Cells = (*span.lower, *span.upper, limit + 1)
        if declared.sealed:
            cells = (*cells, PAGE_BYTES, most) if lean else (*cells, PAGE_BYTES)
        (rows,) = self._session.run([Ask(sql, cells)])
        count = rows[0][-1] if rows and declared.sealed else len(rows)
        page = [_found(row[:-1] if declared.sealed else row) for row in rows[:limit]]
        more = count > len(page)
        return Page(page, declared.cursor(index, page[-1].row) if more else None)


def all_rows(view: ReadView, table: str) -> Iterator[Found]:
    """Yield every row of a table, by key."""
    page = view.scan(table, KEY, (), (), limit=_ROWS)
    yield from page.rows
    while page.cursor is not None:
        page = view.scan(table, KEY, (), (), after=page.cursor, limit=_ROWS)
        yield from page.rows


def misfits(view: ReadView, tables: Tables) -> list[str]:
    """Return a sentence for each table with rows that are not of its form; every row is read."""
    faults: list[str] = []
    for table in tables:
        try:
            found = all_rows(view, table.spec.name)
            bad = sum(table.row.measure(each.row) == MISFIT for each in found)
        except TamperedError as err:
            return [*faults, f"table `{table.spec.name}`: {err}"]  # nothing more is read then
        if bad:
            faults.append(f"table `{table.spec.name}`: {bad} rows are not of its form")
    return faults


def _found(cells: Cells) -> Found:
    return Found(cells[:-1], cells[-1])
