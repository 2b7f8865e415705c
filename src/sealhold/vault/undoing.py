"""An import taken back: what it brought goes, and what it replaced returns.

- The versions of other imports are put back by portions, each a commit of its own; the last commit
  removes all that is the job's and says that it is undone. A kill in between costs nothing: undoing
  again goes on.
- An item that a later import changed keeps the job from being undone: that import comes first.

Source: docs/spec/18-connectors.md section 4.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import ConflictError
from sealhold.model.ids import Id16, JobId, RecordId
from sealhold.stores.spec import Delete, DeleteWhere, Op, Put
from sealhold.vault.catalogue import UNDONE, Catalogue, JobRow
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.index import SEGMENTS, Index
from sealhold.vault.ingest import PORTION, SMALL
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.recognising import IDENTITIES
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work


def undo(core: Core, index: Index, job: JobRow) -> int:
    """Take back what a job brought, and return how many items that were.

    Raises:
        ConflictError: it was undone before, or a later job changed an item that it brought.
    """
    if job.state == UNDONE:
        raise ConflictError("this import was undone before")
    store = core.store
    mine = {found.row[0]: found.row[4] for found in rows_of(store, RECORDS, "job", job.id)}
    if any(found.row[0] not in mine for found in rows_of(store, OLDER, "job", job.id)):
        raise ConflictError("a later import changed items of this one; undo that one first")
    with core.keys.turning.kept():  # rows that are read and put back as they are
        for ops in restoring(core, job, mine):
            write(core, job, ops, len(mine))
    gone = (SEGMENTS.name, IDENTITIES.name, RECORDS.name, OLDER.name)
    undone = Catalogue(store, core.papers, core.owner).put_job(replace(job, state=UNDONE))
    rest = [*(DeleteWhere(table, "job", (job.id,)) for table in gone), undone]
    write(core, job, rest, len(mine))
    index.forget()
    return len(mine)


def restoring(core: Core, job: JobRow, mine: Mapping[bytes, int]) -> Iterator[list[Op]]:
    """Yield, by portions, what puts the versions back that a job replaced.

    A kill in between leaves items that are back and others that are not; undoing again goes on.
    """
    store, ops, size = core.store, list[Op](), 0
    for identity in list(rows_of(store, IDENTITIES, "job", job.id)):
        tag, record, subject, _, _ = identity.row
        if mine[record] == 1:
            continue
        older = list(rows_of(store, OLDER, "key", record))
        before = max(
            (found for found in older if found.row[6] != job.id),
            key=lambda found: found.row[4],
            default=None,
        )
        if before is None:
            continue
        own = [found for found in older if found.row[6] == job.id]
        unknown = bytes(16)  # the next import of this item compares, and finds it changed
        ops += [
            Put(RECORDS.name, before.row),
            Put(IDENTITIES.name, (tag, record, subject, before.row[6], unknown)),
            *(Delete(OLDER.name, (record, found.row[4])) for found in (before, *own)),
        ]
        size += len(before.row[-1]) + SMALL
        if size > PORTION:
            yield ops
            ops, size = [], 0
    if ops:
        yield ops


def versions_of(core: Core, record: RecordId) -> list[tuple[int, JobId]]:
    """Return each version of an item with the job that brought it, the newest first."""
    rows = [each for each in core.store.get(RECORDS.name, [(record,)]) if each is not None]
    rows += rows_of(core.store, OLDER, "key", record)
    found = [(each.row[4], JobId(Id16(each.row[6]))) for each in rows]
    return sorted(found, key=lambda each: -each[0])


def write(core: Core, job: JobRow, ops: Sequence[Op], items: int) -> None:
    """Write a portion, with the log entry that tells of it."""
    teller = Teller(core.keys)
    event = Event(
        kind=EventKind.JOB,
        actor=Actor.OWNER,
        subject=teller.subject,
        job=job.id,
        source=job.source,
        rows_out=items,
        reason=UNDONE,
    )
    core.writer.commit(Work(tuple(ops), (teller.entry(event),)))
