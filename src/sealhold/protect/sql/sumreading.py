"""What the provider tells of groups and blocks, put together for the client's groups.

- Each row is of one group and of one block of each column: how many rows there are, which they are
  unless it is all of the block, and the cells of those in none.

Source: docs/spec/64-sums-at-an-agent.md section 3.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.model.errors import TamperedError
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.types import named
from sealhold.protect.sql.plan import SumPlan
from sealhold.protect.sql.rows import Row
from sealhold.protect.techniques.sum_mark import number

whole_cell: Final = struct.Struct(">q")
_BYTEAS: Final = named("bytea[]")
_ARRAY: Final = struct.Struct(">iiIii")
_ITEM: Final = struct.Struct(">iq")
_BIGINT: Final = 20


class Group:
    """What is added up to one row of the client's."""

    def __init__(self, values: Sequence[bytes | None], columns: int, tallies: int) -> None:
        self.values = tuple(values)
        self.parts: list[list[tuple[int, Sequence[int] | None]]] = [[] for _ in range(columns)]
        self.opened: list[list[tuple[Sequence[bytes | None], Sequence[int]]]] = [
            [] for _ in range(columns)
        ]
        self.rows = [0] * columns  # that are not NULL
        self.counts = [0] * tallies


@dataclass(slots=True)
class Read:
    """The groups of one execution."""

    groups: list[Group]
    rows: int
    masked: int  # blocks of which a part is added up
    cells: int  # that are to be opened


def read_groups(plan: SumPlan, rows: Sequence[Row], live: Sequence[int]) -> Read:
    """Return what the provider's groups and blocks are, put together for the client's groups.

    Raises:
        TamperedError: the provider's answer is out of form.
    """
    groups: dict[tuple[bytes | None, ...], Group] = {}
    read = Read([], 0, 0, 0)
    for row in rows:
        key = _key(plan, row)
        group = groups.get(key)
        if group is None:
            values = [row[each.at] for each in plan.keys]
            group = groups[key] = Group(values, len(plan.columns), len(plan.tallies))
        for at, tally in enumerate(plan.tallies):
            if tally.kind == "count":
                group.counts[at] += _whole(row[tally.at])
        numbers = _numbers(row[plan.rids])
        count = _whole(row[plan.count])
        read.rows += count
        for at in range(len(plan.columns)):
            mark = _mark(row[plan.marks[at]])
            if mark is None:
                continue
            group.rows[at] += count
            if mark < live[at]:
                cells = _cells(row[plan.cells[at]])
                if numbers is None or not len(cells) == len(numbers) == count:
                    raise TamperedError("the provider gives cells of other rows")
                group.opened[at].append((cells, numbers))
                read.cells += count
            else:
                group.parts[at].append((mark, numbers))
                read.masked += numbers is not None
    if not groups and not plan.is_grouped:
        groups[()] = Group((), len(plan.columns), len(plan.tallies))
    read.groups = list(groups.values())
    return read


def _key(plan: SumPlan, row: Row) -> tuple[bytes | None, ...]:
    """Return what all rows of one group of the client's have in common."""
    found: list[bytes | None] = []
    for each in plan.keys:
        value = row[each.at]
        if each.by:
            found += [row[at] for at in each.by]
        else:
            found.append(None if value is None else codec(each.type).canonical(value))
    return tuple(found)


def _whole(cell: bytes | None) -> int:
    if cell is None or len(cell) != whole_cell.size:
        raise TamperedError("the provider counts in no number")
    return int(whole_cell.unpack(cell)[0])


def _mark(cell: bytes | None) -> int | None:
    if cell is None:
        return None
    if len(cell) != number.size:
        raise TamperedError("the provider gives no mark of a block")
    return int(number.unpack(cell)[0])


def _numbers(cell: bytes | None) -> list[int] | None:
    """Return the row numbers in an array; None if there is none.

    Raises:
        TamperedError: it is none.
    """
    if cell is None:
        return None
    if len(cell) < _ARRAY.size:
        raise TamperedError("the provider gives no row numbers")
    dimensions, nulls, oid, count, _ = _ARRAY.unpack_from(cell)
    if (dimensions, nulls, oid) != (1, 0, _BIGINT) or len(cell) != _ARRAY.size + 12 * count:
        raise TamperedError("the provider gives no row numbers")
    return [row for _, row in _ITEM.iter_unpack(cell[_ARRAY.size :])]


def _cells(cell: bytes | None) -> tuple[bytes | None, ...]:
    if cell is None:
        return ()
    return tuple(codec(_BYTEAS).to_value(cell))
