"""Which objects a task is about: chosen at approval, and frozen then unless the task is open.

- A frozen set is the objects and versions that stood at approval: what comes later does not enter,
  so a count asked again tells nothing about when something came.
- The owner's selection is evaluated here, by our own code, over the granted fields alone.

Source: docs/spec/09-leakage.md section 3.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.compute.allowing import event_of
from sealhold.compute.asked import Asked
from sealhold.compute.office import Office
from sealhold.compute.replay import Member
from sealhold.crypto.digest import fingerprint
from sealhold.model.ids import FieldName, GrantId, Id16, RecordId
from sealhold.policy.rowfilter import matches
from sealhold.stores.spec import ColumnKind, Expect, Op, Put, TableSpec
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.owned import RECORDS

FROZEN = TableSpec(
    name="frozen",
    columns={
        "grants": ColumnKind.ID16,
        "part": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("grants", "part"),
    indexes={},
)
PART = 5_000  # objects named in one row


def choose(
    office: Office, asked: Asked, fields: frozenset[FieldName], actor: Actor
) -> list[Member]:
    """Return the objects that the request selects now, at most as many as the task reads.

    Raises:
        AuditUnavailableError: the log cannot be written; nothing was opened.
    """
    asks = asked.chosen(fields)
    name = asked.dataset.name
    event = event_of(office, asked, EventKind.READ, actor)
    records = office.firewall.collection(name, structs.replace(event, rows_read=office.count(name)))
    chosen = (
        Member(record=record.id, version=record.version)
        for record in records
        if matches(asks, record.fields)
    )
    return list(islice(chosen, asked.signed.task.input.max_objects))


def freeze(core: Core, grant: GrantId, members: Sequence[Member]) -> list[Op]:
    """Return the operations that keep a grant's set of objects."""
    ops: list[Op] = []
    for part, start in enumerate(range(0, max(len(members), 1), PART)):
        paper = [[each.record, each.version] for each in members[start : start + PART]]
        clear = (grant, part)
        sealed = core.papers.seal(FROZEN.name, clear, paper)
        ops.append(Put(FROZEN.name, (*clear, sealed), Expect.ABSENT))
    return ops


def frozen(core: Core, grant: GrantId) -> list[Member]:
    """Return a grant's set of objects as it was kept."""
    return [
        Member(record=RecordId(Id16(record)), version=version)
        for found in rows_of(core.store, FROZEN, "key", grant)
        for record, version in core.papers.open(FROZEN.name, found.row[:2], found.row[2])
    ]


def digests(core: Core, members: Iterable[Member]) -> Iterator[tuple[bytes, bytes]]:
    """Yield of each object the 32-byte digest of its sealed content, and the id of its import.

    Both are for commitments of a proof; neither can be guessed from what the object holds.
    """
    keys = [(member.record,) for member in members]
    for start in range(0, len(keys), PART):
        for found in core.store.get(RECORDS.name, keys[start : start + PART]):
            if found is not None:
                yield fingerprint(found.row[-1]), found.row[6]
