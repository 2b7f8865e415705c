"""What the works of a batch were decided on: looked at by the writer, before it writes them.

- Rows that decide are in memory, and change by this very writer alone. So a batch that changes none
  of them is held against memory, each set of guards once; the database is asked for the others.
- A batch that changes one goes to the database whole, which looks at each guard in its turn.

Source: docs/spec/05-audit-log.md section 5.
"""

from collections.abc import Sequence

from sealhold.stores.spec import Guard, Op, Unit
from sealhold.vault.deciding import Deciding
from sealhold.vault.pieces import Work


def units_of(works: Sequence[Work], deciding: Deciding) -> list[Unit]:
    """Return the units of works: operations behind the guards that memory cannot vouch for."""
    if any(_changes(work.ops, deciding) for work in works):
        return [Unit((*work.on, *work.ops)) if work.on else Unit(work.ops) for work in works]
    known: dict[int, tuple[Op, ...]] = {}
    units = []
    for work in works:
        on = work.on
        if on:
            left = known.get(id(on))
            if left is None:
                left = known[id(on)] = _left(on, deciding)
            units.append(Unit((*left, *work.ops)))
        else:
            units.append(Unit(work.ops))
    return units


def _changes(ops: Sequence[Op], deciding: Deciding) -> bool:
    return any(type(op) is not Guard and deciding.decides(op) for op in ops)


def _left(on: tuple[Op, ...], deciding: Deciding) -> tuple[Op, ...]:
    """Return the guards that the database must look at; all of them if one does not hold."""
    left: list[Op] = []
    for op in on:
        if type(op) is not Guard or not deciding.decides(op):
            left.append(op)
        elif not deciding.holds(op):  # THREAT T253: a no that came before; the whole use fails
            return on
    return tuple(left)
