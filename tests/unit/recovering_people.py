"""An owner whose root lies under a recovery secret, and people who hold shares of it."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from sealhold.crypto import cards
from sealhold.crypto.entropy import seeded
from sealhold.crypto.roots import recovery
from sealhold.model.clock import Clock
from sealhold.sharing.peers.contacts import Known
from sealhold.sharing.peers.letters import Letters
from sealhold.sharing.peers.recoveryopening import kinds_of_holders, settle
from sealhold.sharing.peers.recoveryshares import (
    PLAIN,
    SetPolicy,
    Terms,
    kinds_of_recovery,
    send,
)
from sealhold.sharing.peers.recoveryveto import kinds_of_notices
from tests.unit.owned_devices import machine
from tests.unit.replicas import Shelf
from tests.unit.two_people import Person, person

TEXT = recovery.new_text(seeded(b"a recovery secret"))


@dataclass
class Circle:
    """An owner, and who they know."""

    owner: Person
    others: dict[str, Person]

    def words(self, needed: int, count: int, seed: bytes = b"cards") -> tuple[str, ...]:
        """Return the words of a set of shares."""
        secret = recovery.parse(TEXT)
        assert secret is not None
        return cards.make(secret, needed, count, seeded(seed))

    def share(
        self,
        names: Sequence[str],
        needed: int,
        gone: Sequence[str] = (),
        terms: Terms = PLAIN,
    ) -> SetPolicy:
        """Give people shares of a new set."""
        words = self.words(needed, len(names), b" ".join(name.encode() for name in names))
        people: list[tuple[Known, str]] = [
            (self.owner.one(name), one) for name, one in zip(names, words, strict=True)
        ]
        left = [self.owner.one(name) for name in gone]
        return send(self.owner.device.devices, self.owner.letters, TEXT, people, left, terms)

    def rounds(self) -> None:
        """Have the owner leave letters, and the others take them."""
        for each in (self.owner, *self.others.values()):
            each.round()
            settle(each.device.devices, each.contacts, each.letters)


@contextmanager
def circle(*names: str, clock: Clock | None = None) -> Iterator[Circle]:
    """Return an owner, Anna, and others; each knows the owner and is known by them, verified."""
    shelf = Shelf()
    with ExitStack() as stack:
        found: list[Person] = []
        for name in ("Anna", *names):
            device = stack.enter_context(machine(name.encode(), clock))
            device.devices.begin(f"of {name}", recovery.public_of(TEXT))
            one = person(device, name, shelf)
            kinds = {
                **kinds_of_recovery(device.devices),
                **kinds_of_holders(device.devices),
                **kinds_of_notices(device.devices),
            }
            one.letters = Letters(device.devices, one.contacts, one.own, kinds)
            found.append(one)
        owner, *others = found
        for each in others:
            owner.knows(each)
            each.knows(owner)
        yield Circle(owner, dict(zip(names, others, strict=True)))
