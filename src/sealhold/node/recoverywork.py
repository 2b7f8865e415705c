"""Shares of the recovery secret that people hold, as a face asks for them.

Source: docs/spec/54-recovery-by-people.md section 3.
"""

from collections.abc import Sequence

from sealhold.model.errors import InvalidError, NotFoundError
from sealhold.model.shown.recovery import HeldView, HolderView, ShareSetView
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork
from sealhold.node.node import Node
from sealhold.node.rooting import make_cards
from sealhold.sharing.peers.letter import Kind
from sealhold.sharing.peers.recoveryshares import Held, held, own_set, send

SHORTEST = 8  # digits of an id that say whose it is


class RecoveryWork:
    """Whom the owner gave shares, and for whom shares are held here. For one thread."""

    def __init__(self, node: Node) -> None:
        """Begin.

        Raises:
            NotADeviceError: this vault is no device yet.
        """
        self._node = node
        self._work = DeviceWork(node)
        self._people = ContactWork(self._work)

    def share(self, text: str, names: Sequence[str], needed: int) -> ShareSetView:
        """Give each of some contacts a share of the recovery secret; `needed` of them give it.

        The letters go with the next rounds. Whoever held a share of the set before and gets none
        is told to let it go.

        Raises:
            InvalidError: not this vault's secret, there is no such set, or somebody twice.
            NotFoundError: no such contact, or the root is not here under the secret.
            DeniedError: a contact is not verified.
        """
        people = [self._people.contacts.named(name) for name in names]
        words = make_cards(self._node, text, needed, len(people))
        before, chosen = own_set(self._work.devices), {each.id for each in people}
        earlier = () if before is None else before.holders
        known = (self._people.contacts.by_root(each) for each in earlier if each not in chosen)
        gone = [each for each in known if each is not None and not each.contact.is_paused]
        shares = list(zip(people, words, strict=True))
        send(self._work.devices, self._people.letters, text, shares, gone)
        return self.shared()

    def shared(self) -> ShareSetView:
        """Return the newest set.

        Raises:
            NotFoundError: nobody was given a share.
        """
        found = own_set(self._work.devices)
        if found is None:
            raise NotFoundError("nobody was given a share")
        names = self._people.names()
        waits = {
            known.id
            for known, kind in self._people.letters.waiting_out()
            if known is not None and kind == Kind.RECOVERY
        }
        return ShareSetView(
            needed=found.policy.needed,
            at=found.at,
            holders=tuple(
                HolderView(
                    id=each.hex(),
                    name=names.get(bytes(each), ""),
                    is_sent=each not in waits,
                )
                for each in found.holders
            ),
        )

    def held(self) -> list[HeldView]:
        """Return the shares that are held here, without their words."""
        return [self._view(each) for each in held(self._work.devices)]

    def show(self, name: str) -> tuple[HeldView, str]:
        """Return the share of a person, and its words; the log tells of it first.

        Raises:
            NotFoundError: nothing is held for such a person.
            InvalidError: several are called so.
        """
        found = [
            each
            for each in held(self._work.devices)
            if self._view(each).name == name
            or (len(name) >= SHORTEST and each.owner.hex().startswith(name))
        ]
        if not found:
            raise NotFoundError("no share is held for such a person")
        if len(found) > 1:
            raise InvalidError("several are called so: say the id")
        self._work.devices.keeping.contact_told("recovery-shown")
        return self._view(found[0]), found[0].words

    def _view(self, one: Held) -> HeldView:
        known = self._people.contacts.by_root(one.owner)
        return HeldView(
            id=one.owner.hex(),
            name=one.called if known is None else known.name,
            standing="unknown" if known is None else _standing(known.contact.is_verified),
            needed=one.policy.needed,
            count=len(one.policy.shares),
            place=one.place,
            at=one.at,
        )


def _standing(is_verified: bool) -> str:  # noqa: FBT001  # reason: it is a field
    return "verified" if is_verified else "unverified"
