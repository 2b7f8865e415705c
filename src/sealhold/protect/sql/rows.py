"""Many DataRows at once, out of one buffer.

- Rows of one answer are often alike: where a row is as long as the one before, all its lengths and
  values are read in one step, and taken if the lengths are those of before. Else it is read value
  by value.
- Where some were alike already, many are read in one step: each byte that is no value's is compared
  in all of them at once, and rows are taken up to the first that differs in one.

Source: docs/spec/56-postgresql-proxy.md section 5.
"""

import struct
from typing import Final

from sealhold.model.errors import WireError
from sealhold.protect.sql.wire import i32, u16, u32

Row = tuple[bytes | None, ...]
_MANY: Final = 8  # rows that are worth a look at all of them
ALL: Final = 2**63  # rows: more than come
_DATA_ROW: Final = 0x44
_NOTHING: Final = struct.Struct("")


class RowReader:
    """Reads the rows of one answer, which have `width` values each; None: as many as the first."""

    __slots__ = ("_alike", "_lengths", "_marks", "_size", "_streak", "_values", "_width")

    def __init__(self, width: int | None) -> None:
        self._width = width
        self._size = -1  # bytes of the row before, its head included
        self._alike = _NOTHING
        self._lengths: tuple[int, ...] = ()
        self._values = _NOTHING  # of such a row
        self._marks: tuple[tuple[int, bytes], ...] = ()  # its other bytes, and where they stand
        self._streak = 0  # rows that were alike

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
            if size == self._size and end - at >= _MANY * size and self._streak >= _MANY:
                count = min(self._run(data, at, end), most - len(found))
                if count:
                    stop = at + count * size
                    found.extend(self._values.iter_unpack(data[at:stop]))
                    at = stop
                    continue
            elif size == self._size:
                parts = self._alike.unpack_from(data, at)
                if parts[0] == self._width and parts[1::2] == self._lengths:
                    found.append(parts[2::2])
                    at += size
                    self._streak += 1
                    continue
            self._streak = 0
            found.append(self._slowly(data, at, at + size))
            at += size
        return found, at

    def _run(self, data: bytes, at: int, end: int) -> int:
        """Return how many rows from `at` on are like the last one: whole ones, up to `end`."""
        size = self._size
        if not self._marks:
            self._marks = self._marked()
        count = most = (end - at) // size
        for offset, mark in self._marks:
            column = data[at + offset : at + count * size : size]
            count -= len(column.lstrip(mark))
        if count < most:
            self._streak = 0
        return count

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
            self._alike = struct.Struct(">5xH" + "".join(f"i{each}s" for each in lengths))
            self._marks = ()
        return tuple(values)

    def _marked(self) -> tuple[tuple[int, bytes], ...]:
        """Return the bytes of a row like the last one that are no value's, and their places."""
        lengths = self._lengths
        self._values = struct.Struct(">7x" + "".join(f"4x{each}s" for each in lengths))
        found, at = [(0, struct.pack(">BIH", _DATA_ROW, self._size - 1, len(lengths)))], 7
        for each in lengths:
            found.append((at, struct.pack(">i", each)))
            at += 4 + each
        return tuple(
            (at + nth, head[nth : nth + 1]) for at, head in found for nth in range(len(head))
        )
