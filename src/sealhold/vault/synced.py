"""Records that another device of the owner gave: taken in through the door that imports use.

- Each is decided on, sealed, indexed and logged as an item of an import is, under the job and the
  source that it had there; a source of one name and connector is one source on all devices.
- It is recognised by what an import of the same file would recognise here, so that file, read on
  this device as well, gives no second record.
- What another device took away goes the way an import goes that is taken back.

Source: docs/spec/50-vault-in-sync.md section 4.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.connectors.spec import Item
from sealhold.model.encoding import pack_item
from sealhold.model.errors import InvalidEncodingError, NotFoundError
from sealhold.model.ids import Id16, JobId, RecordId, SourceId
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Op
from sealhold.vault.catalogue import FILE, Catalogue, JobRow, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.index import Index
from sealhold.vault.ingest import Ingest
from sealhold.vault.objects import Objects
from sealhold.vault.owned import RECORDS
from sealhold.vault.recognising import IDENTITIES, Recogniser, Seen
from sealhold.vault.removing import place_of, removing
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTold:
    """A source as another device tells of it."""

    id: SourceId
    name: str
    connector: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTold:
    """An import as another device tells of it."""

    id: JobId
    source: SourceId
    file: str
    what: str
    started: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A record that came."""

    thing: bytes  # 16: what the devices call it
    author: bytes  # 16: the device that first gave it
    item: Item
    version: str  # of the connector that read it
    job: JobTold
    source: SourceTold
    record: bytes | None  # what it is here; None: nothing yet


@dataclass(frozen=True, slots=True)
class Became:
    """What a record that came is here from now on."""

    came: Came
    record: bytes
    version: int


Beside = Callable[[Sequence[Became]], Sequence[Op]]
IsHad = Callable[[bytes, bytes], bool]  # whether a record stands for another one of an author


class Synced:
    """Takes in what other devices gave. For one thread."""

    def __init__(self, core: Core, index: Index, objects: Objects) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._teller = Teller(core.keys)

    def source(self, source: SourceId) -> SourceTold | None:
        """Return a source of this vault as another device is told of it."""
        for each in self._catalogue.sources():
            if each.id == source:
                kind = each.kind
                return SourceTold(id=each.id, name=each.name, connector=each.connector, kind=kind)
        return None

    def job(self, job: JobId) -> JobTold | None:
        """Return an import into this vault as another device is told of it."""
        try:
            row = self._catalogue.job(job)
        except NotFoundError:
            return None
        return JobTold(
            id=row.id, source=row.source, file=row.file, what=row.what, started=row.started
        )

    def take(self, came: Sequence[Came], is_had: IsHad, beside: Beside) -> list[Became]:
        """Take records in, durably; return what each became.

        Args:
            came: the records, no two of one thing.
            is_had: is asked before a record that is here already stands for one that came.
            beside: gives what is written in the same commit as some of them.

        Raises:
            InvalidEncodingError: an import that another source did here.
            AuditUnavailableError: the log cannot be written; what was not kept comes again.
        """
        groups: dict[tuple[JobId, str], list[Came]] = {}
        for each in came:
            groups.setdefault((each.job.id, each.version), []).append(each)
        done: list[Became] = []
        for (_, version), some in groups.items():
            done += self._take(some, version, is_had, beside)
        return done

    def remove(self, record: RecordId, *ops: Op) -> None:
        """Take a record away that another device took back; `ops` are in the same commit."""
        core = self._core
        event = Event(
            kind=EventKind.RECORDS,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            records=self._teller.tag(record),
            reason="taken_back",
        )
        _, logical = place_of(core, record)
        gone = (*removing(core, self._index, record, logical), *ops)
        core.writer.commit(Work(gone, (self._teller.entry(event),)))
        self._index.forget()

    def _take(
        self, came: Sequence[Came], version: str, is_had: IsHad, beside: Beside
    ) -> list[Became]:
        source = self._source(came[0].source)
        job = self._job(came[0].job, source)
        recogniser = Recogniser(self._core, source)
        by_tag: dict[bytes, Came] = {}
        seen: list[Seen] = []
        for each in came:
            found = self._seen(each, source, recogniser, by_tag, is_had)
            by_tag[found.tag] = each
            seen.append(found)
        done: list[Became] = []

        def told(some: Sequence[Seen], became: Mapping[bytes, tuple[bytes, int]]) -> Sequence[Op]:
            now = [self._became(by_tag[each.tag], *became[each.tag]) for each in some]
            done.extend(now)
            return beside(now)

        ingest = Ingest(self._core, self._index, self._objects, source, beside=told)
        ingest.take_seen(job, seen, version)
        ingest.finish()
        return done

    def _became(self, came: Came, record: bytes, version: int) -> Became:
        if not version:
            found = self._core.store.get(RECORDS.name, [(record,)])[0]
            version = 0 if found is None else found.row[4]
        return Became(came, record, version)

    def _source(self, told: SourceTold) -> SourceRow:
        """Return the source of that name here, kept from now on if there is none."""
        for each in self._catalogue.sources():
            if (each.kind, each.connector, each.name) == (FILE, told.connector, told.name):
                return each
            if each.id == told.id:
                return each
        # a named place is read where its owner named it, and nowhere else
        row = SourceRow(id=told.id, name=told.name, connector=told.connector)
        self._commit("source", self._catalogue.put_source(row))
        return row

    def _job(self, told: JobTold, source: SourceRow) -> JobRow:
        try:
            row = self._catalogue.job(told.id)
        except NotFoundError:
            return JobRow(
                id=told.id,
                source=source.id,
                input=self._core.entropy(16),  # as no file that is read here
                state=DONE,
                file=told.file,
                what=told.what,
                started=told.started,
                ended=told.started,
                new=0,
                changed=0,
                same=0,
                rejected=0,
                rejects=(),
                by_collection={},
                error=None,
                remedy=None,
            )
        if row.source != source.id:
            raise InvalidEncodingError("an import that another source did here")
        return replace(row, state=DONE)

    def _seen(
        self,
        came: Came,
        source: SourceRow,
        recogniser: Recogniser,
        taken: Mapping[bytes, Came],
        is_had: IsHad,
    ) -> Seen:
        """Return an item with what it is recognised by here."""
        item, core = came.item, self._core
        content = pack_item(item.fields, item.raw)
        digest = core.keys.contents.after(item.dataset.encode()).digest(content)
        own = core.keys.identities.mac16(b"synced", came.thing)
        tag = self._tag_of(came.record)
        if tag is None and came.source.kind == FILE and source.kind == FILE:
            tags = (recogniser.tag_of(item.dataset, item.original_id),) if item.original_id else ()
            for each in tags or recogniser.tags_of(item.dataset, digest, count()):
                if each in taken:
                    continue
                (known,) = core.store.get(IDENTITIES.name, [(each,)])
                if known is None or not is_had(known.row[1], came.author):
                    tag = each
                    break
        return Seen(item, tag or own, content, digest)

    def _tag_of(self, record: bytes | None) -> bytes | None:
        """Return what a record is recognised by that is here already."""
        if record is None:
            return None
        found = self._core.store.get(RECORDS.name, [(record,)])[0]
        if found is None:
            return None
        _, logical = place_of(self._core, RecordId(Id16(record)))
        return None if logical == record else logical

    def _commit(self, reason: str, *ops: Op) -> None:
        event = Event(
            kind=EventKind.RECORDS, actor=Actor.VAULT, subject=self._teller.subject, reason=reason
        )
        self._core.writer.commit(Work(ops, (self._teller.entry(event),)))
