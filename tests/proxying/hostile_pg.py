"""A provider that lies: it stands before a real server and changes the rows of its answers.

- A trick is a function from the rows of one answer to those that the client gets; a test sets it
  and takes it away while connections stay open.
- Frames that are not DataRow pass as they are; rows wait until their answer ends.
"""

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.proxying.between import Wire, between

Row = list[bytes | None]
Trick = Callable[[list[Row]], list[Row]]
DATA_ROW: Final = ord("D")
HEAD: Final = 5  # bytes: kind and length


class HostileProvider:
    """Changes answers as long as it has a trick."""

    def __init__(self) -> None:
        self.trick: Trick | None = None
        self.played = 0  # answers that were changed
        self.remembered: dict[int, list[Row]] = {}  # by the number of columns
        self.remembers = False

    def wire(self) -> Wire:
        """Return a connection whose answers it may change."""
        return _Lying(self)

    @contextmanager
    def playing(self, trick: Trick) -> Iterator[None]:
        """Play a trick for a while."""
        self.trick, self.played = trick, 0
        try:
            yield
        finally:
            self.trick = None

    def changed(self, rows: list[Row]) -> list[Row]:
        """Return the rows of one answer as they go on."""
        if self.remembers and rows:
            self.remembered[len(rows[0])] = [list(row) for row in rows]
        if self.trick is None:
            return rows
        made = self.trick([list(row) for row in rows])
        self.played += made != rows
        return made

    def replayed(self, rows: list[Row]) -> list[Row]:
        """Give an answer of the same shape that was remembered, if there is one."""
        return self.remembered.get(len(rows[0]), rows) if rows else rows


@contextmanager
def hostile(target: int, folder: Path | None = None) -> Iterator[tuple[int, HostileProvider]]:
    """Stand before the server at the port `target`; yield our port, and what plays the tricks."""
    provider = HostileProvider()
    with between(target, provider.wire, folder) as port:
        yield port, provider


class _Lying(Wire):
    def __init__(self, provider: HostileProvider) -> None:
        self._provider = provider
        self._rest = b""
        self._rows: list[Row] = []

    def downward(self, data: bytes) -> bytes:
        self._rest += data
        out = []
        at = 0
        while len(self._rest) - at >= HEAD:
            end = at + 1 + struct.unpack_from(">I", self._rest, at + 1)[0]
            if len(self._rest) < end:
                break
            frame = self._rest[at:end]
            if frame[0] == DATA_ROW:
                self._rows.append(_read(frame))
            else:
                out += [*self._flushed(), frame]
            at = end
        self._rest = self._rest[at:]
        return b"".join(out)

    def _flushed(self) -> list[bytes]:
        if not self._rows:
            return []
        rows, self._rows = self._provider.changed(self._rows), []
        return [_written(row) for row in rows]


def _read(frame: bytes) -> Row:
    (count,) = struct.unpack_from(">H", frame, HEAD)
    at, row = HEAD + 2, []
    for _ in range(count):
        (size,) = struct.unpack_from(">i", frame, at)
        at += 4
        row.append(None if size < 0 else frame[at : at + size])
        at += max(0, size)
    return row


def _written(row: Row) -> bytes:
    cells = b"".join(
        struct.pack(">i", -1) if cell is None else struct.pack(">i", len(cell)) + cell
        for cell in row
    )
    return struct.pack(">cIH", b"D", 6 + len(cells), len(row)) + cells


def _longest(row: Row) -> int:
    return max(range(len(row)), key=lambda at: len(row[at] or b""))


def bit_flipped(rows: list[Row]) -> list[Row]:
    """Flip one bit in the middle of the longest cell of the first row."""
    at = _longest(rows[0])
    cell = bytearray(rows[0][at] or b"\0")
    cell[len(cell) // 2] ^= 1
    rows[0][at] = bytes(cell)
    return rows


def cut_short(rows: list[Row]) -> list[Row]:
    """Take the last byte of the longest cell of the first row."""
    at = _longest(rows[0])
    rows[0][at] = (rows[0][at] or b"")[:-1]
    return rows


def nulled(rows: list[Row]) -> list[Row]:
    """Say NULL for the longest cell of the first row."""
    rows[0][_longest(rows[0])] = None
    return rows


def cells_swapped(rows: list[Row]) -> list[Row]:
    """Give the first and the last row each other's longest cell, of one column."""
    at = _longest(rows[0])
    rows[0][at], rows[-1][at] = rows[-1][at], rows[0][at]
    return rows


def columns_swapped(rows: list[Row]) -> list[Row]:
    """Swap the two longest cells of each row."""
    for row in rows:
        first, second = sorted(range(len(row)), key=lambda at: len(row[at] or b""))[-2:]
        row[first], row[second] = row[second], row[first]
    return rows


def row_dropped(rows: list[Row]) -> list[Row]:
    """Leave out the last row."""
    return rows[:-1]


def row_doubled(rows: list[Row]) -> list[Row]:
    """Give the first row again at the end."""
    return [*rows, rows[0]]


TRICKS: Final = {
    trick.__name__: trick
    for trick in (
        bit_flipped, cut_short, nulled, cells_swapped, columns_swapped, row_dropped, row_doubled,
    )
}  # fmt: skip
