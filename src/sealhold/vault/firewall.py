"""The one door: here records are opened, and nowhere else.

- Each passage is decided, then logged, and only when the entry is durable is anything opened. A
  refusal is logged too, and gives nothing.
- A program gets the granted fields of the granted objects; the owner gets records whole.
- What does not open is TAMPERED, and says which record.

Source: docs/architecture.md section 2; docs/spec/07-grants.md section 6.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    DeniedError,
    GrantExhaustedError,
    LeakExhaustedError,
    NotFoundError,
    SealBrokenError,
)
from sealhold.model.ids import Collection, FieldName, Kind, RecordId, show
from sealhold.model.people import Mask, Value
from sealhold.model.personrecords import Content
from sealhold.model.records import Record
from sealhold.policy.decide import decide
from sealhold.policy.decision import Decision, Reason
from sealhold.policy.facts import Ask, Facts
from sealhold.policy.masks import masked, masks_of
from sealhold.policy.sight import EVERYTHING, Said, Sight
from sealhold.stores.spec import Found, ObjectStore, Op
from sealhold.vault.attachments import Attached, Paper, open_paper
from sealhold.vault.core import Core
from sealhold.vault.federation import Federation
from sealhold.vault.identifiable import open_field
from sealhold.vault.keyblocks import BlockRows, record_keys
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For
from sealhold.vault.objects import Objects
from sealhold.vault.owned import RECORDS, open_standing, record_from
from sealhold.vault.personpacks import PersonPacks
from sealhold.vault.personrows import Stand, open_stands
from sealhold.vault.placed import PLACED
from sealhold.vault.pushdown import Pushdown, Told
from sealhold.vault.subjects import Person
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A decided ask: what to write into the log with it, and under which conditions."""

    ask: Ask
    facts: Facts
    event: Event  # told if it is permitted; a refusal is told in its place
    ops: tuple[Op, ...] = ()  # charges, and guards on the rows it was decided on: one commit
    short: str = ""  # for the owner: which budget does not cover it, and by how much


class Firewall:
    """Opens records of one vault's owner, for whoever may have them."""

    def __init__(
        self,
        core: Core,
        objects: Objects,
        federation: Federation | None = None,
        pushdown: Pushdown | None = None,
    ) -> None:
        self._core = core
        self._objects = objects
        self._federation = federation
        self._pushdown = pushdown
        self._teller = Teller(core.keys)

    def get(self, ids: Sequence[RecordId]) -> list[Record]:
        """Return records to their owner, in the order of `ids`; one log entry tells of all.

        Raises:
            NotFoundError: one of them is not here.
            SealBrokenError: one of them is not as it was written.
        """
        found = self._core.store.get(RECORDS.name, [(record,) for record in ids])
        event = self._owner_event(ids, out=_out(found))
        self._core.writer.commit(Work((), (self._teller.entry(event),), releases=True))
        return [self._open(record, row) for record, row in zip(ids, found, strict=True)]

    def get_each(self, ids: Sequence[RecordId]) -> list[Record]:
        """Return records to their owner, each with a log entry of its own, in one batch.

        Raises:
            NotFoundError: one of them is not here.
            SealBrokenError: one of them is not as it was written.
        """
        found = self._core.store.get(RECORDS.name, [(record,) for record in ids])
        out = min(1, _out(found))
        events = [self._owner_event((record,), out=out) for record in ids]
        works = [Work((), (self._teller.entry(event),)) for event in events]
        self._core.writer.submit(works).result()
        return [self._open(record, row) for record, row in zip(ids, found, strict=True)]

    def for_own_devices(self, ids: Sequence[RecordId]) -> Iterator[Record]:
        """Yield records for the other devices of their owner; one log entry tells of all.

        What is gone since it was looked up is left out.

        Raises:
            SealBrokenError: one of them is not as it was written.
            AuditUnavailableError: the log cannot be written; nothing was opened.
        """
        found = self._core.store.get(RECORDS.name, [(record,) for record in ids])
        event = Event(
            kind=EventKind.RECORDS,
            actor=Actor.VAULT,
            subject=self._teller.subject,
            rows_read=len(ids),
            rows_out=sum(each is not None for each in found),
            records=self._teller.tags(ids),
            reason="given",
        )
        self._core.writer.commit(Work((), (self._teller.entry(event),), releases=True))
        for record, row in zip(ids, found, strict=True):
            if row is not None:
                yield self._open(record, row)

    def collection(
        self, name: Collection, event: Event, *, noted: bool = False
    ) -> Iterator[Record]:
        """Log `event`, then yield the owner's records of a collection, in the order they came.

        Those that lie elsewhere follow; with `noted` their versions are kept, for a task.

        Raises:
            SourceAwayError: a place where some of them lie cannot be read.
            LoginNeededError: such a place refuses its account.
        """
        self._core.writer.commit(Work((), (self._teller.entry(event),), releases=True))
        if self._federation is None or not self.lies_elsewhere(name):
            return self._scan(name)
        return self._with_those_elsewhere(self._federation, name, noted=noted)

    def where_it_lies(self, sql: str, names: Sequence[Collection], event: Event) -> Told | None:
        """Log `event`, then return what the owner's SQL gives over collections that lie elsewhere.

        None if one of them does not, or if it cannot be answered there: then nothing was given.

        Raises:
            SourceAwayError: a place where one of them lies cannot be read.
            InvalidQueryError: it took too long or too much memory.
        """
        if self._federation is None or self._pushdown is None:
            return None
        places = [there for each in names if (there := self._federation.there(each))]
        if not places or len(places) != len(names):
            return None
        self._core.writer.commit(Work((), (self._teller.entry(event),), releases=True))
        return self._pushdown(sql, places)

    def held(self) -> AbstractContextManager[None]:
        """Let one look at what lies elsewhere serve all that this thread opens in the block."""
        return nullcontext() if self._federation is None else self._federation.held()

    def lies_elsewhere(self, name: Collection) -> bool:
        """Return whether items of a collection may lie where they are, not here."""
        return self._federation is not None and bool(self._federation.sources(name))

    def is_elsewhere(self, record: bytes) -> bool:
        """Return whether an item was looked at where it lies."""
        return self._core.store.get(PLACED.name, [(record,)])[0] is not None

    def decided(self, passage: Passage) -> tuple[Decision, int]:
        """Decide, write the decision into the log, and return it with its log index.

        Raises:
            DeniedError: it is refused; the reason is in the log.
            ConflictError: what it was decided on changed meanwhile; nothing was opened.
            LeakExhaustedError: a budget does not cover it; nothing was opened.
            GrantExhaustedError: the grant does not; nothing was opened.
            AuditUnavailableError: the log cannot be written; nothing was opened.
        """
        decision = decide(passage.ask, passage.facts)
        if not decision.permit:
            refused = refusal(passage.event, decision)
            self._core.writer.commit(Work((), (self._teller.entry(refused),)))
            if decision.code is Reason.GRANT_BUDGET:
                raise GrantExhaustedError(decision.sentence)
            if decision.code is Reason.VAULT_BUDGET:
                raise LeakExhaustedError(passage.short or decision.sentence)
            raise DeniedError(decision.sentence)
        entry = self._teller.entry(passage.event)
        seq = self._core.writer.commit(Work(passage.ops, (entry,), releases=True))
        return decision, seq

    def objects_for_task(
        self,
        decision: Decision,
        collection: Collection,
        ids: Sequence[RecordId],
        sight: Sight = EVERYTHING,
    ) -> Iterator[tuple[RecordId, int, dict[str, Plain] | None]]:
        """Yield id, version and permitted fields of each object, for a permitted program.

        Fields are None where `sight` does not show the row, and as coarse as it says elsewhere.

        Raises:
            DeniedError: the decision is none that permits, or binds to another sight.
        """
        bound = decision.obligations
        # THREAT T430: rows are shown as the grant says or not at all, whoever calls
        if not decision.permit or (bound and Said(bound.filter, bound.precision) != sight.said):
            raise DeniedError("denied")
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            found = self._core.store.get(RECORDS.name, [(record,) for record in some])
            elsewhere = self._elsewhere(collection, some, found)
            for record, row in zip(some, found, strict=True):
                if record in elsewhere:
                    there = elsewhere[record]
                    yield record, there.version, sight.shows(there.fields, decision.fields)
                    continue
                if row is None or row.row[3] != collection:
                    continue  # deleted since the set was frozen
                opened = self._open(record, row)
                yield record, opened.version, sight.shows(opened.fields, decision.fields)

    def _elsewhere(
        self, name: Collection, ids: Sequence[RecordId], found: Sequence[Found | None]
    ) -> Mapping[bytes, Record]:
        missing = [each for each, row in zip(ids, found, strict=True) if row is None]
        if self._federation is None or not missing:
            return {}
        return self._federation.some(name, missing)

    def _with_those_elsewhere(
        self, federation: Federation, name: Collection, *, noted: bool
    ) -> Iterator[Record]:
        left = {each.id for each in federation.sources(name)}
        for record in self._scan(name):
            if record.provenance.source not in left:  # it is on its way here, or away
                yield record
        yield from federation.records(name, noted=noted)

    def _scan(self, name: Collection) -> Iterator[Record]:
        cursor = None
        while True:
            page = self._core.store.scan(RECORDS.name, "coll", (name,), (), after=cursor)
            for found in page.rows:
                if found.row[3] != name:
                    return
                yield self._open(RecordId(found.row[0]), found)
            cursor = page.cursor
            if cursor is None:
                return

    def _open(self, record: RecordId, found: Found | None) -> Record:
        if found is None:
            raise NotFoundError(f"no item `{show(Kind.RECORD, record)}`")
        # THREAT T01: a row that was moved, swapped or edited does not open
        try:
            body = open_standing(self._core.keys, self._core.store, found)
        except SealBrokenError as err:
            raise SealBrokenError(f"item `{show(Kind.RECORD, record)}` does not open") from err
        content = self._objects.fetch(body.content) if body.large else body.content
        return record_from(found, content)

    def _owner_event(self, ids: Sequence[RecordId], out: int) -> Event:
        return Event(
            kind=EventKind.READ,
            actor=Actor.OWNER,
            subject=self._teller.subject,
            rows_read=len(ids),
            rows_out=out,
            records=self._teller.tags(ids),
        )


def open_profile(
    decision: Decision, person: Person, keys: SubjectKeys, found: Mapping[FieldName, Found | None]
) -> dict[FieldName, Value]:
    """Return the permitted fields of a profile, of those rows that were `found`, masked.

    The decision is in the log by now; the rows were read before, under the guard of the commit.

    Raises:
        DeniedError: the decision is none that permits.
        SealBrokenError: a row is gone, older, or not as it was written.
    """
    if not decision.permit:
        raise DeniedError("denied")
    masks = masks_of(decision)
    return {
        # THREAT T322: masked here, where it is opened: no caller has the whole
        field: masked(masks.get(field, Mask.NONE), value)
        for field, row in found.items()
        if field in decision.fields
        for value in (open_field(keys, field, person.fields[field], row),)
    }


def open_records(
    decision: Decision,
    keys: SubjectKeys,
    use: For,
    found: Sequence[Found],
    blocks: BlockRows,
    stands: Sequence[Stand] = (),
) -> list[Content]:
    """Return the content of a person's records, in the order of the rows that were `found`.

    The decision is in the log by now; rows and blocks were read before, from one moment. `stands`
    is what the rows say in the clear, if that was read already.

    Raises:
        DeniedError: the decision is none that permits.
        SealBrokenError: a row or a block is gone, older, or not as it was written.
    """
    if not decision.permit:
        raise DeniedError("denied")
    stands = stands or [Stand.of(each) for each in found]
    deks = record_keys(keys, use, [stand.key for stand in stands], blocks)
    return [*open_stands(keys, zip(found, stands, deks, strict=True))]


def open_attachment(
    decision: Decision,
    keys: SubjectKeys,
    store: ObjectStore,
    found: Found,
    blocks: BlockRows,
    span: tuple[int, int],
) -> tuple[str, Iterator[bytes]]:
    """Return the media type of an attachment, and its bytes of `span`, opened as they are taken.

    The decision is in the log by now; row and block were read before, under the commit's guard.

    Raises:
        DeniedError: the decision is none that permits.
        SealBrokenError: the row or its block is gone, older, or not as it was written.
    """
    if not decision.permit:
        raise DeniedError("denied")
    (dek,) = record_keys(keys, For.ATTACHED, [Attached.of(found).key], blocks)
    paper = open_paper(keys, found, dek)
    return paper.media, _pieces(PersonPacks(store, keys), paper, span)


def _pieces(packs: PersonPacks, paper: Paper, span: tuple[int, int]) -> Iterator[bytes]:
    """Yield the bytes of `span`, chunk by chunk; no other chunk is opened.

    Raises:
        TamperedError: a chunk is not as it was written.
    """
    start, end = span
    at = 0
    for part in paper.parts:
        if at < end and at + part.size > start:
            plain = packs.open_part(part)
            yield plain[max(0, start - at) : end - at]
        at += part.size


def _out(found: Sequence[Found | None]) -> int:
    """Return how many records leave: all, or none if one of them is not there."""
    return 0 if None in found else len(found)


def refusal(asked: Event, decision: Decision) -> Event:
    """Return what the log tells in place of `asked` when the decision is no."""
    return Event(
        kind=EventKind.DECISION,
        actor=asked.actor,
        outcome=Outcome.DENIED,
        subject=asked.subject,
        app=asked.app,
        purpose=asked.purpose,
        collection=asked.collection,
        grant=asked.grant,
        request=asked.request,
        task=asked.task,
        reason=decision.code.name.lower(),
    )
