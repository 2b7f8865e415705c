"""What the cells of a row, key or bound may be, told from the kinds of their columns.

- A cell has exactly the Python type of its kind: `True` is no integer, a `bytearray` no bytes.
- A row of a table and the key of a row are both shapes; so are the first columns of an index.
- Asked for each row of each batch, so it compares all types at once, and whole columns of rows.

Source: docs/spec/04-stores.md section 2.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from operator import itemgetter

from sealhold.stores.spec import MAX_CODE, MIN_SEALED, Cell, ColumnKind, Key, Row

MAX_I64 = 2**63 - 1
MIN_I64 = -(2**63)
INT_BYTES = 8  # what an integer counts against the limits
MISFIT = -1

_FIXED = {ColumnKind.ID16: 16, ColumnKind.TAG16: 16, ColumnKind.HASH32: 32}
_VARYING = {ColumnKind.CODE, ColumnKind.SEALED}
_PYTHON: Mapping[ColumnKind, type[Cell]] = {
    ColumnKind.ID16: bytes,
    ColumnKind.TAG16: bytes,
    ColumnKind.HASH32: bytes,
    ColumnKind.SEALED: bytes,
    ColumnKind.CODE: str,
    ColumnKind.I64: int,
    ColumnKind.DAY: int,
    ColumnKind.FLAG: bool,
}


class Shape:
    """The cells that some columns of a table hold, in an order of their own."""

    def __init__(self, kinds: Sequence[ColumnKind]) -> None:
        self.kinds = tuple(kinds)
        self._types = tuple(_PYTHON[kind] for kind in kinds)
        fixed = [at for at, kind in enumerate(kinds) if kind in _FIXED]
        self._ints = [at for at, kind in enumerate(kinds) if _PYTHON[kind] is int]
        self._codes = [at for at, kind in enumerate(kinds) if kind is ColumnKind.CODE]
        self._sealed = [at for at, kind in enumerate(kinds) if kind is ColumnKind.SEALED]
        self._pick_fixed = _picker(fixed)
        self._lengths = [_FIXED[kinds[at]] for at in fixed]
        numbers = len(kinds) - len(fixed) - len(self._codes) - len(self._sealed)
        self._constant = sum(self._lengths) + numbers * INT_BYTES

    def measure(self, cells: object) -> int:
        """Return how many bytes `cells` count, or -1 if they do not fit this shape."""
        if not isinstance(cells, tuple) or tuple(map(type, cells)) != self._types:
            return MISFIT
        if list(map(len, self._pick_fixed(cells))) != self._lengths:
            return MISFIT
        total = self._constant
        for at in self._sealed:
            length = len(cells[at])
            if length < MIN_SEALED:
                return MISFIT
            total += length
        for at in self._codes:
            if not is_code(cells[at]):
                return MISFIT
            total += len(cells[at])
        for at in self._ints:
            if not MIN_I64 <= cells[at] <= MAX_I64:
                return MISFIT
        return total

    def measure_all(self, rows: Sequence[Row], most: int) -> int:
        """Return how many bytes `rows` count together, or -1 if one of them may not fit.

        Says -1 also if one of them may count over `most`.
        """
        if set(map(type, rows)) != {tuple} or set(map(len, rows)) != {len(self.kinds)}:
            return MISFIT
        total, longest = self._constant * len(rows), self._constant
        for kind, column in zip(self.kinds, zip(*rows, strict=True), strict=True):
            if set(map(type, column)) != {_PYTHON[kind]} or not _all_fit(kind, column):
                return MISFIT
            if kind in _VARYING:
                lengths = [*map(len, column)]
                total += sum(lengths)
                longest += max(lengths)
        return total if longest <= most else MISFIT

    def longest(self) -> int | None:
        """Return the most bytes that fitting cells count, or None if a kind has no end."""
        if self._sealed:
            return None
        return self._constant + MAX_CODE * len(self._codes)

    def bounds(self, cells: Key) -> bool:
        """Return whether `cells` can be compared with the first columns of this shape.

        A bound may be shorter or longer than what the columns hold: `b""` comes before all ids.
        """
        if len(cells) > len(self._types):
            return False
        return all(
            isinstance(cell, kind) and (not isinstance(cell, int) or MIN_I64 <= cell <= MAX_I64)
            for cell, kind in zip(cells, self._types, strict=False)
        )


def room_for(delta: int, cap: int) -> tuple[int, int]:
    """Return from which number up to which one `delta` may be added; upside down if to none.

    The sum stays what a column holds, and within `cap`.
    """
    lowest, highest = max(MIN_I64, MIN_I64 - delta), min(MAX_I64, cap - delta)
    # beyond what a column holds, and a parameter can say
    return (lowest, highest) if highest >= MIN_I64 else (1, 0)


@cache
def shape_of(kinds: tuple[ColumnKind, ...]) -> Shape:
    """Return the shape of these columns; the tables have few of them, and many times."""
    return Shape(kinds)


def _all_fit(kind: ColumnKind, column: Row) -> bool:
    """Return whether all cells of a column, whose types are right, are what it may hold."""
    match kind:
        case ColumnKind.I64 | ColumnKind.DAY:
            return all(MIN_I64 <= end <= MAX_I64 for end in (min(column), max(column)))
        case ColumnKind.CODE:
            return all(map(is_code, set(column)))
        case ColumnKind.SEALED:
            return min(map(len, column)) >= MIN_SEALED
        case ColumnKind.FLAG:
            return True
        case ColumnKind.ID16 | ColumnKind.TAG16 | ColumnKind.HASH32:
            return set(map(len, column)) == {_FIXED[kind]}


def is_code(text: str) -> bool:
    """Return whether a CODE column can hold `text`."""
    return len(text) <= MAX_CODE and text.isascii() and text.isprintable()


def _picker(places: Sequence[int]) -> Callable[[Row], Row]:
    match places:
        case []:
            return lambda _cells: ()
        case [at]:
            return lambda cells: (cells[at],)
        case _:
            return itemgetter(*places)
