"""A table whose rows are being filled, as clients use it: in the form that was.

- Its columns have the client's names, types and order; at the provider they are `_sh_was_...`.
- Only while a switch is under way the catalogue says which of the two forms there is.
- What the provider's catalogue says is taken for that only where the proxy's own state says that
  the migration is under way.

Source: docs/spec/61-protecting-a-live-table.md section 3.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sealhold.protect.migrating.forms import MARK, NEW, Change, Move
from sealhold.protect.spec import CELL
from sealhold.protect.sql.names import (
    HIDDEN_PREFIX,
    RID,
    WAS,
    Attribute,
    Cells,
    Relation,
    Rows,
    attribute_of,
    in_order,
    listed_as,
)

Moves = Mapping[tuple[str, str], Move]


def relation_of(move: Move, rows: Rows) -> Relation | None:
    """Return a table as it is used meanwhile; None if the provider does not have it so."""
    there = {row[4] or "" for row in rows}
    if not move.is_filling(there):
        is_new = move.is_switching and not move.is_back and move.is_over(there)
        return listed_as(move.key, rows, move.after) if is_new else None
    cells = {WAS + move.source(each)[CELL]: each for each in move.changes}
    stays = {each.name: each for each in move.stays}
    companions = {WAS + name for name in move.sources()} - set(cells)
    beside = {one.physical(suffix) for one in move.stays for suffix in one.techniques if suffix}
    attributes: list[Attribute] = []
    for row in in_order(rows):
        name = row[4] or ""
        if name in cells:
            attributes.append(_moving(row, cells[name], move))
        elif not name.startswith(HIDDEN_PREFIX) and name not in beside:
            attributes.append(attribute_of(row, stays.get(name)))
    first = rows[0]
    hidden = companions | beside | {name for name in there if name.startswith(HIDDEN_PREFIX)}
    return Relation(
        *move.key, int(first[2] or 0), first[3] or "",
        tuple(replace(each, number=at) for at, each in enumerate(attributes, 1)),
        frozenset(hidden - set(cells)), mark=MARK,
    )  # fmt: skip


def _moving(row: Cells, change: Change, move: Move) -> Attribute:
    places = {suffix: WAS + name for suffix, name in move.source(change).items()}
    kept = attribute_of(row, change.was)
    rid = None if change.was is None else RID
    return replace(kept, name=change.name, places=places, rid=rid, is_moving=True)


def meanwhile(
    under_way: Callable[[], Moves],
) -> Callable[[tuple[str, str], Rows], Relation | None]:
    """Return what reads tables whose migration is under way, as `read_names` takes it."""

    def moving(key: tuple[str, str], rows: Rows) -> Relation | None:
        move = under_way().get(key)
        # THREAT T697: without an own note of a migration nothing that the catalogue shows is one
        return None if move is None else relation_of(move, rows)

    return moving


def unfilled(there: Collection[str]) -> bool:
    """Whether columns look like a migration that somebody else began."""
    return any(name.startswith((WAS, NEW)) for name in there)
