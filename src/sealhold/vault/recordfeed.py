"""What changed of the owner's records since a place in the log.

- Each change of a record has an entry in the log: what was taken in tells its job, and whatever
  took something away is one of few kinds. So nobody reads all rows to find a few new ones.
- Rows are read here as they stand in the clear; nothing is opened.

Source: docs/spec/50-vault-in-sync.md section 2.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sealhold.audit.event import EventKind
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.ids import Id16, JobId
from sealhold.stores.spec import Found
from sealhold.vault.catalogue import JOBS, LEFT, UNDONE
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.owned import OLDER, RECORDS

MOST = 20_000  # entries that are looked through; behind more of them all rows are
SOME = 500  # rows asked for at once
_TAKES = frozenset({EventKind.INGEST, EventKind.JOB})
_REMOVES = frozenset({EventKind.JOB, EventKind.ERASE, EventKind.SOURCE, EventKind.RESTORE})
_STATE = list(JOBS.columns).index("state")


@dataclass(frozen=True, slots=True)
class Stood:
    """A record as its row says in the clear."""

    record: bytes  # 16
    version: int
    job: bytes  # 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """Where to look for changes."""

    size: int  # of the log when it was looked at: where to go on
    jobs: frozenset[JobId] | None  # that brought something; None: look through all rows
    may_lack: bool  # something may have been taken away


class RecordFeed:
    """Reads what changed of the owner's records in one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def since(self, size: int | None) -> Since:
        """Return where to look for what changed since the log had `size` entries; None: ever."""
        now = self._core.writer.log.head.size
        if size is None or size > now or now - size > MOST:
            return Since(size=now, jobs=None, may_lack=True)
        jobs, may_lack = set[JobId](), False
        own = Sealer(self._core.keyring.named("log"))
        places = {NOBODY: own, self._core.owner: self._core.keys.events}
        for line in read_entries(self._core.store, places.get, before=now):
            if line.leaf.seq < size:
                break
            event = None if line.logged is None else line.logged.event
            if event is None:
                continue
            if event.kind in _TAKES and event.job is not None:
                jobs.add(event.job)
            may_lack = may_lack or event.kind in _REMOVES
        return Since(size=now, jobs=frozenset(jobs), may_lack=may_lack)

    def changed(self, since: Since) -> Iterator[Stood]:
        """Yield the records among which the new and changed ones are."""
        if since.jobs is None:
            yield from map(_stood, scan_all(self._core.store, RECORDS))
            return
        for job in sorted(since.jobs):
            yield from map(_stood, rows_of(self._core.store, RECORDS, "job", job))

    def standing(self, records: Sequence[bytes]) -> dict[bytes, Stood]:
        """Return those of some records that are here."""
        found = dict[bytes, Stood]()
        for start in range(0, len(records), SOME):
            keys = [(record,) for record in records[start : start + SOME]]
            rows = self._core.store.get(RECORDS.name, keys)
            found |= {row.row[0]: _stood(row) for row in rows if row is not None}
        return found

    def is_withdrawn(self, gone: Stood) -> bool:
        """Return whether a record that is here no more was taken back, and not erased."""
        if next(iter(rows_of(self._core.store, OLDER, "key", gone.record)), None) is not None:
            return True
        job = self._core.store.get(JOBS.name, [(gone.job,)])[0]
        return job is not None and job.row[_STATE] in (UNDONE, LEFT)


def _stood(found: Found) -> Stood:
    return Stood(Id16(found.row[0]), found.row[4], found.row[6])
