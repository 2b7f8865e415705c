"""The entries of one batch: of equal refusals there is one, which says how many it stands for.

- Whoever is refused a thousand times in one moment is told each time, after the one entry is
  durable; the log grows by one.
- Only what writes nothing but a refusal is put together; uses never are.

Source: docs/spec/05-audit-log.md section 6.
"""

from collections.abc import Sequence

from msgspec import structs

from sealhold.audit.event import Event, Outcome
from sealhold.audit.log import Entry
from sealhold.model.ids import Id16
from sealhold.vault.pieces import Work


def entries_of(works: Sequence[Work]) -> tuple[list[Entry], list[int]]:
    """Return the entries of a batch, and for each work the place of its first one."""
    entries: list[Entry] = []
    places: list[int] = []
    same: dict[tuple[Id16, Event], int] = {}
    for work in works:
        refused = _refused(work)
        at = same.get((refused.subject, refused.event)) if refused else None
        if refused is None or at is None:
            at = len(entries)
            entries.extend(work.entries)
            if refused is not None:
                same[refused.subject, refused.event] = at
        else:
            one = entries[at]
            more = structs.replace(one.event, more=one.event.more + 1)
            entries[at] = structs.replace(one, event=more)
        places.append(at)
    return entries, places


def _refused(work: Work) -> Entry | None:
    if work.ops or len(work.entries) != 1:
        return None
    entry = work.entries[0]
    return entry if entry.event.outcome is Outcome.DENIED else None
