"""Tags of whole rows, and the numbers by which the rows of a part of a table are added up.

- A tag is a keyed hash of a row's number, its version, and all that the provider keeps of it.
- The number of a row is a keyed hash of its number and version. Sums of them, modulo 2^256, are the
  same for the same set of rows, in whatever order they came and went.

Source: docs/spec/63-integrity-of-rows.md sections 2 and 4; RFC 7693.
"""

import struct
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Final

from sealhold.crypto.digest import framed
from sealhold.crypto.secret import Secret

TAG_BYTES: Final = 16
SUM_BYTES: Final = 32
MODULUS: Final = 2**256
_OF_ROWS: Final = b"sealhold/row-tag"  # 16 bytes: what BLAKE2b takes as a person
_OF_SUMS: Final = b"sealhold/row-sum"
_OF_HEADS: Final = b"sealhold/heads/1"
_NULL: Final = b"\xff\xff\xff\xff"
_head = struct.Struct(">QQ").pack
_length = struct.Struct(">I").pack

Row = Sequence[bytes | None]


class RowTags:
    """One table's key, prepared for many rows."""

    __slots__ = ("_start", "_sums")

    def __init__(self, key: Secret, table: str, columns: Iterable[str]) -> None:
        """Take a key of 32 bytes, the table's name, and the physical columns in their order."""
        self._start = blake2b(key=key.reveal(), digest_size=TAG_BYTES, person=_OF_ROWS)
        self._start.update(framed(table.encode(), *(each.encode() for each in columns)))
        self._sums = blake2b(key=key.reveal(), digest_size=SUM_BYTES, person=_OF_SUMS)
        self._sums.update(framed(table.encode()))

    # THREAT T710: without the key nobody makes a tag for a row that we did not write so
    def tag(self, rid: int, version: int, cells: Row) -> bytes:
        """Return the tag of one row; `cells` are its physical columns, None is NULL."""
        parts = [_head(rid, version)]
        for cell in cells:
            if cell is None:
                parts.append(_NULL)
            else:
                parts += (_length(len(cell)), cell)
        state = self._start.copy()
        state.update(b"".join(parts))
        return state.digest()

    def fits(self, tag: bytes, rid: int, version: int, cells: Row) -> bool:
        """Return whether this is the tag of a row."""
        return compare_digest(tag, self.tag(rid, version, cells))

    def number(self, rid: int, version: int) -> int:
        """Return the number that stands for a row in a sum."""
        state = self._sums.copy()
        state.update(_head(rid, version))
        return int.from_bytes(state.digest())


def root(epoch: int, sums: Iterable[tuple[str, int, int]]) -> bytes:
    """Return the head of all parts: each a table, the number of the part, and its sum."""
    state = blake2b(digest_size=SUM_BYTES, person=_OF_HEADS)
    state.update(epoch.to_bytes(8))
    for table, part, total in sums:
        state.update(framed(table.encode(), part.to_bytes(8), total.to_bytes(SUM_BYTES)))
    return state.digest()
