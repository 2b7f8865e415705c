"""Items that lie elsewhere: which version of each was looked at last.

- Kept is the id, the version, and 16 bytes of a keyed digest: nothing of the content.
- A task's memo and budget count by id and version, so a look in place goes on where one at the
  archive ended, and the other way round.

Source: docs/spec/36-sources.md section 2.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sealhold.model.ids import SourceId, SubjectId
from sealhold.stores.spec import ColumnKind, Expect, Op, Put, ReadView, TableSpec
from sealhold.vault.catalogue import JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.owned import RECORDS
from sealhold.vault.recognising import IDENTITIES, Seen

PORTION = 2_000  # rows written in one commit
PLACED = TableSpec(
    name="placed",
    columns={
        "rec": ColumnKind.ID16,
        "subject": ColumnKind.ID16,
        "source": ColumnKind.ID16,
        "ver": ColumnKind.I64,
        "content": ColumnKind.TAG16,
    },
    key=("rec",),
    indexes={"source": ("source", "rec")},
)


@dataclass(frozen=True, slots=True)
class Look:
    """How an item was when it was looked at last."""

    version: int
    content: bytes  # 16 of its keyed digest
    v: int  # of the row


class Placed:
    """Reads and makes the rows of items that lie elsewhere."""

    def __init__(self, view: ReadView) -> None:
        self._view = view

    def of(self, records: Sequence[bytes]) -> dict[bytes, Look]:
        """Return how each of `records` was, of those that were looked at."""
        found = self._view.get(PLACED.name, [(record,) for record in records])
        return {
            each.row[0]: Look(each.row[3], each.row[4], each.v)
            for each in found
            if each is not None
        }

    def put(
        self, record: bytes, owner: SubjectId, source: SourceId, version: int, content: bytes
    ) -> Op:
        """Return what keeps how an item is, whatever was kept of it before."""
        return Put(PLACED.name, (record, owner, source, version, content))

    def noted(
        self, owner: SubjectId, source: SourceId, seen: Iterable[tuple[Seen, Look | None]]
    ) -> list[Op]:
        """Return what keeps the items that are new or were changed since, each with its version."""
        ops: list[Op] = []
        for each, look in seen:
            version = version_of(each, look)
            if look is None or look.version != version:
                row = (each.tag, owner, source, version, each.digest[:16])
                ops.append(Put(PLACED.name, row, look.v if look else Expect.ABSENT))
        return ops


def version_of(seen: Seen, look: Look | None) -> int:
    """Return the version of an item as it is now."""
    if look is None:
        return 1
    return look.version + (look.content != seen.digest[:16])


def placing(core: Core, source: SourceRow, job: JobRow) -> Iterator[list[Op]]:
    """Yield, by portions, what keeps id, version and digest of each item of a job."""
    store, placed = core.store, Placed(core.store)
    digests = {found.row[1]: found.row[4] for found in rows_of(store, IDENTITIES, "job", job.id)}
    ops: list[Op] = []
    for found in rows_of(store, RECORDS, "job", job.id):
        record, version = found.row[0], found.row[4]
        if record in digests:
            ops.append(placed.put(record, core.owner, source.id, version, digests[record]))
        if len(ops) == PORTION:
            yield ops
            ops = []
    if ops:
        yield ops
