"""A vault in memory whose apps keep records of people, with an officer who declares holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sealhold.audit.event import Event, EventKind
from sealhold.compute.holdsdoor import HoldsDoor
from sealhold.model.holds import HoldView, HoldWish, KeepingView
from sealhold.model.ids import SubjectId, canonical
from sealhold.model.people import ErasedView
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Row
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.holdcheck import hold_faults
from sealhold.vault.holdrows import KEEPINGS
from sealhold.vault.peoplecheck import people_faults
from sealhold.vault.wraps import SUBJECT
from tests.unit.attachments_vault import attach
from tests.unit.memory_vault import NOON
from tests.unit.people_vault import NAME, Crowd
from tests.unit.records_vault import NOTES, Shelf, rid, shelf

LEGAL, CLAIMS = "LegalCompliance", "DisputeManagement"
LAW = "Section 147 of the Fiscal Code"
PROOF = "the passphrase"
YEAR = 365 * DAY
END = Instant(NOON + 300 * DAY)


@dataclass(frozen=True)
class Archive:
    """The vault, its door for holds, and an officer's token."""

    shelf: Shelf
    door: HoldsDoor
    officer: str

    @property
    def many(self) -> Crowd:
        return self.shelf.many

    def wish(
        self,
        *,
        of: SubjectId | None = None,
        collections: tuple[str, ...] = (NOTES,),
        records: tuple[str, ...] = (),
        fields: tuple[str, ...] = (),
        ground: str = "LegallyRequired",
        until: Instant = END,
    ) -> HoldWish:
        """Return a wish to keep notes of an app's people, or what is named in their place."""
        return HoldWish(
            app=canonical(self.many.one),
            subject=canonical(of) if of else "",
            collections=collections,
            records=records,
            fields=fields,
            ground=ground,
            law=LAW,
            until=until,
        )

    def hold(self, wish: HoldWish | None = None) -> HoldView:
        return self.door.add(self.officer, wish or self.wish(), "")

    def erase(self, who: SubjectId) -> ErasedView:
        return self.many.people.erase(self.many.one, who)

    def kept(self, hold: HoldView) -> tuple[KeepingView, ...]:
        return self.door.show(canonical(hold.id)).keepings

    def lift(self, hold: HoldView) -> None:
        self.door.lift(self.officer, canonical(hold.id), "")

    def events(self, kind: EventKind = EventKind.HOLD) -> list[Event]:
        return self.many.events(kind)

    def rows(self, who: SubjectId) -> list[Row]:
        """Return what lies under an id in the tables of people's rows."""
        return self.shelf.rows(who)

    def keepings(self) -> list[Row]:
        return [each.row for each in scan_all(self.many.store, KEEPINGS)]

    def keys(self, who: SubjectId) -> int:
        """Return how many versions of a key there are in the key set."""
        return len(list(rows_of(self.many.vault.keys, SUBJECT, "key", who)))

    def faults(self) -> list[str]:
        core = self.many.vault.core
        return [*people_faults(core), *hold_faults(core)]


@contextmanager
def archive() -> Iterator[Archive]:
    with shelf() as kept:
        many = kept.many
        _, token = many.principals.mint_officer("Dora", Instant(NOON + YEAR))
        door = HoldsDoor(
            many.vault.core, many.registry, many.principals, lambda said: said == PROOF
        )
        yield Archive(kept, door, token.token)


def filled(kept: Archive) -> SubjectId:
    who = kept.many.person()
    for number in (1, 2, 3):
        kept.shelf.put(who, number, {"text": f"note {number}"})
    attach(kept.shelf, who, b"an invoice")
    return who


def held(kept: Archive, who: SubjectId) -> SubjectId:
    """Erase a person under a hold, and return the id of what is held."""
    hold = kept.hold(kept.wish(fields=(NAME,)))
    kept.erase(who)
    (keeping,) = kept.kept(hold)
    return SubjectId(keeping.id)


def read(kept: Archive, keeping: SubjectId, purpose: str = LEGAL) -> list[object]:
    """Return all that an officer reads of what is held."""
    name, record = canonical(keeping), canonical(rid(1))
    page = kept.door.records(kept.officer, name, purpose, NOTES, "", 10)
    view = kept.door.attachment(kept.officer, name, purpose, NOTES, record, 1)
    profile = kept.door.profile(kept.officer, name, purpose)
    texts = [each.content["text"] for each in page.records]
    return [profile.fields[NAME], *texts, b"".join(view.pieces)]


WHOLE = ["Ada", "note 1", "note 2", "note 3", b"an invoice"]
