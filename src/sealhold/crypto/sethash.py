"""One number for a whole set of rows, kept up to date row by row.

- Each row gives a number below 2^256 from a keyed hash of table, cells and version; the sum of
  all numbers, modulo 2^256, is the same in any order and changes in constant time.
- The sum itself never leaves the vault, only its keyed digest: whoever sees many sums could
  look for other rows with the same one, because plain addition gives way to that.

Source: docs/spec/02-sealing.md section 6; Clarke et al., Incremental Multiset Hash Functions, 2003.
"""

from collections.abc import Sequence

from sealhold.crypto.digest import Keyed, keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import pack

Cell = bytes | int | str | None

_MODULUS = 1 << 256


def row_number(key: Secret, table: str, cells: Sequence[Cell], v: int) -> int:
    """Return the number below 2^256 of one row; `v` is its version in the store."""
    return int.from_bytes(keyed(key, Tag.SET_HASH, _row(table, cells, v)))


def add(total: int, number: int) -> int:
    """Return the sum with one more row."""
    return (total + number) % _MODULUS


def remove(total: int, number: int) -> int:
    """Return the sum with one row less."""
    return (total - number) % _MODULUS


class SetHash:
    """The running sum and count of one set of rows.

    # INVARIANT: it depends on the rows that are in, not on the order in which they came.
    """

    __slots__ = ("_rows", "_sums", "count", "total")

    def __init__(self, key: Secret, total: int = 0, count: int = 0) -> None:
        self._rows = Keyed(key, Tag.SET_HASH)
        self._sums = Keyed(key, Tag.SET_SUM)
        self.total = total
        self.count = count

    def add(self, table: str, cells: Sequence[Cell], v: int) -> None:
        """Count one row in."""
        self.total = add(self.total, self._number(table, cells, v))
        self.count += 1

    def remove(self, table: str, cells: Sequence[Cell], v: int) -> None:
        """Count one row out, exactly as it was counted in."""
        self.total = remove(self.total, self._number(table, cells, v))
        self.count -= 1

    def digest(self) -> bytes:
        """Return 32 bytes that stand for the set and tell nothing of it."""
        return self._sums.digest(self.total.to_bytes(32), self.count.to_bytes(8))

    def _number(self, table: str, cells: Sequence[Cell], v: int) -> int:
        return int.from_bytes(self._rows.digest(_row(table, cells, v)))


def _row(table: str, cells: Sequence[Cell], v: int) -> bytes:
    return pack([table, list(cells), v])
