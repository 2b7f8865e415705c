"""Taking items in: recognised, sealed, indexed and logged, a batch at a time.

- An item is recognised by the source's own id of it, or else by its content and its ordinal among
  equals in the same input: two equal coffees on one statement stay two, a second import adds none.
- Same item, other content: a new version; the old one stays in history.
- A batch is one commit: rows, identities, words, the job's counts and the log entry hold together,
  so a kill at any moment leaves a state that a second run completes.
- While the writer makes one batch durable, the next is prepared; what was taken counts once
  `finish` returned.

Source: docs/spec/18-connectors.md section 5.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.runner import Counts
from sealhold.connectors.spec import Batch, Reject
from sealhold.crypto.entropy import at_once
from sealhold.crypto.seal import ENVELOPE_BYTES
from sealhold.model.collecting import uncollected
from sealhold.model.ids import Collection, Id16, JobId, RecordId, timed_ids
from sealhold.model.shown import RejectView
from sealhold.stores.spec import MAX_ROW, Delete, Expect, Found, Op, Put
from sealhold.vault.catalogue import KEPT_REJECTS, Catalogue, JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_of
from sealhold.vault.index import Entry, Index
from sealhold.vault.objects import Objects
from sealhold.vault.owned import (
    OLDER,
    RECORDS,
    Body,
    Origin,
    Place,
    body_of,
    seal_record,
)
from sealhold.vault.placed import PLACED, Placed
from sealhold.vault.recognising import IDENTITIES, Recogniser, Seen
from sealhold.vault.signed import Signer
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

SMALL = 250  # bytes; more than the ids, tags and wrapped key of any row
INLINE = 65_536  # bytes of content kept in its row; more goes into packs
PORTION = 1_048_576  # bytes of content in one commit: rows, older versions and words fit a batch

# what else is written in the commit that takes items in: of the items and, by tag, what each became
Beside = Callable[[Sequence[Seen], Mapping[bytes, tuple[bytes, int]]], Sequence[Op]]


class _Fresh(msgspec.Struct, frozen=True):
    seen: Seen
    place: Place
    identity: Found | None  # the row that recognised it
    before: Found | None  # the version that it replaces
    placed: bool  # it was looked at in place before


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flight:
    """A batch that the writer has and has not answered for yet."""

    done: Future[list[int]]
    tags: frozenset[bytes]
    job: JobId
    segment: int
    entries: Sequence[Entry]


class Ingest:
    """Takes in what one job reads."""

    def __init__(  # noqa: PLR0913  # reason: what one job has, and who looks on
        self,
        core: Core,
        index: Index,
        objects: Objects,
        source: SourceRow,
        signer: Signer | None = None,
        within: str = "",
        *,
        met: set[bytes] | None = None,
        taken: int = 0,
        beside: Beside = lambda _seen, _became: (),
    ) -> None:
        self._core = core
        self._index = index
        self._beside = beside
        self._objects = objects
        self._source = source
        self._recogniser = Recogniser(core, source, signer, within)
        self._placed = Placed(core.store)
        self._met = met  # takes the tag of each item that came
        self._taken = taken  # items that this job took in before it was killed, and will meet again
        self._teller = Teller(core.keys)
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._flight: _Flight | None = None

    def take(self, job: JobRow, batch: Batch, version: str) -> tuple[JobRow, Counts]:
        """Hand a batch to the writer; return the job as it will stand, and what was new.

        The batch before is durable then; `finish` waits for this one.

        Raises:
            AuditUnavailableError: the log cannot be written; this batch was not kept.
            StoreUnavailableError: the disk refuses; this batch was not kept.
        """
        counts = Counts()
        # THREAT T272: nothing is sealed under a version of a key behind its last look
        with uncollected(), self._core.keys.turning.kept():
            rounds = _rounds([self._recogniser.recognise(item) for item in batch.items])
            if self._met is not None:
                self._met.update(each.tag for seen in rounds for each in seen)
            portions = [portion for seen in rounds for portion in _portions(seen)]
            for number, seen in enumerate(portions):
                rejects = batch.rejects if number == 0 else []
                job, more = self._take(job, seen, rejects, version)
                counts += more
        return job, counts

    def take_seen(self, job: JobRow, seen: Sequence[Seen], version: str) -> tuple[JobRow, Counts]:
        """Hand over items that were recognised elsewhere, no two of one tag; else as `take`.

        Raises:
            AuditUnavailableError: the log cannot be written; this batch was not kept.
            StoreUnavailableError: the disk refuses; this batch was not kept.
        """
        counts = Counts()
        with uncollected(), self._core.keys.turning.kept():
            for portion in _portions(seen):
                job, more = self._take(job, portion, [], version)
                counts += more
        return job, counts

    def finish(self) -> None:
        """Wait until all that was taken is durable.

        Raises:
            AuditUnavailableError: the log cannot be written; the last batch was not kept.
            StoreUnavailableError: the disk refuses; the last batch was not kept.
        """
        if self._flight is not None:
            flight, self._flight = self._flight, None
            flight.done.result()
            if flight.entries:
                self._index.adopt(flight.segment, flight.job, flight.entries)

    def _take(
        self, job: JobRow, seen: Sequence[Seen], rejects: Sequence[Reject], version: str
    ) -> tuple[JobRow, Counts]:
        if self._flight is not None and any(each.tag in self._flight.tags for each in seen):
            self.finish()  # an item of the batch before comes again: look it up when it is there
        known = self._core.store.get(IDENTITIES.name, [(each.tag,) for each in seen])
        fresh = self._fresh(seen, known, job.id)
        changed = sum(each.identity is not None for each in fresh)
        counts = Counts(new=len(fresh) - changed, changed=changed, same=len(seen) - len(fresh))
        entries = [self._entry(each) for each in fresh]
        segment, words = self._index.segment(job.id, entries) if entries else (0, [])
        if len(fresh) > 1 and any(len(put.row[-1]) > MAX_ROW - SMALL for put in words):
            half = len(seen) // 2  # so many words that begin alike do not fit a row: half as many
            job, one = self._take(job, seen[:half], rejects, version)
            job, other = self._take(job, seen[half:], (), version)
            return job, one + other
        if any(len(each.seen.content) > INLINE // 2 for each in fresh):
            self.finish()  # chunks of the batch before may come again: look them up likewise
        became = {each.tag: (row.row[1], 0) for each, row in zip(seen, known, strict=True) if row}
        became |= {each.seen.tag: (each.place.record, each.place.version) for each in fresh}
        ops = [*self._ops(fresh, job, version), *words, *self._beside(seen, became)]
        after = _counted(job, counts, rejects, fresh)
        after = replace(after, same=after.same - self._met_again(seen, known, job.id))
        ops.append(self._catalogue.put_job(after))
        event = Event(
            kind=EventKind.INGEST,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            job=job.id,
            source=job.source,
            rows_read=len(seen) + len(rejects),
            rows_out=len(fresh),
        )
        size = sum(_size(op) for op in ops)
        work = Work(tuple(ops), (self._teller.entry(event),), size=size)
        self.finish()
        self._flight = _Flight(
            done=self._core.writer.submit([work]),
            tags=frozenset(each.tag for each in seen),
            job=job.id,
            segment=segment,
            entries=entries,
        )
        return after, counts

    def _met_again(self, seen: Sequence[Seen], known: Sequence[Found | None], job: JobId) -> int:
        """Return how many items this job took in before it was killed: they are counted already."""
        if not self._taken:
            return 0
        own = sum(
            1
            for each, found in zip(seen, known, strict=True)
            if found is not None and found.row[3] == job and not _is_news(each, found)
        )
        again = min(self._taken, own)
        self._taken -= again
        return again

    def _fresh(
        self, seen: Sequence[Seen], known: Sequence[Found | None], job: JobId
    ) -> list[_Fresh]:
        differing = [
            (each, found) for each, found in zip(seen, known, strict=True) if _is_news(each, found)
        ]
        before = self._before([found.row[1] for _, found in differing if found])
        ids = self._ids([each for each, found in differing if found is None])
        placed = self._placed.of([each.tag for each, _ in differing]) if self._source.named else {}
        fresh = []
        for each, found in differing:
            record = RecordId(Id16(found.row[1]) if found else next(ids))
            older = before.get(record) if found else None
            at = placed.get(record)
            if older is not None:
                number = older.row[4] + 1
            elif at is not None:
                number = at.version + (at.content != each.digest[:16])
            else:
                number = 1 + self._newest_of(record) if found else 1
            place = Place(record, Collection(each.item.dataset), number, job)
            fresh.append(_Fresh(each, place, found, older, placed=at is not None))
        return fresh

    def _ids(self, new: Sequence[Seen]) -> Iterator[Id16]:
        """Return an id for each new item: that of its place, or one of now."""
        if self._source.named:
            return iter([Id16(each.tag) for each in new])
        return iter(timed_ids(self._core.clock(), len(new), self._core.entropy))

    def _newest_of(self, record: RecordId) -> int:
        """Return the newest version in the history of an item that is listed no more."""
        if not self._source.named:
            return 0
        return max(
            (row.row[4] for row in rows_of(self._core.store, OLDER, "key", record)), default=0
        )

    def _before(self, records: Sequence[bytes]) -> dict[bytes, Found]:
        rows = self._core.store.get(RECORDS.name, [(record,) for record in records])
        return {found.row[0]: found for found in rows if found is not None}

    def _ops(self, fresh: Sequence[_Fresh], job: JobRow, version: str) -> list[Op]:
        core = self._core
        owner = core.owner
        origin = Origin(self._source.id, job.id, self._source.connector, version)
        ops: list[Op] = []
        entropy = at_once(core.entropy, ENVELOPE_BYTES * len(fresh))
        packer = self._objects.packer()
        for each in fresh:
            seen, place = each.seen, each.place
            item = seen.item
            content = body_of(seen.content, origin, item.original_id, item.position, seen.digest)
            large = len(content) > INLINE
            if large:
                content = packer.keep(content)
            row = seal_record(core.keys, place, Body(content, large), entropy)
            if each.before is not None:
                ops.append(Put(OLDER.name, each.before.row, Expect.ABSENT))
            ops.append(Put(RECORDS.name, row, each.before.v if each.before else Expect.ABSENT))
            identity = (seen.tag, place.record, owner, job.id, seen.digest[:16])
            known = each.identity
            ops.append(Put(IDENTITIES.name, identity, known.v if known else Expect.ABSENT))
            if each.placed:
                ops.append(Delete(PLACED.name, (place.record,)))
        return [*ops, *packer.finish()]

    def _entry(self, each: _Fresh) -> Entry:
        place, item = each.place, each.seen.item
        title, at, text = self._recogniser.describer(item.dataset).describe(item.fields)
        return Entry(
            id=place.record,
            collection=place.collection,
            version=place.version,
            at=at,
            title=title,
            text=text,
        )


def _is_news(seen: Seen, identity: Found | None) -> bool:
    """Whether an item is new or changed; one that is coarse changes only what is listed no more."""
    if identity is None:
        return True
    kept = identity.row[4]
    return kept != seen.digest[:16] and not (seen.item.coarse and any(kept))


def _counted(
    job: JobRow, counts: Counts, rejects: Sequence[Reject], fresh: Sequence[_Fresh]
) -> JobRow:
    room = KEPT_REJECTS - len(job.rejects)
    told = tuple(
        RejectView(position=reject.position, why=str(reject.why), detail=reject.detail)
        for reject in rejects[:room]
    )
    by_collection = Counter(job.by_collection)
    by_collection.update(each.place.collection for each in fresh if each.place.version == 1)
    return replace(
        job,
        new=job.new + counts.new,
        changed=job.changed + counts.changed,
        same=job.same + counts.same,
        rejected=job.rejected + len(rejects),
        rejects=job.rejects + told,
        by_collection=dict(by_collection),
    )


def _rounds(seen: Sequence[Seen]) -> list[list[Seen]]:
    """Return the items in groups in which each stands once: an item may come again in a batch."""
    if len({each.tag for each in seen}) == len(seen):
        return [[*seen]]
    rounds: list[list[Seen]] = [[]]
    met: Counter[bytes] = Counter()
    for each in seen:
        number = met[each.tag]
        met[each.tag] += 1
        if number == len(rounds):
            rounds.append([])
        rounds[number].append(each)
    return rounds


def _portions(seen: Sequence[Seen]) -> list[Sequence[Seen]]:
    """Return the items in groups whose content is not too much for one commit."""
    if sum(len(each.content) for each in seen) <= PORTION:
        return [seen]
    portions: list[list[Seen]] = [[]]
    room = PORTION
    for each in seen:
        if portions[-1] and len(each.content) > room:
            portions.append([])
            room = PORTION
        portions[-1].append(each)
        room -= len(each.content)
    return [*portions]


def _size(op: Op) -> int:
    """Return about how many bytes an operation counts: what is long stands last in its row."""
    last = op.row[-1] if type(op) is Put else None
    return SMALL + len(last) if type(last) is bytes else SMALL
