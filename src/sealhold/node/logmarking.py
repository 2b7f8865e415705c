"""What this device told its others of its own audit log, for a check against it.

Source: docs/spec/50-vault-in-sync.md section 7.
"""

from sealhold.node.devicework import DeviceWork
from sealhold.node.node import Node
from sealhold.sharing.devices import logmarks
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.keeping import Keeping


def own_mark(node: Node) -> str | None:
    """Return the checkpoint that this device told last and that another device was there to take.

    None if this vault is no device, a limited one, or the only one.
    """
    if Keeping(node.parts.core).me() is None:
        return None
    devices = DeviceWork(node).devices
    homes = [each for each in devices.collections() if each.about.holds is Holds.HOME]
    if not homes or len(homes[0].members.state.holders()) < 2:  # noqa: PLR2004  # reason: another one
        return None
    mark = logmarks.own(devices)
    return None if mark is None else mark[1]
