"""What rounds of syncing and other views say and do about recoveries of this vault's own secret.

Source: docs/spec/54-recovery-by-people.md sections 4 and 6.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress

from sealhold.model.errors import ExhaustedError, InvalidError, NotFoundError
from sealhold.node.devicework import DeviceWork
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.recovery import FRESH_MS, Course
from sealhold.sharing.peers.contacts import Contacts
from sealhold.sharing.peers.letters import Letters
from sealhold.sharing.peers.recoveryveto import (
    OwnRecovery,
    is_use_due,
    own_recoveries,
    own_standing,
    tell_of_use,
)


def alarms(devices: Devices, names: Callable[[], Mapping[bytes, str]]) -> list[str]:
    """Return a sentence for each recovery of the own secret that is held and was not vetoed.

    `names` returns what the owner calls people, by their root ids.
    """
    found = list[str]()
    for each in own_recoveries(devices):
        if each.vetoed is None and own_standing(devices, each).course is Course.HELD:
            by = ", ".join(opened_by(each, names()))
            found.append(f"a recovery of your secret was opened at {by}: say no if it is not you")
    return found


def alarms_here(work: DeviceWork) -> list[str]:
    """Return the alarms that this device knows of; none on a limited one."""

    def names() -> dict[bytes, str]:
        return {bytes(each.id): each.name for each in Contacts(work.devices).every()}

    try:
        return alarms(work.devices, names)
    except NotFoundError:
        return []


def tell_if_due(work: DeviceWork, contacts: Contacts, letters: Letters) -> None:
    """Have holders hear of a use, if the owner typed what opens the vault, and it is due."""
    ago = work.proven
    if ago is not None and 0 <= ago <= FRESH_MS and is_use_due(work.devices):
        with suppress(InvalidError, ExhaustedError):  # it is due at the next round still
            tell_of_use(work.devices, contacts, letters, ago)


def opened_by(one: OwnRecovery, names: Mapping[bytes, str]) -> tuple[str, ...]:
    """Return the holders who opened a recovery, as the owner calls them."""
    return tuple(
        names.get(bytes(notice.holder), notice.holder.hex()[:12]) for notice, _ in one.notices
    )
