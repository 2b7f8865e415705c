"""Devices, people, what was, and what keeps the keys: what the pages of an open vault show of them.

Source: docs/spec/20-faces.md section 9.
"""

from functools import partial
from typing import TYPE_CHECKING

from sealhold.model.shown.circle import KeepingView
from sealhold.node.devicedoor import DeviceDoor
from sealhold.node.devicework import DeviceWork
from sealhold.node.keepingdoor import keeping_of
from sealhold.node.pastdoor import PastDoor
from sealhold.node.sharingdoor import SharingDoor
from sealhold.node.turns import Turns

if TYPE_CHECKING:
    from sealhold.node.node import Node


class Circle:
    """The doors to what one open vault has with others. For many threads."""

    def __init__(self, node: "Node") -> None:
        self.parts = node.parts  # of the vault while it is open this time
        self._turns = Turns(partial(DeviceWork, node), node.world.clock)
        self.devices = DeviceDoor(self._turns, node.verify_passphrase)
        self.sharing = SharingDoor(self._turns, node.verify_passphrase)
        self.pasts = PastDoor(self._turns)

    def keeping(self) -> KeepingView:
        """Return what keeps the keys of the vault."""
        return keeping_of(self.parts)

    def close(self) -> None:
        """End what runs, between two steps."""
        self._turns.close()
