"""A share between two people in one process, and what passes about its uses."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from sealhold.crypto.seal import new_key
from sealhold.model.ids import ContactId, GrantId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.policy.share import MAX_COUNT, Clauses, Count, Per, What
from sealhold.policy.shareterms import Action, Tier
from sealhold.policy.uses import Ledger
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.answering import Answering, Answers
from sealhold.sharing.peers.asking import Asking, Wish
from sealhold.sharing.peers.mirror import Item, mirror, shown_id
from sealhold.sharing.peers.sharepaper import Paper, Record, papers, put_paper
from sealhold.vault.shareledger import ShareLedgers
from tests.unit.owned_devices import Machine, machine
from tests.unit.people import card, meet, sync
from tests.unit.replicas import Shelf

SERVICE = Purpose("ServiceProvision")
NAME = "for bo"


def item(source: bytes, text: bytes, name: str, folder: tuple[str, ...] = ()) -> Item:
    """Return something that is to be shown."""
    return Item(
        source=source, version=text[:16], name=name, folder=folder, read=lambda: iter([text])
    )


def clauses(guest: Machine, tier: Tier, most: int | None = None) -> Clauses:
    """Return what a share for `guest` says, with no object in it."""
    return Clauses(
        who=frozenset({ContactId(guest.devices.me.root)}),
        what=What(ids=frozenset({Id16(b"o" * 16)})),
        actions=frozenset({Action.VIEW}),
        purposes=frozenset({SERVICE}),
        not_before=Instant(0),
        count=None if most is None else Count(most=most, per=Per.GRANT),
        tier=tier,
    )


def begun(owner: Machine, guest: Machine, tier: Tier, most: int | None = None) -> Record:
    """Begin a space that a guest is in."""
    opened = admitting.space(owner.devices, NAME)
    admitting.follow(owner.devices, opened, card(guest), Role.GUEST)
    meet(owner, guest, opened)
    entropy = owner.devices.entropy
    return Record(
        grant=GrantId(Id16(entropy(16))),
        space=opened.about.id,
        name=NAME,
        secret=new_key(entropy, "share secret"),
        clauses=clauses(guest, tier, most),
    )


@dataclass
class Shared:
    """A share with one object."""

    owner: Machine
    guest: Machine
    record: Record
    thing: Id16
    shelf: Shelf

    @property
    def there(self) -> Open:
        """The space at the owner."""
        return self.owner.devices.collection(NAME)

    @property
    def here(self) -> Open:
        """The space at the guest."""
        return self.guest.devices.collection(NAME)

    @property
    def ledgers(self) -> ShareLedgers:
        """The owner's ledgers."""
        return ShareLedgers(self.owner.vault.core)

    def asking(self) -> Asking:
        """Return the guest's side."""
        return Asking(self.guest.devices, self.here)

    def wish(self, action: Action = Action.VIEW, purpose: Purpose = SERVICE) -> Wish:
        """Return a wish for the object."""
        return Wish(grant=self.record.grant, thing=self.thing, action=action, purpose=purpose)

    def answered(self) -> Answers:
        """Carry what was asked to the owner, have it answered, and carry that back."""
        sync(self.guest, self.shelf)
        sync(self.owner, self.shelf)
        found = Answering(self.owner.devices, self.ledgers).answer(self.there, self.record)
        self.carry()
        return found

    def carry(self) -> None:
        """Carry what the owner wrote to the guest."""
        sync(self.owner, self.shelf)
        sync(self.guest, self.shelf)


def shared(
    owner: Machine, guest: Machine, tier: Tier, most: int | None = None, text: bytes = b"the text"
) -> Shared:
    """Share one object, and carry it to the guest."""
    record = begun(owner, guest, tier, most)
    opened = owner.devices.collection(NAME)
    mirror(owner.devices, opened, record, [item(b"1", text, "one.txt")])
    thing = Id16(shown_id(record, b"1"))
    paper = Paper(
        grant=record.grant,
        owner=owner.devices.me.root,
        device=owner.devices.me.id,
        parent=None,
        epoch=1,
        said=owner.devices.now(),
        clauses=replace(record.clauses, what=What(ids=frozenset({thing}))),
    )
    put_paper(opened, paper, owner.devices.me.keys.signer)
    found = Shared(owner, guest, record, thing, Shelf())
    if tier >= Tier.KEY_PER_USE:
        found.ledgers.open(record.grant, Ledger(most=MAX_COUNT if most is None else most))
    found.carry()
    return found


@contextmanager
def people(*names: str) -> Iterator[list[Machine]]:
    """Return people with a vault of one device each."""
    with ExitStack() as stack:
        found = [stack.enter_context(machine(name.encode())) for name in names]
        for name, each in zip(names, found, strict=True):
            each.devices.begin(f"{name}'s laptop", None)
        yield found


def let_in(it: Shared, other: Machine) -> None:
    """Let another person into a space."""
    admitting.follow(it.owner.devices, it.there, card(other), Role.GUEST)
    meet(it.owner, other, it.there)
    sync(it.owner, it.shelf)
    sync(other, it.shelf)


def paper_of(it: Shared) -> Paper:
    """Return the paper of the share."""
    (found,) = papers(it.there)
    return found
