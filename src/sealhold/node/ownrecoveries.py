"""Recoveries of this vault's own secret: what its owner sees of them, and their veto.

Source: docs/spec/54-recovery-by-people.md section 6.
"""

from collections.abc import Mapping

from sealhold.model.errors import InvalidError, NotFoundError, WrongPassphraseError
from sealhold.model.shown.recovery import OwnRecoveryView, VetoView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.node import Node
from sealhold.node.recoveryrounds import opened_by
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.recovery import NEVER, Course
from sealhold.sharing.peers.recoveryveto import (
    OwnRecovery,
    own_recoveries,
    own_standing,
    tell_of_use,
    veto,
)


class OwnRecoveries:
    """What holders of the owner's shares told of. For one thread."""

    def __init__(self, node: Node, work: DeviceWork, people: ContactWork) -> None:
        self._node, self._work, self._people = node, work, people

    def every(self) -> list[OwnRecoveryView]:
        """Return the recoveries that were opened, the newest first."""
        names = self._people.names()
        return [_view(self._work.devices, each, names) for each in self._every()]

    def veto(self, which: str, passphrase: str) -> VetoView:
        """Say no to a recovery, after the user of this device was verified by the passphrase.

        Args:
            which: how its id begins; empty: the one that is held.
            passphrase: what opens the vault, asked for anew.

        Raises:
            WrongPassphraseError: it does not open the vault.
            DeniedError: this device may not administer.
            NotFoundError: no such recovery is held.
            InvalidError: several are.
        """
        found = self._chosen(which)
        # THREAT T579: whoever has the device alone, without its user, delays nothing
        before = self._node.world.clock()
        if not self._node.verify_passphrase(passphrase):
            raise WrongPassphraseError
        self._node.parts.proven = self._node.world.clock()
        devices, people = self._work.devices, self._people
        took = max(0, self._node.world.clock() - before)
        told = veto(devices, people.contacts, people.letters, found, took)
        again = next(each for each in self._every() if each.id == found.id)
        return VetoView(
            recovery=_view(devices, again, people.names()),
            is_new=told is not None,
            holders=told or 0,
        )

    def alive(self) -> bool:
        """Have holders hear that the owner is there, just verified; False: the set has no heir."""
        devices, people = self._work.devices, self._people
        return tell_of_use(devices, people.contacts, people.letters, 0)

    def _every(self) -> list[OwnRecovery]:
        return own_recoveries(self._work.devices)

    def _chosen(self, which: str) -> OwnRecovery:
        devices = self._work.devices
        every = [each for each in self._every() if each.id.hex().startswith(which)]
        held = [each for each in every if own_standing(devices, each).course is Course.HELD]
        found = every if which else held
        if not found:
            raise NotFoundError("no such recovery was heard of")
        if len(found) > 1:
            raise InvalidError("several recoveries are meant: say the id")
        return found[0]


def _view(devices: Devices, one: OwnRecovery, names: Mapping[bytes, str]) -> OwnRecoveryView:
    stands = own_standing(devices, one)
    own = {bytes(key): name for key, name in devices.names().items()}
    return OwnRecoveryView(
        id=one.id.hex(),
        course=stands.course.value,
        by_heir=one.by_heir,
        heard=one.heard,
        until=None if stands.holds_until == NEVER else stands.holds_until,
        by=opened_by(one, names),
        needed=one.of.policy.needed,
        vetoed_by=own.get(one.vetoed_by, one.vetoed_by.hex()[:12]),
    )
