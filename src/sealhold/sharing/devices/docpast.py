"""The past of a document: what each device wrote, one after another as all devices order it.

- A stage is what one device wrote in one go, and the version that the document had come to then.
  The order is that of logical time; what was made after something stands behind it.
- What lies before the lineage that a document goes on in was kept in it. Of what another lineage
  had besides, and of a past that was cut, it is only told that it was there.

Source: docs/spec/48-documents.md section 12.
"""

from collections.abc import Iterable

from sealhold.sharing.devices.conflict import Version as Put
from sealhold.sharing.devices.docops import Delete, Entry, Insert
from sealhold.sharing.devices.docstages import Stage
from sealhold.sharing.devices.documentbook import Stand, ToldEdits
from sealhold.sharing.devices.documentshelf import OpenDocument
from sealhold.sharing.devices.docwaiting import gap_before

BEGAN, ERASED, CUT = "began", "words erased", "past cut"


def stages(opened: OpenDocument, begun: Put) -> list[Stage]:
    """Return the past of an open document, oldest first; `begun` is its version that is shown."""
    gathered, ends = opened.loaded.gathered, dict(opened.loaded.gathered.base)
    found = list(opened.base.past)
    id_, why = "0", BEGAN
    if opened.base.snapshot:
        why = ERASED if found else CUT
        id_ = f"{opened.lineage.hex()[:8]}-0" if found else "0"
    found.append(Stage(id=id_, time=begun.time, device=begun.device, why=why, version=dict(ends)))
    counted = opened.loaded.document.version()
    held: list[tuple[Stand, list[ToldEdits]]] = []
    for each in _writes(gathered.told, counted):
        held.append(each)
        while (fits := next((one for one in held if _fits(one[1], ends)), None)) is not None:
            held.remove(fits)
            ends.update((told.entry.author, told.entry.end) for told in fits[1])
            found.append(_stage(fits[1], dict(ends)))
    return found


def _writes(
    told: Iterable[ToldEdits], counted: dict[int, int]
) -> Iterable[tuple[Stand, list[ToldEdits]]]:
    """Return what was written in one go each, in the order of time, as far as it counts."""
    by: dict[Stand, list[ToldEdits]] = {}
    for each in told:
        if each.entry.end <= counted.get(each.entry.author, 0):
            by.setdefault(each.at, []).append(each)
    return sorted(by.items(), key=lambda each: (each[1][0].time, each[0]))


def _fits(told: Iterable[ToldEdits], ends: dict[int, int]) -> bool:
    """Return whether all that these were made after is there."""
    there = dict(ends)
    for each in told:
        if gap_before(each.entry, there):
            return False
        there[each.entry.author] = each.entry.end
    return True


def _stage(told: list[ToldEdits], version: dict[int, int]) -> Stage:
    first = told[0]
    ops = [op for each in told for change in each.entry.changes for op in change.ops]
    inserted = sum(len(op.text) for op in ops if isinstance(op, Insert))
    deleted = sum(op.length for op in ops if isinstance(op, Delete))
    return Stage(
        id=stage_id(first.entry),
        time=first.time,
        device=first.at.log.device,
        why="",
        version=version,
        inserted=inserted,
        deleted=deleted,
        values=sum(not isinstance(op, Insert | Delete) for op in ops),
    )


def stage_id(entry: Entry) -> str:
    """Return what a person calls an entry by."""
    return f"{entry.author:016x}"[:8] + f"-{entry.start}"
