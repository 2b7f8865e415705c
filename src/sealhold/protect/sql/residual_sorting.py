"""ORDER BY: keys of rows, and rows put in order by them.

- NULL is greater than all else, unless NULLS FIRST or LAST says where it goes.

Source: docs/spec/57-values-and-residuals.md section 14; PostgreSQL 15, chapter 7.5.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from postgast import pg_query_pb2 as pb

from sealhold.protect.sql.residual_terms import CannotDo, Run, Value

_Rest = TypeVar("_Rest")


@dataclass(frozen=True, slots=True)
class SortKey:
    """One expression that rows are put in order by."""

    run: Run
    key: Callable[[Value], Value]
    is_falling: bool
    nulls_high: bool  # NULL counts as greater than all else


def directions(sort_by: pb.SortBy) -> tuple[bool, bool]:
    """Return whether an order falls, and whether NULL counts as greater than all else.

    Raises:
        CannotDo: an order by an operator.
    """
    if sort_by.sortby_dir == pb.SortByDir.SORTBY_USING:
        raise CannotDo("ORDER BY ... USING is not in the list")
    is_falling = sort_by.sortby_dir == pb.SortByDir.SORTBY_DESC
    match sort_by.sortby_nulls:
        case pb.SortByNulls.SORTBY_NULLS_FIRST:
            return is_falling, is_falling
        case pb.SortByNulls.SORTBY_NULLS_LAST:
            return is_falling, not is_falling
        case _:
            return is_falling, True


def sort_in_place(rows: list[tuple[list[Value], _Rest]], keys: Sequence[SortKey]) -> None:
    """Put rows in order; each stands beside the values of `keys`, one for each."""
    for at in range(len(keys) - 1, -1, -1):
        each = keys[at]
        null = (1,) if each.nulls_high else (-1,)
        make = each.key

        def key(
            row: tuple[list[Value], _Rest],
            at: int = at,
            null: tuple[int] = null,
            make: Callable[[Value], Value] = make,
        ) -> tuple[Value, ...]:
            value = row[0][at]
            return null if value is None else (0, make(value))

        rows.sort(key=key, reverse=each.is_falling)
