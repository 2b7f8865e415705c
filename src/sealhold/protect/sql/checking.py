"""Rows of tagged tables in an answer: each is verified before anything of it is opened.

- First the tag, over all that the provider keeps of the row; then whether its version is one that
  holds, or did when the statement's transaction began.
- A row that comes twice where it can come but once is refused, too.

Source: docs/spec/63-integrity-of-rows.md section 5.
"""

import struct
from collections.abc import Sequence
from typing import Final

from sealhold.model.errors import RowTamperedError
from sealhold.protect.sql.plan import Query, Whole
from sealhold.protect.versions import Versions

Columns = Sequence[Sequence[bytes | None]]
_number = struct.Struct(">q").unpack
_NUMBER_BYTES: Final = 8


class Checking:
    """Verifies the rows of one execution."""

    def __init__(self, versions: Versions, query: Query, since: int) -> None:
        self._versions = versions
        self._query = query
        self._since = since
        self._seen: set[tuple[int | None, ...]] = set()

    # THREAT T710, T711, T712: nothing of a batch is opened before each row of it is verified
    def check(self, columns: Columns) -> None:
        """Verify a batch, column by column.

        Raises:
            RowTamperedError: a row was changed, invented, or comes twice.
            RowStaleError: an older row than was written last.
            PgValueError: the transaction is too old to judge.
        """
        if not columns:
            return
        found = [self._verified(each, columns) for each in self._query.wholes]
        if self._query.is_once:
            self._check_once(list(zip(*found, strict=True)))

    def _verified(self, whole: Whole, columns: Columns) -> list[int | None]:
        """Return the number of each row; None where an outer join has none.

        Raises:
            RowTamperedError: a row is not one of ours.
        """
        guard, fits = whole.guard, whole.guard.tags.fits
        rids: list[int | None] = []
        pairs: list[tuple[int, int]] = []
        cells = zip(*columns[whole.at : whole.rid_at], strict=True)
        last = zip(*columns[whole.rid_at : whole.rid_at + 3], strict=True)
        for row, (rid, version, tag) in zip(cells, last, strict=True):
            if rid is None and whole.is_optional and not any(each is not None for each in row):
                rids.append(None)
                continue
            if rid is None or version is None or tag is None:
                raise RowTamperedError(f"a row of `{guard.place}` has no tag")
            if len(rid) != _NUMBER_BYTES or len(version) != _NUMBER_BYTES:
                raise RowTamperedError(f"a row of `{guard.place}` has no number")
            numbers = _number(rid)[0], _number(version)[0]
            if min(numbers) < 0 or not fits(tag, *numbers, row):
                raise RowTamperedError(f"row {numbers[0]} of `{guard.place}` was changed")
            rids.append(numbers[0])
            pairs.append(numbers)
        is_last = self._query.locks and whole is self._query.wholes[0]
        self._versions.judge(guard.place, pairs, self._since, is_last=is_last)
        return rids

    # THREAT T713: a row that is given twice
    def _check_once(self, rows: Sequence[tuple[int | None, ...]]) -> None:
        """Note rows that came.

        Raises:
            RowTamperedError: one came before.
        """
        seen = self._seen
        before = len(seen)
        seen.update(rows)
        if len(seen) != before + len(rows):
            raise RowTamperedError("a row came twice in one answer")


def checking_of(query: Query, versions: Versions | None, since: int) -> Checking | None:
    """Return what verifies the answers of a query, None if nothing in them is tagged.

    Raises:
        RowTamperedError: it cannot be verified here.
    """
    if not query.wholes:
        return None
    if versions is None:
        raise RowTamperedError("the versions of rows are not known here")
    return Checking(versions, query, since)
