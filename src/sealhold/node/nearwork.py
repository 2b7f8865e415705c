"""The home network as a face asks for it: on, off, and who is there.

Source: docs/spec/14-relay.md section 9.
"""

from collections.abc import Sequence

from sealhold.model.errors import NotFoundError
from sealhold.model.shown.devices import LanView
from sealhold.net.mdns import own_addresses
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices.lanchoice import LanChoice, chosen, read_choice
from sealhold.sharing.devices.lanshelf import ROOM


def turn_on(work: DeviceWork, addresses: Sequence[str] = (), room: int = ROOM) -> LanView:
    """Sync straight over the home network from now on.

    Args:
        work: this device.
        addresses: of this machine, private ones; empty: all that are.
        room: bytes that may be kept for the others.

    Raises:
        NotADeviceError: this vault is no device yet.
        NotFoundError: this device is a limited one.
        InvalidError: an address is not private, or there is hardly any room.
        ExtraMissingError: what finds devices in a network is not installed.
    """
    choice = chosen(addresses, room)
    own_addresses()
    _ = work.devices.me, work.devices.home  # who has neither is refused here
    work.devices.keeping.put_lan(choice.told())
    return shown(work, looks=False)


def turn_off(work: DeviceWork) -> LanView:
    """Listen no more, and look for nobody; what is kept for the others stays.

    Raises:
        NotADeviceError: this vault is no device yet.
    """
    before = read_choice(work.devices.keeping.lan())
    _ = work.devices.me
    if before.is_on:
        after = LanChoice(is_on=False, addresses=before.addresses, room=before.room)
        work.devices.keeping.put_lan(after.told())
    return shown(work, looks=False)


def shown(work: DeviceWork, *, looks: bool) -> LanView:
    """Return what was chosen, and, if it is on and `looks`, who is announced now.

    Raises:
        NotADeviceError: this vault is no device yet.
    """
    devices = work.devices
    choice, _ = read_choice(devices.keeping.lan()), devices.me
    try:
        can = devices.home is not None
    except NotFoundError:
        can = False
    is_on = choice.is_on and can
    found: list[str] = []
    if is_on and looks:
        near, names = work.near(), devices.names()
        near.carriers()
        found = [names.get(each, each.hex()[:8]) for each in near.done()]
        near.close()
    kept = work.kept_near
    return LanView(
        is_on=is_on,
        can=can,
        addresses=tuple(choice.at_hand()) if is_on else (),
        chosen=choice.addresses,
        room=choice.room,
        kept=sum(kept.head(name) for name in kept.names()),
        near=tuple(sorted(found)),
    )
