"""Carriers at hand: a place by its address, and a relay with a mailbox and token per collection.

- A folder or a bucket carries all collections, each under its own mailbox's names.
- A relay lets a device in by a token that the device mints itself, with the mailbox key. That key
  follows from the first epoch that no former member has. After a removal, the first device that
  knows puts the new key in force, which ends every older token.
- Whoever was away meanwhile finds what it has to know in a mailbox aside, under the older key.

Source: docs/spec/11-exchange-and-op-log.md section 9; docs/spec/14-relay.md section 4.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import SigningKey
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Clock
from sealhold.model.encoding import Plain
from sealhold.model.errors import (
    CarrierRefusedError,
    NoEpochError,
    ObjectNotFoundError,
    TamperedError,
)
from sealhold.model.ids import Id16, ObjectName
from sealhold.net.relay.admin import RelayAdmin
from sealhold.net.relay.calling import Caller, RelayAddress
from sealhold.net.relay.papers import Rights
from sealhold.net.spec import Carrier
from sealhold.net.transports.relay import RelayCarrier, RelayPlace
from sealhold.sharing.devices.carrier import StoreCarrier
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.joinpapers import Way, mailbox
from sealhold.sharing.devices.keeping import EPOCH, TOKEN, KeptSecret, Step
from sealhold.sharing.devices.names import Mailbox
from sealhold.sharing.devices.syncing import Reached
from sealhold.stores.spec import ObjectStore

MAX_LEFT = 20_000  # objects that are left aside


def by_store(id_: bytes, way: Way, objects: ObjectStore) -> Reached:
    """Return a folder or bucket as a carrier."""
    carrier = StoreCarrier(objects)
    return Reached(id_, way, lambda _opened, _box: carrier)


def by_relay(  # reason: what a mailbox at a relay needs
    id_: bytes,
    way: Way,
    address: RelayAddress,
    devices: Devices,
    clock: Clock,
    caller: Callable[[RelayAddress], Caller] = Caller,
) -> Reached:
    """Return a relay as a carrier."""
    shared = caller(address)

    def at(opened: Open, box: Mailbox) -> Carrier:
        door = _Door(opened, box, way, address, shared, clock)
        if opened.is_foreign:  # its owner gave a token, and gives another when that ends
            return RelayCarrier(replace(door.place(way.token), deletes=False), caller=shared)
        return _at_relay(door, id_, devices)

    return Reached(id_, way, at)


def mailbox_key(secret: Secret, box: Mailbox) -> SigningKey:
    """Return the key that opens a mailbox and mints its tokens, as it follows from an epoch."""
    return SigningKey(derive(secret, Tag.MAILBOX_KEY, box.id))


def token_for(
    opened: Open,
    way: Way,
    address: RelayAddress,
    clock: Clock,
    caller: Callable[[RelayAddress], Caller] = Caller,
    rights: Rights = Rights.ADMIN,
) -> str:
    """Return a token for a newcomer, who has no key of the collection yet.

    Raises:
        CarrierRefusedError: the relay knows no such account, or nobody's key that is known here.
        CarrierAwayError: no answer.
        NoEpochError: no epoch that every member has is known here.
    """
    return _Door(
        opened, mailbox(opened.about.secret, way), way, address, caller(address), clock
    ).token(rights)


@dataclass(frozen=True, slots=True)
class _Door:
    """The mailbox of a collection at a relay, and the keys that open it."""

    opened: Open
    box: Mailbox
    way: Way
    address: RelayAddress
    caller: Caller
    clock: Clock

    def place(self, token: str) -> RelayPlace:
        return RelayPlace(address=self.address, box=Id16(self.box.id), token=token, deletes=True)

    def token(self, rights: Rights = Rights.ADMIN) -> str:
        """Return a token, by the key that is in force or is put in force now.

        Raises:
            CarrierRefusedError: it takes none that is known here.
            CarrierAwayError: no answer.
            NoEpochError: no epoch that every member has is known here.
        """
        newest, secret = self.opened.members.door()
        admin = self._admin(self.box, secret)
        with suppress(CarrierRefusedError):
            admin.open(self.way.token)
            return admin.mint(rights)
        for name, older in self._older(newest):
            before = self._admin(self.box, older)
            with suppress(CarrierRefusedError):
                before.open(self.way.token)
                self._tell(name, older)
                # THREAT T502: tokens that a removed device has, or minted, end with that key
                before.rekey(admin.key)
                return admin.mint(rights)
        raise CarrierRefusedError("the relay takes no key of this collection")

    def heard(self, devices: Devices) -> bool:
        """Take in what was left for those whose token ended; return whether that was any."""
        newest, secret = self.opened.members.door()
        found = list[bytes]()
        for name, older in [(newest, secret), *self._older(newest)]:
            box = self._aside(name)
            admin = self._admin(box, older)
            with suppress(CarrierRefusedError):
                admin.open(self.way.token)
                place = replace(self.place(admin.mint(Rights.READ)), box=Id16(box.id))
                carrier = RelayCarrier(place, caller=self.caller)
                for each in islice(_came(carrier, box), MAX_LEFT):
                    with suppress(ObjectNotFoundError, TamperedError):
                        found.append(carrier.get(each))
        return devices.save(self.opened, found) > 0

    def _tell(self, name: bytes, older: Secret) -> None:
        """Leave what is known about members to who has no key but the older one.

        Of it a removed device reads nothing that it may not: secrets in it are sealed to the
        others.
        """
        box = self._aside(name)
        admin = self._admin(box, older)
        admin.open(self.way.token)
        place = self.place(admin.mint(Rights.WRITE))
        carrier = RelayCarrier(replace(place, box=Id16(box.id)), caller=self.caller)
        for digest, data in self.opened.members.objects.items():
            carrier.put_new(box.member(digest), data)

    def _aside(self, name: bytes) -> Mailbox:
        """Return the mailbox for those who know no epoch after `name`."""
        return mailbox(
            self.box.secret, replace(self.way, address=f"{self.way.address} {name.hex()}")
        )

    def _admin(self, box: Mailbox, secret: Secret) -> RelayAdmin:
        return RelayAdmin(self.caller, Id16(box.id), mailbox_key(secret, box), self.clock)

    def _older(self, newest: bytes) -> list[tuple[bytes, Secret]]:
        """Return the other epochs, the newest first."""
        known = self.opened.members.known()
        return [(name, one) for kind, name, one in known if kind == EPOCH and name != newest][::-1]


def _at_relay(door: _Door, id_: bytes, devices: Devices) -> Carrier:
    """Return the mailbox of a collection, with a token of this device.

    Raises:
        CarrierRefusedError: the relay knows no such account, or nobody's key that is known here.
        CarrierAwayError: no answer.
    """
    collection = door.opened.about.id
    kept = [each for each in devices.keeping.secrets(collection) if each.kind == TOKEN]
    token, under = next((_kept(each.told) for each in kept if each.id == id_), ("", b""))
    try:
        epoch, _ = door.opened.members.door()
    except NoEpochError:  # a newcomer, who has a token alone
        epoch = under
    if not token or (under and under != epoch) or not _is_good(door, token):
        token = _renewed(door, devices)
    if epoch:
        epoch, _ = door.opened.members.door()
        step = Step(secrets=[KeptSecret(TOKEN, id_, [token, epoch])])
        devices.keeping.save(collection, step)
    return RelayCarrier(door.place(token), caller=door.caller)


def _renewed(door: _Door, devices: Devices) -> str:
    try:
        return door.token()
    except CarrierRefusedError:
        if not door.heard(devices):
            raise
        return door.token()


def _is_good(door: _Door, token: str) -> bool:
    try:
        RelayCarrier(door.place(token), caller=door.caller).heads(door.box.prefix, "")
    except CarrierRefusedError:
        return False
    return True


def _came(carrier: Carrier, box: Mailbox) -> Iterator[ObjectName]:
    """Yield what is about members in a mailbox, in the order in which it came."""
    cursor = ""
    while (heads := carrier.heads(box.prefix, cursor)).names and heads.cursor != cursor:
        cursor = heads.cursor
        yield from (each.name for each in heads.names if each.name.startswith(box.members))


def _kept(told: Plain) -> tuple[str, bytes]:
    """Return a token, and the epoch whose key it was minted under; nothing if nobody said."""
    match told:
        case [str(token), bytes(epoch)]:
            return token, epoch
        case str(token):
            return token, b""
        case _:
            return "", b""
