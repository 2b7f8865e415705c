"""People on vaults of their own, in one process: what each has to know others and to write."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import NoReturn

from sealhold.model.errors import CarrierAwayError
from sealhold.sharing.devices.joinpapers import Way
from sealhold.sharing.peers.card import Card
from sealhold.sharing.peers.contacts import Contacts, Known
from sealhold.sharing.peers.inbox import Reach, Spot
from sealhold.sharing.peers.letter import Letter
from sealhold.sharing.peers.letters import Letters, Post
from sealhold.sharing.peers.owncard import OwnCard
from tests.unit.owned_devices import Machine, machine
from tests.unit.replicas import Shelf

STICK = Way(kind="folder", address="folder:stick")


def no_relay(_address: str) -> NoReturn:
    raise CarrierAwayError("there is no relay here")


@dataclass
class Person:
    """One device of somebody, and what it knows of others."""

    device: Machine
    spots: list[Spot] = field(default_factory=list)
    got: list[tuple[str, bytes]] = field(default_factory=list)  # letters of the kind `note`

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin from what is durable."""
        self.own = OwnCard(self.device.devices)
        self.contacts = Contacts(self.device.devices)
        kinds = {"note": self._note}
        self.letters = Letters(self.device.devices, self.contacts, self.own, kinds)

    def _note(self, known: Known, letter: Letter) -> None:
        self.got.append((known.name, letter.body))

    def card(self) -> Card:
        """Return the card, brought up to date."""
        self.own.renew(self.spots)
        assert self.own.card is not None
        return self.own.card

    def knows(self, other: "Person", name: str = "") -> Known:
        """Take another person's card in, and verify it."""
        known = self.contacts.add(other.card(), name)
        return self.contacts.read_out(known, " ".join(known.contact.card.words))

    def one(self, name: str) -> Known:
        return self.contacts.named(name)

    def send(self, name: str, body: bytes, kind: str = "note") -> bytes:
        return self.letters.send(self.one(name), kind, body)

    def round(self, reach: Reach = no_relay) -> Post:
        post = Post(is_new_card=self.own.renew(self.spots))
        self.letters.take(self.spots, post)
        self.letters.give(self.spots, reach, post)
        return post


def person(device: Machine, name: str, *shelves: Shelf) -> Person:
    """Return somebody who has one device, which syncs through these shelves."""
    if not device.devices.is_begun:
        device.devices.begin(f"of {name}", None)
    found = Person(device, [Spot(STICK, store=shelf) for shelf in shelves])
    found.own.call(name)
    return found


@contextmanager
def people(*names: str, shelf: Shelf | None = None) -> Iterator[list[Person]]:
    """Return people who meet at one shelf and know nobody yet."""
    at = Shelf() if shelf is None else shelf
    with ExitStack() as stack:
        machines = [stack.enter_context(machine(name.encode())) for name in names]
        yield [person(each, name, at) for each, name in zip(machines, names, strict=True)]


@contextmanager
def anna_and_ben(*others: str) -> Iterator[tuple[Person, Person, Shelf, list[Person]]]:
    """Return two people who verified each other, where they meet, and others whom nobody knows."""
    shelf = Shelf()
    with people("Anna", "Ben", *others, shelf=shelf) as (anna, ben, *rest):
        anna.knows(ben)
        ben.knows(anna)
        yield anna, ben, shelf, rest


def letters_at(shelf: Shelf) -> dict[str, bytes]:
    """Return the letters that lie at a shelf."""
    return {name: data for name, data in shelf.kept.items() if "/key/" in name}
