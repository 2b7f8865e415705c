"""Two people in one process: cards, invitations and a place that both have."""

from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.syncing import Reached, Syncing
from sealhold.sharing.peers import admitting
from sealhold.sharing.peers.admitting import Person
from tests.unit.owned_devices import PLACE, Machine
from tests.unit.replicas import Shelf


def card(one: Machine) -> Person:
    """Return a person with the one device."""
    me = one.devices.me
    return Person(root=me.root, devices=((me.chain, me.keys.published()),))


def meet(owner: Machine, guest: Machine, opened: Open) -> None:
    """Have a guest take on a space."""
    paper = admitting.invitation(opened, [PLACE], lambda _opened, _way: "")
    admitting.accept(guest.devices, paper, owner.devices.me.root)


def sync(one: Machine, shelf: Shelf) -> list[str]:
    """Do a round over a place that both have; return its troubles."""

    def reached(only: bytes | None) -> Reached:
        return Reached(b"\0" * 16, PLACE, lambda _opened, _box: shelf, only)

    foreign = [bytes(each.about.id) for each in one.devices.collections() if each.is_foreign]
    return Syncing(one.devices, [reached(None), *map(reached, foreign)]).round().troubles
