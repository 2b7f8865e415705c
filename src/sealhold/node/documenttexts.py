"""What documents of the owner hold now, as a share of them takes it once.

Source: docs/spec/52-share-spaces.md section 7.
"""

from sealhold.model.errors import NotFoundError
from sealhold.node.sharefiles import Offered
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.docops import Value
from sealhold.sharing.devices.documentwork import Documents
from sealhold.sharing.peers.shareddocuments import Shown


class DocumentTexts:
    """The documents of the owner's own collections. For one thread."""

    def __init__(self, devices: Devices) -> None:
        self._devices = devices

    def shown(self, offered: Offered) -> Shown:
        """Return a document as it is brought into a space; it is read when that is done."""
        return Shown(
            source=offered.item.source,
            name=offered.item.name,
            read=lambda: self._content(offered),
        )

    def _content(self, offered: Offered) -> dict[str, Value]:
        """Return what a document holds.

        Raises:
            NotFoundError: there is no such document any more.
            CarrierAwayError: what it begins with is not here, and no carrier that has it answers.
        """
        for opened in self._devices.collections():
            if offered.item.source.startswith(opened.about.id):
                return Documents(self._devices, opened).content(offered.id)
        raise NotFoundError("no such document here")
