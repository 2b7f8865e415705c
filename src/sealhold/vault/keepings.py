"""What is held of people who were erased: sealed anew under keys of its own, before theirs go.

- A keeping is what one hold keeps of one person. It has a key as a person has, under the app's, and
  the held rows lie under its id in the tables of people's rows: keys are turned over, copied into a
  next epoch and destroyed as a person's are. No row of `subject` has that id, so no call of an app
  leads there.
- Its id follows from hold and person under the app's base key. Whatever a kill left of it is
  cleared away, and done again from the rows that are still there.
- The keeping's row is written last, over the hold as it stands: what it does not name is not held.
- What does not open, or was over already, is not held; how many did not open is told.

Source: docs/spec/32-holds.md sections 2 and 3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from sealhold.audit.erasure import HeldBack
from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.crypto.digest import framed
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import ConflictError, NotFoundError, SealBrokenError
from sealhold.model.holds import KeepingView
from sealhold.model.ids import AppId, FieldName, Id16, ReceiptId, SubjectId
from sealhold.model.quantities import Instant
from sealhold.policy.holds import decide_keeping, purpose_of
from sealhold.stores.spec import (
    Cell,
    Delete,
    DeleteWhere,
    Expect,
    Found,
    Guard,
    Op,
    Put,
)
from sealhold.vault.attachments import ATTACHED_PACKS, ATTACHMENTS, all_packs
from sealhold.vault.core import Core
from sealhold.vault.deciding import rows_in, rows_of, scan_all
from sealhold.vault.erased import ERASED
from sealhold.vault.heldback import FromTo, items_of, reseal
from sealhold.vault.holdrows import KEEPINGS
from sealhold.vault.holds import Hold, Holds
from sealhold.vault.identifiable import FIELDS
from sealhold.vault.keyblocks import KEY_BLOCKS, KeyBlocks
from sealhold.vault.objects import PACKS
from sealhold.vault.personpacks import drop_packs
from sealhold.vault.personrows import RECORDS
from sealhold.vault.subjects import Mark, Person
from sealhold.vault.writer import Work

NEVER = Instant(0)
KEPT = (FIELDS.name, KEY_BLOCKS.name, RECORDS.name, ATTACHMENTS.name, ATTACHED_PACKS.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What is held of one erased person under one hold."""

    id: SubjectId  # under which its rows and key lie
    app: AppId
    hold: Id16
    name: bytes  # 16 bytes
    kept_at: Instant
    fields: Mapping[FieldName, int]  # the version of each
    items: Mapping[str, int]
    lost: int
    v: int = 0

    @property
    def guard(self) -> Op:
        """What fails a commit if it is gone by then."""
        return Guard(KEEPINGS.name, (self.id,), self.v)

    def person(self) -> Person:
        """Return it as whoever opens its fields knows a person."""
        return Person(
            id=self.id,
            app=self.app,
            leaf=b"",
            version=max(self.fields.values(), default=0),
            made_at=self.kept_at,
            fields=self.fields,
            v=0,
        )

    def view(self, hold: Hold, receipt: ReceiptId | None) -> KeepingView:
        """Return what is shown of it."""
        return KeepingView(
            id=self.id,
            hold=self.hold,
            app=self.app,
            receipt=receipt,
            kept_at=self.kept_at,
            until=hold.until,
            items=self.items,
            lost=self.lost,
        )


class Keepings:
    """What is held in one vault."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._holds = Holds(core)
        self._blocks = KeyBlocks(core.store, core.entropy)

    def keep(self, found: Found, mark: Mark) -> tuple[HeldBack, ...]:
        """Hold what the holds of a mark name, while the person's key is there; say what is held.

        Called again it says the same, also when that key is destroyed.

        Raises:
            StoreUnavailableError: it cannot be kept; the person's key must stay.
            AuditUnavailableError: the log cannot be written.
        """
        held = (self._kept(found, mark, hold) for hold in mark.holds)
        return tuple(each for each in held if each is not None)

    def get(self, keeping: Id16) -> Keeping | None:
        """Return a keeping, if there is one.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        found = self._core.store.get(KEEPINGS.name, [(keeping,)])[0]
        return None if found is None else self._opened(found)

    def of(self, hold: Id16) -> Iterator[Keeping | None]:
        """Yield what is held under a hold; None for what is not as it was written."""
        for found in rows_of(self._core.store, KEEPINGS, "hold", hold):
            try:
                yield self._opened(found)
            except SealBrokenError:
                yield None

    def count(self, hold: Id16) -> int:
        """Return of how many people something is held under a hold."""
        return sum(1 for _ in rows_of(self._core.store, KEEPINGS, "hold", hold))

    def receipt_of(self, keeping: Keeping) -> ReceiptId | None:
        """Return the receipt of the person's erasure; none while that is being ended."""
        found = self._core.store.get(ERASED.name, [(keeping.app, keeping.name)])[0]
        return None if found is None else ReceiptId(Id16(found.row[2]))

    def cleared(self, keeping: Id16) -> tuple[tuple[Op, ...], list[bytes]]:
        """Return the operations that take all rows of a keeping out, and the packs that go then."""
        packs = all_packs(self._core.store, SubjectId(keeping))
        return (
            *(DeleteWhere(table, "key", (keeping,)) for table in KEPT),
            *(Delete(PACKS.name, (pack,)) for pack in packs),
        ), packs

    def _kept(self, found: Found, mark: Mark, hold_id: Id16) -> HeldBack | None:
        core = self._core
        subject, app = SubjectId(Id16(found.row[0])), AppId(Id16(found.row[1]))
        name, at = keeping_names(core, app, hold_id, subject)
        hold = self._holds.find(hold_id)
        before = self.get(at)
        if before is not None:
            return None if hold is None else _told(hold, before.items, before.lost)
        # THREAT T317: what has no row of its own yet is not held, and is made again from the start
        self._clear(app, at)
        # THREAT T318: a hold that was lifted since, or is over, keeps nothing
        if hold is None or not decide_keeping(hold.until, core.clock(), frozenset()).permit:
            return None
        person = Person(
            id=subject,
            app=app,
            leaf=found.row[3],
            version=found.row[4],
            made_at=NEVER,
            fields=mark.fields,
            v=found.v,
        )
        items = items_of(core.store, hold, person, core.clock())
        if not items:
            return None
        try:
            keys = core.keyring.subject(subject)
        except (NotFoundError, SealBrokenError):
            return _told(hold, {}, sum(items.values()))
        core.keyring.add_subject(app, at)  # first the key: what lies under none is lost
        under = FromTo(keys, core.keyring.subject(at))
        made = reseal(core, self._blocks, hold, person, under)
        keeping = Keeping(
            id=at,
            app=app,
            hold=hold.id,
            name=name,
            kept_at=core.clock(),
            fields=made.fields,
            items=dict(sorted(made.items.items())),
            lost=len(made.lost),
        )
        if self._named(keeping, hold):
            core.keyring.unnamed.discard(at)
            return _told(hold, keeping.items, keeping.lost)
        self._clear(app, at)
        return None

    def _named(self, keeping: Keeping, hold: Hold) -> bool:
        """Write the row that makes held what was sealed anew; false if the hold ended meanwhile."""
        event = Event(
            kind=EventKind.HOLD,
            actor=Actor.VAULT,
            app=keeping.app,
            purpose=purpose_of(hold.ground),
            reason="applied",
            rows_out=sum(keeping.items.values()),
        )
        # INVARIANT: what is held is held under a hold that stands when this is durable
        ops = (hold.guard, self._put(keeping))
        try:
            self._core.writer.commit(Work(ops, (Entry(event=event),), right=True))
        except ConflictError:
            return False
        return True

    def _clear(self, app: AppId, keeping: SubjectId) -> None:
        """Take away what a kill left of a keeping that was never named."""
        ring = self._core.keyring
        if ring.versions(keeping):
            ring.erase_subject(app, keeping)
        if any(next(rows_in(self._core.store, table, "key", keeping), None) for table in KEPT):
            ops, packs = self.cleared(keeping)
            self._core.writer.submit([Work(ops, (), right=True)]).result()
            drop_packs(self._core.objects, packs)

    def _put(self, keeping: Keeping) -> Op:
        clear = (keeping.id, keeping.app, keeping.hold, keeping.name)
        paper = [keeping.kept_at, dict(keeping.fields), dict(keeping.items), keeping.lost]
        keys = self._core.keyring.app(keeping.app)
        sealed = keys.receipts.seal(pack(paper), _place(clear), self._core.entropy)
        return Put(KEEPINGS.name, (*clear, sealed), Expect.ABSENT)

    def _opened(self, found: Found) -> Keeping:
        *clear, sealed = found.row
        at, app, hold, name = clear
        keys = self._core.keyring.app(AppId(Id16(app)))
        paper = unpack_own(keys.receipts.open(sealed, _place(tuple(clear))))
        kept_at, fields, items, lost = paper
        return Keeping(
            id=SubjectId(Id16(at)),
            app=AppId(Id16(app)),
            hold=Id16(hold),
            name=name,
            kept_at=Instant(kept_at),
            fields={FieldName(each): version for each, version in fields.items()},
            items=items,
            lost=lost,
            v=found.v,
        )


def keeping_names(
    core: Core, app: AppId, hold: Id16, subject: SubjectId
) -> tuple[bytes, SubjectId]:
    """Return a person's name among the erased, and the id of what one hold keeps of them."""
    names = core.keyring.app(app).erased
    # THREAT T319: an id that no row of people has: no use by an app begins there
    made = names.mac16(framed(KEEPINGS.name.encode(), hold, subject))
    return names.mac16(subject), SubjectId(Id16(UUID(bytes=made, version=4).bytes))


def drop_keyless(core: Core) -> None:
    """Take out what is held under no key: rows of an older day, of a hold that ended since."""
    keepings = Keepings(core)
    for found in scan_all(core.store, KEEPINGS):
        keeping = SubjectId(Id16(found.row[0]))
        if core.keyring.versions(keeping):
            continue
        # THREAT T321: its hold ended behind that day, and no key of it is anywhere
        cleared, packs = keepings.cleared(keeping)
        ops = (Delete(KEEPINGS.name, (keeping,)), *cleared)
        event = Event(kind=EventKind.HOLD, actor=Actor.VAULT, reason="released_since")
        core.writer.commit(Work(ops, (Entry(event=event),), right=True))
        drop_packs(core.objects, packs)


def _told(hold: Hold, items: Mapping[str, int], lost: int) -> HeldBack:
    return HeldBack(
        hold=hold.id,
        ground=hold.ground.value,
        law=hold.law,
        purpose=purpose_of(hold.ground),
        until=hold.until,
        items=items,
        lost=lost,
    )


def _place(clear: tuple[Cell, ...]) -> bytes:
    return framed(KEEPINGS.name.encode(), pack(list(clear)))
