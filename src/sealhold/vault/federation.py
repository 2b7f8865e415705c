"""What is left in place: read at the time of asking, recognised as if it were kept, forgotten.

- The items of a place have the ids, versions and values that the archive would give them.
- For a task the versions that were looked at are kept, and with them nothing of the content.
- A place that cannot be read is an error, never an empty answer. When it was last reached is told.
- Within `held` one look serves all who ask; it is dropped at the end of the block.

Source: docs/spec/36-sources.md section 2.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from threading import local

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.ids import Collection, Id16, JobId, RecordId
from sealhold.model.records import Provenance, Record
from sealhold.stores.spec import Op
from sealhold.vault.catalogue import FEDERATE, Catalogue, SourceRow
from sealhold.vault.core import Core
from sealhold.vault.placed import Placed, version_of
from sealhold.vault.pulling import Looking, Read, declared
from sealhold.vault.pushdown import There
from sealhold.vault.recognising import Recogniser, Seen
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

BATCH = 2_000  # items recognised and noted at once


class Federation:
    """The items of one subject that lie elsewhere."""

    def __init__(self, core: Core, looking: Looking) -> None:
        self._core = core
        self._looking = looking
        self._catalogue = Catalogue(core.store, core.papers, core.owner)
        self._placed = Placed(core.store)
        self._teller = Teller(core.keys)
        self._held = local()

    def sources(self, collection: Collection | None = None) -> list[SourceRow]:
        """Return the sources that are left in place, of those that may have items of a kind."""
        return [
            each
            for each in self._catalogue.sources()
            if each.mode == FEDERATE and (collection is None or self._may_have(each, collection))
        ]

    def records(self, collection: Collection, *, noted: bool = False) -> Iterator[Record]:
        """Yield the items of a collection that lie elsewhere, as they are now.

        With `noted`, the version of each is kept before it is given out.

        Raises:
            SourceAwayError: a place cannot be read.
            LoginNeededError: a place refuses its account.
        """
        # THREAT T380: a place that is away ends the question; it is never an empty answer
        for source in self.sources(collection):
            yield from self._of(source, collection, noted=noted)

    def there(self, collection: Collection) -> There | None:
        """Return the one source that has a collection of its own, if that is left in place."""
        named = [(each, declared(each)) for each in self._catalogue.sources()]
        found = [(each, known) for each, known in named if known and known.name == collection]
        if len(found) != 1 or found[0][0].mode != FEDERATE:
            return None
        source, dataset = found[0]
        return There(source=source, dataset=dataset)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let one look at a place serve all that this thread asks in the block."""
        outer = getattr(self._held, "looks", None)
        self._held.looks = {} if outer is None else outer
        try:
            yield
        finally:
            self._held.looks = outer

    def some(self, collection: Collection, ids: Sequence[RecordId]) -> Mapping[bytes, Record]:
        """Return those of `ids` that lie elsewhere now, by id.

        Raises:
            SourceAwayError: a place cannot be read.
            LoginNeededError: a place refuses its account.
        """
        there = self._placed.of(ids)
        if not there:
            return {}
        looks: dict[Collection, dict[bytes, Record]] | None = getattr(self._held, "looks", None)
        found = None if looks is None else looks.get(collection)
        if found is None:
            found = {bytes(record.id): record for record in self.records(collection)}
            if looks is not None:
                looks[collection] = found
        return {each: found[each] for each in ids if each in found}

    def _of(self, source: SourceRow, collection: Collection, *, noted: bool) -> Iterator[Record]:
        given: set[bytes] = set()
        for read, seen in self._seen(source, collection):
            fresh = [*{each.tag: each for each in reversed(seen) if each.tag not in given}.values()]
            fresh.reverse()  # of two with one name the first, as they came
            given.update(each.tag for each in fresh)
            looks = self._placed.of([each.tag for each in fresh])
            pairs = [(each, looks.get(each.tag)) for each in fresh]
            if noted:
                ops = self._placed.noted(self._core.owner, source.id, pairs)
                if ops:
                    self._note(source, collection, ops)
            for each, look in pairs:
                yield self._record(source, read, each, version_of(each, look))

    def _seen(self, source: SourceRow, collection: Collection) -> Iterator[tuple[Read, list[Seen]]]:
        coarse: list[tuple[Read, list[Seen]]] = []  # counts where nothing more exact has its name
        for read in self._looking.pieces(source):
            recogniser = Recogniser(self._core, source, within=read.within)
            mine = map(recogniser.recognise, read.items())
            fitting = (each for each in mine if each.item.dataset == collection)
            while some := [*islice(fitting, BATCH)]:
                if later := [each for each in some if each.item.coarse]:
                    coarse.append((read, later))
                yield read, [each for each in some if not each.item.coarse]
        yield from coarse

    def _record(self, source: SourceRow, read: Read, seen: Seen, number: int) -> Record:
        item = seen.item
        return Record(
            id=RecordId(Id16(seen.tag)),
            app=self._core.app,
            subject=self._core.owner,
            collection=Collection(item.dataset),
            version=number,
            fields=item.fields,
            raw=item.raw,
            provenance=Provenance(
                source=source.id,
                job=JobId(Id16(source.id)),
                connector=read.connector,
                connector_version=read.version,
                original_id=item.original_id,
                position=item.position,
                content_hash=seen.digest,
            ),
        )

    def _note(self, source: SourceRow, collection: Collection, ops: Sequence[Op]) -> None:
        event = Event(
            kind=EventKind.SOURCE,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            source=source.id,
            collection=collection,
            rows_read=len(ops),
            reason="looked",
        )
        self._core.writer.commit(Work(tuple(ops), (self._teller.entry(event),)))

    def _may_have(self, source: SourceRow, collection: Collection) -> bool:
        declared = source.settings.get("dataset")
        if isinstance(declared, dict):
            return bool(declared["name"] == collection)
        named = source.settings.get("datasets")
        return not isinstance(named, list) or collection in named
