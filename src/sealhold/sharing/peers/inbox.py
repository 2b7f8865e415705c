"""Inboxes: mailboxes at places, in which others leave letters for a person.

- An inbox is named by a secret that follows from the person's box key, so it moves when that key is
  drawn anew. At a relay it has a token that lets leave something there and do nothing else.
- At a folder or bucket that both have, a mark of its owner tells that it stands open there: where
  there is none, nothing is left.

Source: docs/spec/51-contacts.md section 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

from sealhold.crypto.digest import tagged
from sealhold.crypto.hybrid import BoxKey
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Clock
from sealhold.model.errors import CarrierAwayError, CarrierRefusedError, ObjectNotFoundError
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.calling import Caller, RelayAddress
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Carrier, Putting
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.devices.devices import Devices
from sealhold.sharing.devices.joinpapers import Way
from sealhold.sharing.devices.keeping import TOKEN, KeptSecret, Step
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.peers.card import RELAY, STORE, Door

MOST_LOOKED_AT = 256  # letters of an inbox in one round


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that this device syncs through, as far as inboxes go."""

    way: Way
    store: Carrier | None = None  # a folder or bucket that answers
    address: RelayAddress | None = None  # of a relay
    caller: Caller | None = None

    @property
    def door(self) -> tuple[str, str]:
        """Kind and address of inboxes here."""
        return (RELAY, self.way.address) if self.way.kind == RELAY else (STORE, "")


Reach = Callable[[str], tuple[RelayAddress, Caller]]  # by the address that a card names


def mailbox_of(box: BoxKey, kind: str, address: str) -> Mailbox:
    """Return a person's inbox at a place; `address` is empty for a folder or bucket."""
    return Mailbox.at(_secret(box), kind, address)


def opened(spot: Spot, box: BoxKey, clock: Clock) -> Door:
    """Open an inbox at a place, and return what a card tells of it.

    Raises:
        CarrierRefusedError: the relay knows no such account.
        CarrierFullError: it has no room.
        CarrierAwayError: no answer.
    """
    kind, address = spot.door
    mailbox = mailbox_of(box, kind, address)
    if kind == STORE:
        if spot.store is None:
            raise CarrierAwayError(f"`{spot.way.address}` is not there")
        spot.store.put_new(_mark(mailbox.id), mailbox.id)
        return Door(STORE, "", mailbox.id, "")
    admin = _admin(spot, box, mailbox, clock)
    admin.open(spot.way.token)
    # THREAT T539: who has the card may leave letters; it reads, lists and deletes none
    return Door(RELAY, address, mailbox.id, admin.mint(Rights.LEAVE))


def leave(door: Door, letter: bytes, data: bytes, reach: Reach) -> None:
    """Leave a letter in an inbox at a relay.

    Args:
        door: of the card of whom it is for.
        letter: 16 random bytes that it is called by there.
        data: the sealed letter.
        reach: calls the relay of an address.

    Raises:
        CarrierRefusedError: the token is good for nothing there any more.
        CarrierFullError: there is no room.
        CarrierAwayError: no answer.
    """
    address, caller = reach(door.address)
    place = RelayPlace(address=address, box=Id16(door.mailbox), token=door.token)
    carrier = RelayCarrier(place, caller=caller)
    if carrier.put_new(_name(door.mailbox, letter), data) is Putting.TAKEN:
        raise CarrierAwayError("another letter is called so there")


def leave_at(door: Door, spot: Spot, letter: bytes, data: bytes) -> bool:
    """Leave a letter in an inbox at a folder or bucket; return whether one stands open there.

    Raises:
        CarrierFullError: there is no room.
        CarrierAwayError: no answer.
    """
    if spot.store is None:
        return False
    try:
        is_open = spot.store.get(_mark(door.mailbox)) == door.mailbox
    except ObjectNotFoundError:
        is_open = False
    if is_open:
        spot.store.put_new(_name(door.mailbox, letter), data)
    return is_open


class Inbox:
    """One inbox, as the person whose it is reads it."""

    def __init__(self, devices: Devices, spot: Spot, box: BoxKey, clock: Clock) -> None:
        self._devices, self._spot, self._box, self._clock = devices, spot, box, clock
        self.mailbox = mailbox_of(box, *spot.door)
        self._carrier = spot.store

    def names(self) -> list[ObjectName]:
        """Return what lies there, up to a bound.

        Raises:
            CarrierRefusedError: the relay knows nobody's key that is known here.
            CarrierAwayError: no answer.
        """
        if self._carrier is not None:
            return self._listed(self._carrier)
        kept = self._kept()
        if kept:
            self._carrier = self._by(kept)
            try:
                return self._listed(self._carrier)
            except CarrierRefusedError:
                pass  # it ended: another device has put things in order there
        self._carrier = self._by(self._minted())
        return self._listed(self._carrier)

    def get(self, name: ObjectName) -> bytes:
        """Return what lies under a name, unchecked; nothing if it is not there any more."""
        if self._carrier is None:
            return b""
        try:
            return self._carrier.get(name)
        except ObjectNotFoundError:
            return b""

    def drop(self, name: ObjectName) -> None:
        """Have a letter forgotten that was taken in."""
        if self._carrier is not None:
            self._carrier.delete(name)

    def _listed(self, carrier: Carrier) -> list[ObjectName]:
        listed = islice(carrier.list_after(self.mailbox.keys), MOST_LOOKED_AT)
        return [each.name for each in listed]

    def _by(self, token: str) -> Carrier:
        spot = self._spot
        if spot.address is None or spot.caller is None:
            raise CarrierAwayError(f"`{spot.way.address}` is not there")
        box = Id16(self.mailbox.id)
        place = RelayPlace(address=spot.address, box=box, token=token, deletes=True)
        return RelayCarrier(place, caller=spot.caller)

    def _kept(self) -> str:
        home = self._devices.home.about.id
        for each in self._devices.keeping.secrets(home):
            if each.kind == TOKEN and each.id == self.mailbox.id and isinstance(each.told, str):
                return each.told
        return ""

    def _minted(self) -> str:
        admin = _admin(self._spot, self._box, self.mailbox, self._clock)
        admin.open(self._spot.way.token)
        token = admin.mint(Rights.ADMIN)
        step = Step(secrets=[KeptSecret(TOKEN, self.mailbox.id, token)])
        self._devices.keeping.save(self._devices.home.about.id, step)
        return token


def _secret(box: BoxKey) -> Secret:
    return derive(box.secret, Tag.INBOX)


def _admin(spot: Spot, box: BoxKey, mailbox: Mailbox, clock: Clock) -> RelayAdmin:
    if spot.caller is None:
        raise CarrierAwayError(f"`{spot.way.address}` is not there")
    key = SigningKey(derive(_secret(box), Tag.MAILBOX_KEY, mailbox.id))
    return RelayAdmin(spot.caller, Id16(mailbox.id), key, clock)


def _mark(mailbox: bytes) -> ObjectName:
    return ObjectName(f"m/{mailbox.hex()}/member/{tagged(Tag.INBOX, mailbox).hex()}")


def _name(mailbox: bytes, letter: bytes) -> ObjectName:
    return ObjectName(f"m/{mailbox.hex()}/key/{letter.hex()}")
