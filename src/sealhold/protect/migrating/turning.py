"""Rows of one form made rows of the other, and both compared.

Source: docs/spec/61-protecting-a-live-table.md section 5.
"""

from collections.abc import Sequence
from typing import Final

from sealhold.protect.columns import Column
from sealhold.protect.migrating.asking import Row
from sealhold.protect.migrating.forms import Move
from sealhold.protect.migrating.steps import sent_as
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import element_of
from sealhold.protect.spec import CELL
from sealhold.protect.sql.binding import array, rid_cell

Values = list[bytes | None]
_PLAIN: Final = Settings()
_TID: Final = 27
_BIGINT: Final = 20


def turned(move: Move, read: Sequence[Sequence[bytes | None]], rids: Sequence[int]) -> list[Values]:
    """Return the columns of the new form, in the order of `Move.types`.

    Args:
        move: which way.
        read: for each column of the migration what was read of it, a value for each row.
        rids: the number of each row.

    Raises:
        TypeRefusedError: a value that a technique cannot hold.
        SealBrokenError: a cell that was not made for its place.
    """
    made: list[Values] = []
    for change, values in zip(move.changes, read, strict=True):
        clear = _opened(change.was, values, rids)
        will = change.will
        if will is None:
            made.append(_sent(change.column, clear))
        else:
            made += [will.encode(suffix, clear, rids) for suffix in will.techniques]
    return made


def arrays(
    move: Move, places: Sequence[bytes | None], rids: Sequence[int], made: Sequence[Values]
) -> list[bytes]:
    """Return what `steps.fill` takes: an array of places, one of numbers, one for each column."""
    return [
        array(_TID, places),
        array(_BIGINT, [rid_cell(rid) for rid in rids]),
        *(
            array(sent_as(kind).oid, values)
            for kind, values in zip(move.types().values(), made, strict=True)
        ),
    ]


def differing(move: Move, rows: Sequence[Row]) -> int:
    """Return how many rows say one thing in one form and another in the other.

    Args:
        move: which way.
        rows: number, what was read of each column, and all of the new form.

    Raises:
        SealBrokenError: a cell that was not made for its place.
    """
    rids = [int.from_bytes(row[0] or b"") for row in rows]
    columns = list(zip(*rows, strict=True))[1:]
    at = len(move.changes)
    wrong: set[int] = set()
    for change, old in zip(move.changes, columns, strict=False):
        new = dict(zip(move.target(change), columns[at:], strict=False))
        at += len(new)
        will, column = change.will, change.column
        clear = _opened(change.was, old, rids)
        again = _opened(will, new[CELL], rids)
        wrong |= _unlike(_canonical(column, clear), _canonical(column, again))
        for suffix, terms in new.items():
            if suffix != CELL and will is not None:
                wrong |= _unlike(terms, will.encode(suffix, clear, rids))
    return len(wrong)


def _opened(
    column: Column | None, values: Sequence[bytes | None], rids: Sequence[int]
) -> Sequence[bytes | None]:
    return values if column is None else column.decode(values, rids)


def _unlike(one: Sequence[bytes | None], two: Sequence[bytes | None]) -> set[int]:
    return {at for at, (left, right) in enumerate(zip(one, two, strict=True)) if left != right}


def _canonical(column: Column, values: Sequence[bytes | None]) -> Values:
    canonical = codec(column.type).canonical
    return [None if each is None else canonical(each) for each in values]


def _sent(column: Column, values: Sequence[bytes | None]) -> Values:
    """Return values of a type that has no arrays of its own as text."""
    if element_of(column.type) is None:
        return list(values)
    text = codec(column.type).to_text
    return [None if each is None else text(each, _PLAIN) for each in values]
