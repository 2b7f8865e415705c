"""Contents that lie at a place and not here: where they are read from before the first round.

Source: docs/spec/11-exchange-and-op-log.md section 5.
"""

from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.devices.syncing import Round, Syncing


def reach(work: DeviceWork, opened: Open) -> None:
    """Have contents of a collection read from the places that answer, if no round did so before."""
    if opened.bodies.is_alone:
        syncing = Syncing(work.devices, work.places.reached())
        opened.bodies.reach(syncing.near(opened, Round()))
