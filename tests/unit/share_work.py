"""What the owner of a vault in memory does for shares in a round: what is shared is made up."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import cast

from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharefiles import Offered
from sealhold.node.sharework import ShareWork
from sealhold.sharing.peers.mirror import Item
from sealhold.sharing.peers.sharepaper import Record, records
from tests.unit.owned_devices import Machine
from tests.unit.two_people import Person


class Work(ShareWork):
    """Shares that show what they are told to."""

    items: Sequence[Item] = ()

    def _offered(self, *_: object) -> list[Offered]:
        return cast("list[Offered]", [SimpleNamespace(item=each) for each in self.items])

    def only(self) -> Record:
        """Return the record of the one share."""
        (found,) = records(self._devices)
        return found


def share_work(device: Machine, person: Person | None = None) -> Work:
    """Return the shares of somebody; without a `person` they know nobody."""
    who = Person(device) if person is None else person
    nothing = SimpleNamespace(end=lambda _grant: None)
    work = SimpleNamespace(
        devices=device.devices,
        core=device.vault.core,
        shared_rows=None,
        answers=nothing,
        places=SimpleNamespace(mint_for_guests=lambda *_: ""),
    )
    known = SimpleNamespace(contacts=who.contacts, letters=who.letters)
    return Work(cast("DeviceWork", work), cast("ContactWork", known))
