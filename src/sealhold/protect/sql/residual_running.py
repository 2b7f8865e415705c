"""A compiled statement at work: rows in, rows out.

- WHERE, then groups, HAVING, outputs, DISTINCT, ORDER BY, OFFSET and LIMIT, as SQL has it.
- Rows stream through where nothing must be complete before; what is held counts against the limit.

Source: docs/spec/57-values-and-residuals.md sections 13 to 15.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.sql.residual_grouping import Grouping
from sealhold.protect.sql.residual_limits import RowLimit
from sealhold.protect.sql.residual_sorting import SortKey, sort_in_place
from sealhold.protect.sql.residual_terms import Frame, Given, Run, Term, Value

Cells: TypeAlias = list[bytes | None]
_BAD_LIMIT: Final = "2201W"
_BAD_OFFSET: Final = "2201X"


class Writer:
    """Writes the outputs of a row in binary form; a column that is only shown is not read."""

    def __init__(self, terms: Sequence[Term]) -> None:
        self._parts: list[tuple[int | None, Run, Callable[[Value], bytes]]] = [
            (None if term.slot is None else term.slot.at, term.run, codec(term.type).from_value)
            for term in terms
        ]

    def cells(self, frame: Frame) -> Cells:
        """Return the outputs of a row.

        Raises:
            PgValueError: one of them has no value.
        """
        made: Cells = []
        for at, run, encode in self._parts:
            if at is not None:
                made.append(frame.row[at])
                continue
            value = run(frame)
            made.append(None if value is None else encode(value))
        return made


@dataclass(frozen=True, slots=True)
class Unique:
    """One expression whose equal values make rows the same to DISTINCT."""

    run: Run
    same: Callable[[Value], Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The compiled clauses of a statement."""

    where: Run | None
    grouping: Grouping | None
    having: Run | None
    writer: Writer
    unique: tuple[Unique, ...]  # of DISTINCT; empty if there is none
    is_unique_after: bool  # DISTINCT ON: rows are dropped when they are in order
    sorts: tuple[SortKey, ...]
    count: Run | None  # of LIMIT
    offset: Run | None


def run(
    parts: Parts, rows: Iterable[Sequence[bytes | None]], given: Given, limit: RowLimit
) -> Iterator[Cells]:
    """Yield the rows of a statement, in binary form.

    Raises:
        PgValueError: a value that the server would refuse to compute.
        TooMuchToOpenError: more rows or bytes than the limit allows.
    """
    bare = Frame(given, ())
    offset = _bound(parts.offset, bare, _BAD_OFFSET, "OFFSET") or 0
    count = _bound(parts.count, bare, _BAD_LIMIT, "LIMIT")
    if count == 0:
        return
    end = None if count is None else offset + count
    for at, cells in enumerate(_in_order(parts, rows, given, limit)):
        if at >= offset:
            yield cells
        if end is not None and at + 1 >= end:
            return


def _bound(bound: Run | None, frame: Frame, sqlstate: str, name: str) -> int | None:
    value: int | None = None if bound is None else bound(frame)
    if value is not None and value < 0:
        raise PgValueError(sqlstate, f"{name} must not be negative")
    return value


def _frames(
    parts: Parts, rows: Iterable[Sequence[bytes | None]], given: Given, limit: RowLimit
) -> Iterator[Frame]:
    where = parts.where
    for row in rows:
        limit.take(row)
        frame = Frame(given, row)
        if where is None or where(frame) is True:
            yield frame


def _in_order(
    parts: Parts, rows: Iterable[Sequence[bytes | None]], given: Given, limit: RowLimit
) -> Iterator[Cells]:
    frames: Iterable[Frame] = _frames(parts, rows, given, limit)
    if parts.grouping is not None:
        frames = parts.grouping.groups(frames, given, limit)
    if parts.having is not None:
        having = parts.having
        frames = (frame for frame in frames if having(frame) is True)
    cells = parts.writer.cells
    if not parts.sorts:
        yield from (cells(frame) for frame in _unique(parts, frames, limit))
        return
    if not parts.is_unique_after:
        frames = _unique(parts, frames, limit)
    held: list[tuple[list[Value], tuple[Cells, Frame]]] = []
    for frame in frames:
        made = cells(frame)
        limit.hold(made)
        held.append(([key.run(frame) for key in parts.sorts], (made, frame)))
    sort_in_place(held, parts.sorts)
    if parts.is_unique_after:
        kept = {id(frame) for frame in _unique(parts, (frame for _, (_, frame) in held), limit)}
        held = [each for each in held if id(each[1][1]) in kept]
    yield from (made for _, (made, _) in held)


def _unique(parts: Parts, frames: Iterable[Frame], limit: RowLimit) -> Iterator[Frame]:
    """Yield the first of each kind of rows; all, if there is no DISTINCT."""
    if not parts.unique:
        yield from frames
        return
    seen: set[object] = set()
    for frame in frames:
        key = tuple(
            [
                None if (value := each.run(frame)) is None else each.same(value)
                for each in parts.unique
            ]
        )
        if key not in seen:
            limit.hold(frame.row)
            limit.keep(key)
            seen.add(key)
            yield frame
