"""Records that their owner puts in themselves, without a file: each decided, sealed and told of.

- Each record is a unit and has a log entry of its own; those of one call share commits, because
  what makes a commit durable costs more than all the rest of a record. Only where one is so large
  that it goes into packs are those of its commit one unit.
- A put is a new item each time. Recognising an item that comes again is for sources, which can
  name their items.
- The words of what is put in together are indexed together, with the last unit of their commit.
- The records of several calls are collected, and go into one commit as soon as somebody waits for
  theirs. One thread calls at a time.

Source: docs/spec/18-connectors.md section 5.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain

import msgspec

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.crypto.digest import Keyed
from sealhold.crypto.seal import NOBODY
from sealhold.model.collecting import uncollected
from sealhold.model.encoding import Plain
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
from sealhold.stores.spec import MAX_UNITS, Expect, Put
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
    content_of,
    seal_record,
)
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

AT_ONCE = MAX_UNITS // 2  # records in one commit
BY_HAND = JobId(NOBODY)  # no import brought it
ORIGIN = Origin(SourceId(NOBODY), BY_HAND, "owner", "1")  # what a record says of where it is from
KEEPING = Purpose("RecordManagement")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """A record that is to be put in."""

    collection: Collection
    fields: Mapping[str, Plain]


class _Ready(msgspec.Struct, frozen=True):  # one per record
    place: Place
    fields: Mapping[str, Plain]
    content: bytes


@dataclass(frozen=True, slots=True)
class _Kind:
    """What the records of one collection have in common."""

    contents: Keyed
    describer: Describer


@dataclass(slots=True)
class _Flight:
    """One commit that the writer has."""

    done: Future[list[int]]
    segment: int
    entries: Sequence[Entry]

    def land(self, index: Index) -> None:
        """Wait until it is durable, and list its records."""
        self.done.result()
        index.adopt(self.segment, BY_HAND, self.entries)
        self.entries = ()  # others who wait for it need not list them again


class Putting:
    """Records of one call on their way into the vault."""

    def __init__(self, owning: "Owning", ids: list[RecordId]) -> None:
        self._owning = owning
        self._ids = ids
        self.to_send = 0  # portions that wait for a commit
        self.flights: list[_Flight] = []  # commits that hold the others

    def wait(self) -> list[RecordId]:
        """Wait until all are durable and return their ids.

        Raises:
            AuditUnavailableError: the log cannot be written.
            BusyError: too much waits already.
            StoreUnavailableError: the disk refuses.
        """
        self._owning.land(self)
        return self._ids


class Owning:
    """Puts in records of one vault's owner."""

    def __init__(self, core: Core, index: Index, objects: Objects) -> None:
        self._core = core
        self._index = index
        self._objects = objects
        self._teller = Teller(core.keys)
        self._kinds: dict[Collection, _Kind] = {}
        self._pile: list[tuple[Sequence[_Ready], Putting]] = []  # waits for a commit

    def put_each(self, records: Sequence[Fresh]) -> list[RecordId]:
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
        """Take records for the next commit, which is made when somebody waits, or when it is full.

        Raises:
            DeniedError: the policy refuses one of them; none was put in.
            InvalidError: a collection has a name that none can have; none was put in.
            AuditUnavailableError: the log cannot be written.
            BusyError: too much waits already.
        """
        core = self._core
        now = core.clock()
        self._decide(records, now)
        ids = timed_ids(now, len(records), core.entropy)
        ready = [
            _Ready(
                Place(RecordId(record), each.collection, 1, BY_HAND),
                each.fields,
                content_of(each.fields, None),
            )
            for record, each in zip(ids, records, strict=True)
        ]
        putting = Putting(self, [each.place.record for each in ready])
        for portion in _portions(ready):
            self._pile.append((portion, putting))
            putting.to_send += 1
        while sum(len(portion) for portion, _ in self._pile) >= AT_ONCE:
            self._send()
        return putting

    def land(self, putting: Putting) -> None:
        """Wait until the records of one call are durable.

        Raises:
            AuditUnavailableError: the log cannot be written.
            BusyError: too much waits already.
            StoreUnavailableError: the disk refuses.
        """
        while putting.to_send:
            self._send()
        for flight in putting.flights:
            flight.land(self._index)

    def _send(self) -> None:
        """Make one commit of what waits longest, as much as one can hold."""
        together: list[_Ready] = []
        room, taken = PORTION, 0
        for portion, _ in self._pile:
            room -= sum(len(each.content) for each in portion)
            if together and (room < 0 or len(together) + len(portion) > AT_ONCE):
                break
            together += portion
            taken += 1
        with uncollected():
            flight = self._put(together)
        for _, putting in self._pile[:taken]:
            putting.to_send -= 1
            putting.flights.append(flight)
        del self._pile[:taken]

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
                told = refusal(self._event(ask.collection, None), decision)
                self._core.writer.commit(Work((), (self._teller.entry(told),)))
                raise DeniedError(decision.sentence)

    def _put(self, portion: Sequence[_Ready]) -> _Flight:
        """Make one commit of records."""
        packer = self._objects.packer()
        works = [self._work(each, packer.keep) for each in portion]
        entries = [self._entry(each) for each in portion]
        segment, shared = self._index.segment(BY_HAND, entries)
        packs = packer.finish()
        if packs:  # a record whose packs did not take hold would be a name without content
            ops = (*chain.from_iterable(work.ops for work in works), *packs, *shared)
            told = chain.from_iterable(work.entries for work in works)
            works = [Work(ops, tuple(told), size=sum(work.size for work in works))]
        else:
            last = works[-1]
            works[-1] = Work((*last.ops, *shared), last.entries, size=last.size)
        return _Flight(self._core.writer.submit(works), segment, entries)

    def _work(self, each: _Ready, keep: Callable[[bytes], bytes]) -> Work:
        core, place = self._core, each.place
        digest = self._kind(place.collection).contents.digest(each.content)
        content = body_of(each.content, ORIGIN, None, "", digest)
        large = len(content) > INLINE
        if large:
            content = keep(content)
        row = seal_record(core.keys, place, Body(content, large), core.entropy)
        event = self._event(place.collection, self._teller.tag(place.record))
        put = Put(RECORDS.name, row, Expect.ABSENT)
        return Work((put,), (self._teller.entry(event),), size=len(content))

    def _entry(self, each: _Ready) -> Entry:
        place = each.place
        title, at, text = self._kind(place.collection).describer.describe(each.fields)
        return Entry(
            id=place.record,
            collection=place.collection,
            version=place.version,
            at=at,
            title=title,
            text=text,
        )

    def _kind(self, name: Collection) -> _Kind:
        found = self._kinds.get(name)
        if found is None:
            found = self._kinds[name] = _Kind(
                contents=self._core.keys.contents.after(name.encode()),
                describer=Describer(self._core.datasets.get(name)),
            )
        return found

    def _event(self, collection: Collection, record: bytes | None) -> Event:
        return Event(
            kind=EventKind.INGEST,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            collection=collection,
            record=record,
            rows_read=1,
            rows_out=1,
        )


def _portions(ready: Sequence[_Ready]) -> Iterator[Sequence[_Ready]]:
    """Yield the records in groups that one commit can hold."""
    start = size = 0
    for at, each in enumerate(ready):
        size += len(each.content)
        if at > start and (at - start == AT_ONCE or size > PORTION):
            yield ready[start:at]
            start, size = at, len(each.content)
    if ready:
        yield ready[start:]
