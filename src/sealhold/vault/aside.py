"""The chain of snapshots beside rows whose form has no place for it.

- The file holds rows as they are sealed; a setting, which every form has, holds the tip's number.
- What does not end there, or does not hold together, is not taken in: a chain begins that says how
  many it lacks.

Source: docs/spec/46-snapshots.md section 4.
"""

from collections.abc import Callable, Iterable, Sequence

from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError, StoreUnavailableError, TamperedError
from sealhold.stores.spec import MIN_SEALED, Delete, Expect, Op, Put, ReadView
from sealhold.vault.deciding import scan_all
from sealhold.vault.home import Home, read
from sealhold.vault.snapshotrows import PARTS, SNAPSHOTS, TIP

NAME_BYTES = 32
AT_ONCE = 500  # rows that are put in together


def packed(view: ReadView) -> bytes:
    """Return the rows of a chain as the file holds them."""
    tables = (SNAPSHOTS, PARTS, TIP)
    return pack([[list(found.row) for found in scan_all(view, each)] for each in tables])


def portions(home: Home, count: int) -> list[list[Op]]:
    """Return what puts the rows of the file in; none if it does not end at number `count`."""
    try:
        snapshots, parts, tips = unpack(read(home.snapshots))
        ((_, tip, number),) = tips
    except (InvalidEncodingError, StoreUnavailableError, TypeError, ValueError):
        return []
    # THREAT T426: a file from an earlier way back ends at another number than the rows tell
    if number != count or not all(map(_is_row, [*snapshots, *parts, [tip, bytes(MIN_SEALED)]])):
        return []
    ops: list[Op] = [Put(SNAPSHOTS.name, tuple(each), Expect.ABSENT) for each in snapshots]
    ops += [Put(PARTS.name, tuple(each), Expect.ABSENT) for each in parts]
    ops.append(Put(TIP.name, (0, tip, number), Expect.ABSENT))
    return [ops[at : at + AT_ONCE] for at in range(0, len(ops), AT_ONCE)]


def taken_in(
    home: Home,
    count: int,
    put: Callable[[Sequence[Op]], None],
    check: Callable[[], None],
) -> None:
    """Put the chain of the file into rows that have none, unless it is not that of these rows."""
    if not home.snapshots.exists():
        return
    done = portions(home, count)
    for ops in done:
        put(ops)
    try:
        check()
    except TamperedError:
        for ops in done:
            put([*_taken_out(ops)])


def _taken_out(ops: Iterable[Op]) -> Iterable[Op]:
    for op in ops:
        if isinstance(op, Put):
            yield Delete(op.table, op.row[:1])


def _is_row(row: Plain) -> bool:
    match row:
        case [bytes(name), bytes(paper)]:
            return len(name) == NAME_BYTES and len(paper) >= MIN_SEALED
        case _:
            return False
