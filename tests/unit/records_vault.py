"""A vault in memory whose apps keep records of their people."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sealhold.audit.event import Event, EventKind
from sealhold.model.ids import AppId, FieldName, Id16, Purpose, RecordId, SubjectId
from sealhold.model.personrecords import CollectionRule, Content, FieldKind, FieldType
from sealhold.stores.spec import Row
from sealhold.vault.attaching import Attachments
from sealhold.vault.attachments import ATTACHED_PACKS, ATTACHMENTS
from sealhold.vault.collectionrules import Collections
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.keyblocks import KEY_BLOCKS, KeyBlocks
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.personrecords import At, PersonRecords
from sealhold.vault.personrows import OLDER, RECORDS
from sealhold.vault.recordasking import Asking, RecordUses
from sealhold.vault.recordbulk import RecordBulk
from sealhold.vault.recordterms import Terms
from sealhold.vault.using import Uses
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import MARKETING, SERVICE, Crowd, crowd

NOTES, VISITS = "notes", "visits"


def rule(*purposes: Purpose, days: int = 0, versions: int = 10, **fields: str) -> CollectionRule:
    """Return a rule; a field's type ends in `!` if it is required."""
    return CollectionRule(
        category="Location",
        sensitive=False,
        retention_days=days,
        purposes=frozenset(purposes or {SERVICE}),
        versions=versions,
        fields={
            FieldName(name): FieldType(kind=FieldKind(kind.rstrip("!")), required=kind[-1] == "!")
            for name, kind in fields.items()
        },
    )


def rid(number: int) -> RecordId:
    """Return the id of the n-th record: a UUIDv4."""
    return RecordId(Id16(UUID(int=number, version=4).bytes))


@dataclass(frozen=True)
class Shelf:
    """The vault of two apps, each with the collections `notes` and `visits`."""

    many: Crowd
    collections: Collections
    blocks: KeyBlocks
    records: PersonRecords
    bulk: RecordBulk
    attachments: Attachments
    terms: Terms

    def asking(
        self, subject: SubjectId, app: AppId | None = None, purpose: str = SERVICE
    ) -> Asking:
        return Asking(app=app or self.many.one, subject=subject, purpose=purpose)

    def newcomer(self) -> SubjectId:
        """Return a person of the first app, who came at noon."""
        self.many.time.now = NOON
        return self.many.people.make(self.many.one).subject

    def put(
        self, subject: SubjectId, number: int, content: Content, over: int | None = None
    ) -> int:
        """Keep a note, and return its version."""
        at = At(NOTES, rid(number))
        return self.records.put(self.asking(subject), at, content, over).wait().version

    def get(self, subject: SubjectId, number: int) -> Content:
        return self.records.get(self.asking(subject), At(NOTES, rid(number))).wait().content

    def counts(self) -> tuple[int, int, int]:
        """Return how many records, older versions and blocks of keys there are."""
        tables = (RECORDS, OLDER, KEY_BLOCKS)
        one, two, three = (sum(1 for _ in scan_all(self.many.store, each)) for each in tables)
        return one, two, three

    def rows(self, subject: SubjectId) -> list[Row]:
        """Return what is kept of a person's records, unopened."""
        tables = (RECORDS, OLDER, KEY_BLOCKS, ATTACHMENTS, ATTACHED_PACKS)
        found = (row for table in tables for row in rows_of(self.many.store, table, "key", subject))
        return [each.row for each in found]

    def events(self) -> list[Event]:
        return self.many.events(EventKind.RECORD)


@contextmanager
def shelf() -> Iterator[Shelf]:
    with crowd() as many:
        core = many.vault.core
        collections = Collections(core)
        for app in (many.one, many.other):
            collections.lay_down(many.app(app), NOTES, rule(SERVICE, MARKETING, versions=3))
            collections.lay_down(
                many.app(app), VISITS, rule(days=30, place="text!", stars="number")
            )
        uses = RecordUses(Uses(core, many.registry, many.schemas), collections)
        blocks = KeyBlocks(core.store, core.entropy)
        yield Shelf(
            many=many,
            collections=collections,
            blocks=blocks,
            records=PersonRecords(core, uses, blocks),
            bulk=RecordBulk(core, uses, blocks),
            attachments=Attachments(core, uses, blocks),
            terms=Terms(core, blocks),
        )


@contextmanager
def whole_shelf() -> Iterator[Shelf]:
    """A shelf for all tests of a module; after them nothing is out of place."""
    with shelf() as found:
        yield found
        assert list(people_faults(found.many.vault.core)) == []
