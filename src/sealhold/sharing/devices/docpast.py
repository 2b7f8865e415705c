"""The past of a document: what each device wrote, one after another as all devices order it.

- A stage is what one device wrote in one go, and the version that the document had come to then.
  The order is that of logical time; what was made after something stands behind it.
- What lies before the lineage that a document goes on in was kept in it. Of what another lineage
  had besides, and of a past that was cut, it is only told that it was there.

Source: docs/spec/48-documents.md section 12.
"""

from collections import ChainMap
from collections.abc import Iterable
from heapq import heappop, heappush

from sealhold.sharing.devices.conflict import Version as Put
from sealhold.sharing.devices.docops import Delete, Entry, Insert
from sealhold.sharing.devices.docstages import Stage
from sealhold.sharing.devices.documentbook import Stand, ToldEdits
from sealhold.sharing.devices.documentshelf import OpenDocument
from sealhold.sharing.devices.docversions import Span
from sealhold.sharing.devices.docwaiting import Lacking, gap_before

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
    writes, lacking = _writes(gathered.told, counted), Lacking[int]()
    for number, write in enumerate(writes):
        if gap := _gap(write, ends):
            lacking.wait(number, gap)
            continue
        ready = [number]  # a heap: the first that was written goes first
        while ready:
            fits = writes[heappop(ready)]
            ends.update((each.entry.author, each.entry.end) for each in fits)
            found.append(_stage(fits, dict(ends)))
            for author in {each.entry.author for each in fits}:
                for freed in lacking.came(author, ends[author]):
                    heappush(ready, freed)
    return found


def _writes(told: Iterable[ToldEdits], counted: dict[int, int]) -> list[list[ToldEdits]]:
    """Return what was written in one go each, in the order of time, as far as it counts."""
    by: dict[Stand, list[ToldEdits]] = {}
    for each in told:
        if each.entry.end <= counted.get(each.entry.author, 0):
            by.setdefault(each.at, []).append(each)
    return sorted(by.values(), key=lambda each: (each[0].time, each[0].at))


def _gap(told: Iterable[ToldEdits], ends: dict[int, int]) -> list[Span]:
    """Return what is missing of what these were made after."""
    own, wanted = dict[int, int](), dict[int, int]()
    there = ChainMap(own, ends)
    for each in told:
        for author, _, end in gap_before(each.entry, there):
            wanted[author] = max(end, wanted.get(author, 0))
        own[each.entry.author] = each.entry.end
    return [(author, ends.get(author, 0), end) for author, end in wanted.items()]


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
