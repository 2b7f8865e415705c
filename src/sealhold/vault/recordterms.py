"""What of people's records has been kept as long as it may be: taken out for good, with its keys.

- A record goes whole, with its older versions and attachments; an older version or an attachment
  whose own term is over goes alone.
- What does not open is left: a term that somebody edited destroys nothing, and the check names it.
- Each is an entry under the person's key. Blocks that others hold are left for the next time.

Source: docs/spec/25-records-of-people.md section 8.
"""

from collections.abc import Callable, Iterator
from itertools import islice

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.model.errors import ConflictError, NotFoundError, SealBrokenError
from sealhold.model.ids import Collection, Id16, SubjectId
from sealhold.stores.spec import Found, Op, TableSpec
from sealhold.vault.attachments import ATTACHMENTS, Attached, detached, of_record
from sealhold.vault.core import Core
from sealhold.vault.keyblocks import Held, KeyBlocks
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.keyslots import For, Slot
from sealhold.vault.personpacks import drop_packs
from sealhold.vault.personrows import OLDER, RECORDS, Stand
from sealhold.vault.recordcheck import opens, paper_opens
from sealhold.vault.recordwriting import Before, gone_ops, older_rows, taken_out
from sealhold.vault.subjects import ACTIVE, SUBJECTS, Person, Subjects
from sealhold.vault.telling import PersonTeller
from sealhold.vault.writer import Work

AT_ONCE = 1_000  # rows of each table in one go: a served vault goes again in a minute
OVER = "term over"

Taken = tuple[list[Op], list[bytes]]  # operations, and the packs that go then


class Terms:
    """Takes out what is over, of all people of one vault."""

    def __init__(self, core: Core, blocks: KeyBlocks) -> None:
        self._core = core
        self._blocks = blocks
        self._subjects = Subjects(core)

    def end(self) -> int:
        """Take out what is over, as much as goes at once; return how many rows it was.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        ends = (
            (RECORDS, self._record),
            (OLDER, self._older),
            (ATTACHMENTS, self._attachment),
        )
        return sum(end(found) for table, end in ends for found in [*self._due(table)])

    def _due(self, table: TableSpec) -> Iterator[Found]:
        now = self._core.clock()
        page = self._core.store.scan(table.name, "due", (1,), (now + 1,), limit=AT_ONCE)
        return islice(page.rows, AT_ONCE)

    def _record(self, found: Found) -> int:
        stand, store = Stand.of(found), self._core.store
        place = (SubjectId(Id16(found.row[0])), stand.collection, stand.record)

        def taken(held: Held) -> Taken:
            return taken_out(store, held, before)

        before = Before(found, older_rows(store, *place), of_record(store, *place))
        return self._ended(
            found,
            lambda keys: opens(self._core, keys, For.CURRENT, found),
            [*before.slots()],
            taken,
        )

    def _older(self, found: Found) -> int:
        def taken(held: Held) -> Taken:
            return gone_ops(held, [found]), []

        places = [Stand.of(found).key]
        return self._ended(
            found, lambda keys: opens(self._core, keys, For.OLDER, found), places, taken
        )

    def _attachment(self, found: Found) -> int:
        def taken(held: Held) -> Taken:
            return detached(self._core.store, held, [found])

        places = [Attached.of(found).key]
        return self._ended(found, lambda keys: paper_opens(self._core, keys, found), places, taken)

    def _ended(
        self,
        found: Found,
        is_whole: Callable[[SubjectKeys], bool],
        places: list[Slot],
        taken: Callable[[Held], Taken],
    ) -> int:
        """Take out one thing; return 1, or 0 if it is left for now."""
        whose = self._person(SubjectId(Id16(found.row[0])))
        # THREAT T248: whoever edits a term breaks the seal, and brings about no destruction
        if whose is None or not is_whole(whose[1]):
            return 0
        person, keys = whose
        try:
            held = self._blocks.hold(keys, places)
        except SealBrokenError:
            return 0
        if not isinstance(held, Held):
            return 0
        try:
            ops, packs = taken(held)
            work = self._work(person, keys, found, [*ops, *held.ops()])
            self._core.writer.commit(work)
            held.kept()
        except ConflictError:  # it was changed in this very moment
            return 0
        finally:
            held.release()
        drop_packs(self._core.objects, packs)
        return 1

    def _work(self, person: Person, keys: SubjectKeys, found: Found, ops: list[Op]) -> Work:
        teller = PersonTeller(keys)
        event = Event(
            kind=EventKind.RECORD,
            actor=Actor.VAULT,
            app=person.app,
            subject=teller.subject,
            collection=Collection(found.row[1]),
            records=teller.tags([found.row[2]]),
            reason=OVER,
        )
        return Work((person.guard, *ops), (teller.entry(event),))

    def _person(self, subject: SubjectId) -> tuple[Person, SubjectKeys] | None:
        found = self._core.store.get(SUBJECTS.name, [(subject,)])[0]
        if found is None or found.row[2] != ACTIVE:
            return None
        try:
            return self._subjects.opened(found)
        except (NotFoundError, SealBrokenError):
            return None
