"""Records that their owner puts in themselves, without a file: decided, sealed and told of.

- Those of one call hold together: one decision for each kind of wish, one unit, one log entry that
  names every record. Only a call of more than one commit can hold has several of each.
- What makes a commit durable costs more than all the rest of a record, so calls that come while
  one is made share the next.
- A put is a new item each time. Recognising an item that comes again is for sources, which can
  name their items.

Source: docs/spec/18-connectors.md section 5.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.digest import Keyed
from sealhold.crypto.entropy import at_once
from sealhold.crypto.seal import ENVELOPE_BYTES, NOBODY
from sealhold.model.collecting import uncollected
from sealhold.model.encoding import Plain, pack_item
from sealhold.model.errors import DeniedError, InvalidError
from sealhold.model.ids import (
    Collection,
    FieldName,
    JobId,
    Purpose,
    RecordId,
    SourceId,
    TaskDigest,
    timed_ids,
)
from sealhold.model.quantities import Instant, MicroBits
from sealhold.policy.decide import decide
from sealhold.policy.facts import Actor as Asking
from sealhold.policy.facts import Ask, Facts, Standing
from sealhold.stores.shapes import is_code
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.describing import Describer
from sealhold.vault.firewall import refusal
from sealhold.vault.index import Entry, Index
from sealhold.vault.ingest import INLINE, PORTION
from sealhold.vault.objects import Objects
from sealhold.vault.owned import (
    RECORDS,
    Body,
    Origin,
    Place,
    body_of,
    seal_record,
)
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

AT_ONCE = 1_000  # records in one commit at most: a log entry names each
BY_HAND = JobId(NOBODY)  # no import brought it
ORIGIN = Origin(SourceId(NOBODY), BY_HAND, "owner", "1")  # what a record says of where it is from
KEEPING = Purpose("RecordManagement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A record that is to be put in."""

    collection: Collection
    fields: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the records of one collection have in common."""

    contents: Keyed
    describer: Describer


@dataclass(frozen=True, slots=True)
class _Flight:
    """One piece of work that the writer has."""

    done: Future[list[int]]
    segment: int
    entries: Sequence[Entry]


class Putting:
    """Records of one call on their way into the vault."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._flights: list[_Flight] = []

    def add(self, flight: _Flight) -> None:
        """Wait for this as well."""
        self._flights.append(flight)

    def wait(self) -> list[RecordId]:
        """Wait until all are durable and return their ids, in the order of the call.

        Raises:
            AuditUnavailableError: the log cannot be written.
            StoreUnavailableError: the disk refuses.
        """
        for flight in self._flights:
            flight.done.result()
            self._index.adopt(flight.segment, BY_HAND, flight.entries)
        return [entry.id for flight in self._flights for entry in flight.entries]


class Owning:
    """Puts in records of one vault's owner. One thread calls at a time."""

    def __init__(self, core: Core, index: Index, objects: Objects) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._teller = Teller(core.keys)
        self._kinds: dict[Collection, _Kind] = {}

    def put(self, records: Sequence[Fresh]) -> list[RecordId]:
        """Put in records and return their ids; all of them are durable then.

        Raises:
            DeniedError: the policy refuses one of them; none was put in.
            InvalidError: a collection has a name that none can have; none was put in.
            AuditUnavailableError: the log cannot be written.
            BusyError: too much waits already.
            StoreUnavailableError: the disk refuses.
        """
        return self.begin(records).wait()

    def begin(self, records: Sequence[Fresh]) -> Putting:
        """Hand records to the writer; they count as put in once `wait` returned.

        Raises:
            DeniedError: the policy refuses one of them; none was put in.
            InvalidError: a collection has a name that none can have; none was put in.
            AuditUnavailableError: the log cannot be written.
            BusyError: too much waits already.
        """
        now = self._core.clock()
        self._decide(records, now)
        putting = Putting(self._index)
        contents = [pack_item(each.fields, None) for each in records]
        for portion in _portions(contents):
            with uncollected(), self._core.keys.turning.kept():
                putting.add(self._send(records[portion], contents[portion], now))
        return putting

    def _decide(self, records: Sequence[Fresh], now: Instant) -> None:
        """Let pass what the policy permits. Equal wishes of one moment are decided on once.

        Raises:
            DeniedError: it refuses one.
            InvalidError: a collection's name fits no table, and would stop what shares its commit.
        """
        facts = Facts(
            now=now,
            app=Standing.ACTIVE,
            subject=Standing.ACTIVE,
            task=Standing.UNKNOWN,  # no program takes part
            held=(),
            objected=frozenset(),
            restricted=False,
            retain_until=None,
            budget_left=MicroBits(0),
        )
        for collection, *fields in {(each.collection, *each.fields) for each in records}:
            if not is_code(collection):
                raise InvalidError("a collection is named by up to 32 ASCII characters")
            ask = Ask(
                actor=Asking.OWNER,
                app=self._core.app,
                purpose=KEEPING,
                collection=Collection(collection),
                fields=frozenset(map(FieldName, fields)),
                task=TaskDigest(b""),
                param="",
                selection="",
                cost=MicroBits(0),
            )
            decision = decide(ask, facts)
            if not decision.permit:
                told = refusal(self._event((), [ask.collection]), decision)
                self._core.writer.commit(Work((), (self._teller.entry(told),)))
                raise DeniedError(decision.sentence)

    def _send(self, records: Sequence[Fresh], contents: Sequence[bytes], now: Instant) -> _Flight:
        """Make one piece of work of records."""
        core = self._core
        ids = [*map(RecordId, timed_ids(now, len(records), core.entropy))]
        entropy = at_once(core.entropy, ENVELOPE_BYTES * len(ids))
        packer = self._objects.packer()
        ops: list[Op] = []
        entries: list[Entry] = []
        for record, fresh, content in zip(ids, records, contents, strict=True):
            kind = self._kind(fresh.collection)
            place = Place(record, fresh.collection, 1, BY_HAND)
            body = body_of(content, ORIGIN, None, "", kind.contents.digest(content))
            large = len(body) > INLINE
            sealed = Body(packer.keep(body) if large else body, large)
            row = seal_record(core.keys, place, sealed, entropy)
            ops.append(Put(RECORDS.name, row, Expect.ABSENT))
            title, at, text = kind.describer.describe(fresh.fields)
            entries.append(
                Entry(
                    id=record,
                    collection=fresh.collection,
                    version=1,
                    at=at,
                    title=title,
                    text=text,
                )
            )
        segment, words = self._index.segment(BY_HAND, entries)
        event = self._event(ids, [fresh.collection for fresh in records])
        work = Work(
            (*ops, *packer.finish(), *words),
            (self._teller.entry(event),),
            size=sum(map(len, contents)),
        )
        return _Flight(core.writer.submit([work]), segment, entries)

    def _kind(self, name: Collection) -> _Kind:
        found = self._kinds.get(name)
        if found is None:
            found = self._kinds[name] = _Kind(
                contents=self._core.keys.contents.after(name.encode()),
                describer=Describer(self._core.datasets.get(name)),
            )
        return found

    def _event(self, ids: Sequence[RecordId], collections: Sequence[Collection]) -> Event:
        several = len({*collections}) > 1
        return Event(
            kind=EventKind.INGEST,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            collection=None if several else collections[0],
            records=self._teller.tags(ids),
            rows_read=len(ids),
            rows_out=len(ids),
        )


def _portions(contents: Sequence[bytes]) -> Iterator[slice]:
    """Yield which of the records go together into one commit: as many as it can hold."""
    start = size = 0
    for at, content in enumerate(contents):
        size += len(content)
        if at > start and (at - start == AT_ONCE or size > PORTION):
            yield slice(start, at)
            start, size = at, len(content)
    if contents:
        yield slice(start, len(contents))
