"""Many DataRows at once, out of one buffer.

- Rows of one answer are often alike: where a row is as long as the one before, all its lengths and
  values are read in one step, and taken if the lengths are those of before. Else it is read value
  by value.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from typing import Final

from sealhold.model.errors import WireError
from sealhold.protect.sql.wire import i32, u16, u32

Row = tuple[bytes | None, ...]
ALL: Final = 2**63  # rows: more than come
_DATA_ROW: Final = 0x44


class RowReader:
    """Reads the rows of one answer, which have `width` values each; None: as many as the first."""

    __slots__ = ("_alike", "_lengths", "_size", "_width")

    def __init__(self, width: int | None) -> None:
        self._width = width
        self._size = -1  # bytes of the row before, its head included
        self._alike = struct.Struct("")
        self._lengths: tuple[int, ...] = ()

    def rows(self, data: bytes, at: int, most: int = ALL) -> tuple[list[Row], int]:
        """Return whole DataRows that follow one another from `at` on, and where they end.

        Raises:
            WireError: a row that is out of form, or has another width.
        """
        found: list[Row] = []
        end = len(data)
        while end - at >= 5 and data[at] == _DATA_ROW and len(found) < most:  # noqa: PLR2004  # reason: bytes of a head
            size = 1 + u32(data, at + 1)[0]
            if at + size > end:
                break
            if size == self._size:
                parts = self._alike.unpack_from(data, at)
                if parts[::2] == self._lengths:
                    found.append(parts[1::2])
                    at += size
                    continue
            found.append(self._slowly(data, at, at + size))
            at += size
        return found, at

    def _slowly(self, data: bytes, at: int, end: int) -> Row:
        if end - at < 7:  # noqa: PLR2004  # reason: head and count
            raise WireError("a row that is cut")
        width = self._width
        if width is None:
            width = self._width = u16(data, at + 5)[0]
        if u16(data, at + 5)[0] != width:
            raise WireError("a row of another width")
        start, at = at, at + 7
        values: list[bytes | None] = []
        lengths = []
        for _ in range(width):
            if at + 4 > end:
                raise WireError("a row that is cut")
            length = i32(data, at)[0]
            at += 4
            lengths.append(length)
            if length == -1:
                values.append(None)
                continue
            if length < 0 or at + length > end:
                raise WireError("a value that is cut")
            values.append(data[at : at + length])
            at += length
        if at != end:
            raise WireError("a row that goes on behind its end")
        if None not in values and width:
            self._size = end - start
            self._lengths = tuple(lengths)
            self._alike = struct.Struct(">7x" + "".join(f"i{each}s" for each in lengths))
        return tuple(values)
