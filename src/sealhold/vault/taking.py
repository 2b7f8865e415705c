"""One pull into the archive: pieces become items of one job, and the cursor follows them.

- A piece is durable before the cursor behind it is. A kill in between reads it again: what was
  kept is recognised.
- An item that the place has no more goes into history: its newest version stays with the older
  ones, no list and no task finds it, and if it comes again it is the next version.
- A piece that cannot be read costs itself; nothing is held to be gone because of it.

Source: docs/spec/36-sources.md section 3.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.canary import Canary
from sealhold.connectors.runner import JobState
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.ids import JobId, RecordId, timed_id
from sealhold.stores.spec import Delete, Found, Op, Put
from sealhold.vault.catalogue import Catalogue, JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.index import Index
from sealhold.vault.ingest import Ingest
from sealhold.vault.objects import Objects
from sealhold.vault.owned import OLDER, RECORDS
from sealhold.vault.pulling import Looking, Read
from sealhold.vault.recognising import IDENTITIES, Recogniser
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

SOME = 2_000  # rows looked up at once
UNKNOWN = bytes(16)  # a digest that no content has: an item that is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a pull brought."""

    what: str = ""  # of a place that was only looked at
    job: JobId | None = None
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    rejected: int = 0
    broken: tuple[str, ...] = ()  # a sentence for each piece that could not be read to its end
    unread: tuple[str, ...] = ()  # likewise for each that no connector reads
    pieces: int = 0


@dataclass(slots=True)
class _Seen:
    """What of a place was there, if all of it was read."""

    tags: set[bytes] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    pieces: int = 0
    gone: int = 0
    canary: Canary = field(default_factory=lambda: Canary(None))


class Taking:
    """Takes in what one source has."""

    def __init__(
        self, core: Core, index: Index, objects: Objects, looking: Looking, source: SourceRow
    ) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._looking = looking
        self._source = source
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)

    def since(self) -> Taken:
        """Take in what came since the source's cursor.

        Raises:
            SourceAwayError: it cannot be reached, or broke off; what came before stands.
            LoginNeededError: it refuses the account.
            AuditUnavailableError: the log cannot be written; the last piece was not kept.
        """
        return self._pull(whole=False)

    def whole(self) -> Taken:
        """Take in all that lies there; what was kept of it and is not there is gone.

        Raises:
            As `since`.
        """
        return self._pull(whole=True)

    def _pull(self, *, whole: bool) -> Taken:
        job = self._begin()
        seen, is_all = _Seen(canary=Canary(self._source.shape)), whole
        try:
            cursor = None if whole else self._source.cursor or None
            for read in self._looking.pieces(self._source, cursor):
                job = self._piece(job, read, seen)
                is_all = is_all or read.piece.complete
            if is_all and not seen.broken:
                gone = list(self._lacking(seen.tags))
                if whole:
                    seen.canary.check_gone(self._by_dataset(gone), seen.pieces)
                seen.gone += self._list_no_more(job, gone)
        except Exception as err:
            self._end(replace(job, error=str(err), state=JobState.FAILED.value))
            raise
        state = JobState.DONE
        if seen.broken or job.rejected:
            state = JobState.DONE_WITH_REJECTS
        error = "; ".join(seen.broken[:3]) or None
        self._source = replace(self._source, shape=seen.canary.shape())
        shaped = self._catalogue.put_source(self._source)
        self._end(replace(job, state=state.value, error=error), shaped)
        return Taken(
            job=job.id,
            new=job.new,
            changed=job.changed,
            same=job.same,
            gone=seen.gone,
            rejected=job.rejected,
            broken=tuple(seen.broken),
            unread=tuple(seen.unread),
            pieces=seen.pieces,
        )

    def _piece(self, job: JobRow, read: Read, seen: _Seen) -> JobRow:
        piece, seen.pieces = read.piece, seen.pieces + 1
        ingest = Ingest(
            self._core, self._index, self._objects, self._source, within=read.within, met=seen.tags
        )
        seen.canary.begin()  # THREAT T398: looked at before any of it is kept
        before = job
        for batch in read.batches():
            seen.canary.see(batch)
            job, _ = ingest.take(job, batch, read.version)
        ingest.finish()
        if read.connector:
            readers = {read.connector: read.version}
            job = replace(job, readers={**job.readers, **readers})
            self._source = replace(self._source, readers={**self._source.readers, **readers})
        if read.error:
            (seen.broken if read.connector else seen.unread).append(f"{piece.name}: {read.error}")
        if piece.kept is not None:
            piece.kept(*_told(read, before, job))
        if piece.gone:
            tags = self._named(piece.gone)
            seen.gone += self._list_no_more(job, self._core.store.get(IDENTITIES.name, tags))
        if piece.cursor:
            self._source = replace(self._source, cursor=piece.cursor)
            self._commit(job, "reached", self._catalogue.put_source(self._source))
        return job

    def _named(self, names: Sequence[str]) -> list[tuple[bytes]]:
        recogniser = Recogniser(self._core, self._source)
        told: Plain = self._source.settings.get("datasets") or []
        return [(recogniser.tag_of(dataset, name),) for dataset in told for name in names]

    def _lacking(self, tags: set[bytes]) -> Iterator[Found]:
        """Yield the identities of this source's items that did not come."""
        for job in self._catalogue.jobs_of_source(self._source.id):
            for found in rows_of(self._core.store, IDENTITIES, "job", job.id):
                if found.row[0] not in tags and found.row[4] != UNKNOWN:
                    yield found

    def _by_dataset(self, identities: Sequence[Found]) -> Counter[str]:
        """Return how many items of each dataset some identities are of."""
        found: Counter[str] = Counter()
        for start in range(0, len(identities), SOME):
            keys = [(each.row[1],) for each in identities[start : start + SOME]]
            found.update(row.row[3] for row in self._core.store.get(RECORDS.name, keys) if row)
        return found

    def _list_no_more(self, job: JobRow, gone: Sequence[Found | None]) -> int:
        count = 0
        for identity in [each for each in gone if each is not None]:
            tag, record, owner, of_job, _ = identity.row
            found = self._core.store.get(RECORDS.name, [(record,)])[0]
            if found is None:
                continue
            # the words go one item at a time: two that share a row of the index would undo another
            ops: list[Op] = [
                Put(OLDER.name, found.row),
                Delete(RECORDS.name, (record,)),
                Put(IDENTITIES.name, (tag, record, owner, of_job, UNKNOWN), identity.v),
                *self._index.without(RecordId(record)),
            ]
            self._commit(job, "gone", *ops)
            count += 1
        if count:
            self._index.forget()
        return count

    def _begin(self) -> JobRow:
        now, core = self._core.clock(), self._core
        job = JobRow(
            id=JobId(timed_id(now, core.entropy)),
            source=self._source.id,
            input=core.entropy(16),
            state=JobState.RUNNING.value,
            file=self._source.name,
            what=self._source.kind,
            started=now,
            ended=None,
            new=0,
            changed=0,
            same=0,
            rejected=0,
            rejects=(),
            by_collection={},
            error=None,
            remedy=None,
        )
        self._commit(job, "begun", self._catalogue.put_job(job))
        return job

    def _end(self, job: JobRow, *ops: Op) -> None:
        remedy = UnreadableSourceError.remedy() if job.error else None
        ended = replace(job, ended=self._core.clock(), remedy=remedy)
        self._commit(ended, ended.state, self._catalogue.put_job(ended), *ops)

    def _commit(self, job: JobRow, reason: str, *ops: Op) -> None:
        event = Event(
            kind=EventKind.JOB,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            job=job.id,
            source=job.source,
            rows_out=job.new + job.changed,
            reason=reason,
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),)))


def _told(read: Read, before: JobRow, after: JobRow) -> tuple[str, bool]:
    """Return what became of a piece, in words, and whether it was read."""
    new, changed = after.new - before.new, after.changed - before.changed
    same, skipped = after.same - before.same, after.rejected - before.rejected
    counts = f"{new} new, {changed} changed, {same} the same as before, {skipped} skipped"
    return (f"{read.error}; {counts}" if read.error else counts), not read.error
