"""The card of a person: who they are, which devices are theirs, and where letters reach them.

- A device that may administer signs it; its chain leads to the root that the card names. So a
  device of somebody else, or another key to seal to, is not put in by who passes a card on.
- Its number only rises. Twelve words stand for root and box key: they are read out once.

Source: docs/spec/13-pairing.md section 10.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sealhold.crypto import saswords
from sealhold.crypto.digest import fingerprint, tagged
from sealhold.crypto.hybrid import BoxPublic, box_public
from sealhold.crypto.rootid import ROOT_PUBLIC_BYTES, RootId, RootPublic
from sealhold.crypto.sign import SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    BadCertificateError,
    BadSignatureError,
    InvalidEncodingError,
    InvalidError,
)
from sealhold.model.ids import ID_BYTES, ContactId, DeviceId, Id16
from sealhold.sharing.devices.certs import MAX_CHAIN, Certificate, Role, check_chain
from sealhold.sharing.devices.identity import MAX_MS, PREKEY_BYTES, read_prekey
from sealhold.sharing.devices.pairingcode import is_hint

MAX_CARD = 98_304  # bytes: it fits a note
MAX_DEVICES = 24
MAX_GONE = 256
MAX_DOORS = 8
MAX_NAME = 64  # characters
MAX_TOKEN = 200  # characters
WORDS = 12
RELAY, STORE = "relay", "store"  # kinds of doors
_VERSION = 1
_FIELDS = 10
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CardDevice:
    """A device of the person, which opens what they are given."""

    chain: tuple[bytes, ...]  # certificates, the one by the root first, the device's own last
    prekey: bytes  # as the device published it, signed: see `identity.read_prekey`
    certificate: Certificate  # what the last of the chain certifies, checked


@dataclass(frozen=True, slots=True)
class Door:
    """Where letters for the person can be left."""

    kind: str  # `relay`, or `store`: a folder, stick or bucket that both have
    address: str  # of a relay; of a store empty
    mailbox: bytes  # 16
    token: str  # lets in who leaves something there, and for nothing else; of a store empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person gives to another; read, and its signatures checked."""

    root: RootPublic
    box: BoxPublic
    name: str
    number: int  # only rises; ms since 1970 when it was made
    devices: tuple[CardDevice, ...]
    gone: frozenset[DeviceId]  # devices that were theirs and are no more
    doors: tuple[Door, ...]
    signer: DeviceId  # one of `devices`
    data: bytes  # as it travels

    @property
    def id(self) -> ContactId:
        """The root id: 32 bytes."""
        return ContactId(fingerprint(self.root))

    @property
    def words(self) -> tuple[str, ...]:
        """The twelve words that its owner reads out."""
        return words_of(self.root, self.box)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses of the relays that letters are left at."""
        return tuple(door.address for door in self.doors if door.kind == RELAY)

    def device(self, device: DeviceId) -> CardDevice | None:
        """Return a device that the card lists."""
        return next((each for each in self.devices if each.certificate.device == device), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a new card is to say."""

    root: RootPublic
    box: BoxPublic
    name: str
    number: int
    devices: Sequence[tuple[tuple[bytes, ...], bytes]]  # chain and published prekey
    gone: Sequence[DeviceId]
    doors: Sequence[Door]


def words_of(root: RootPublic, box: BoxPublic) -> tuple[str, ...]:
    """Return the twelve words of a person whose root and box key are given."""
    return saswords.spelt(tagged(Tag.CONTACT_WORDS, root, box), WORDS)


def box_hash(card: Card) -> bytes:
    """Return the hash of a card's box key: 32 bytes, which a QR code shows."""
    return fingerprint(card.box)


def write_card(told: Told, signer: SigningKey, at: int) -> Card:
    """Return a new card.

    Args:
        told: what it says.
        signer: the key of a device that may administer.
        at: its place in `told.devices`.

    Raises:
        InvalidEncodingError: a field that no card may have, or too many.
        BadCertificateError: the device may sign none, or one does not belong to the root.
    """
    certificates = list(dict.fromkeys(each for chain, _ in told.devices for each in chain))
    places = {each: number for number, each in enumerate(certificates)}
    said = pack(
        {
            1: _VERSION,
            2: told.root,
            3: told.box,
            4: told.name,
            5: told.number,
            6: [*certificates],
            7: [[[places[one] for one in chain], prekey] for chain, prekey in told.devices],
            8: sorted(set(told.gone)),
            9: [[door.kind, door.address, door.mailbox, door.token] for door in told.doors],
            10: at,
        }
    )
    return read_card(pack([said, signer.sign(Tag.CARD, said)]))


def read_card(data: bytes) -> Card:
    """Return the card that bytes are, all that it says of devices checked under its root.

    Raises:
        InvalidEncodingError: not one, or a field is of another type, length or form.
        BadCertificateError: a device of another root, or signed by one that may not.
        BadSignatureError: changed since it was signed.
    """
    if len(data) > MAX_CARD:
        raise InvalidEncodingError(f"a card of {len(data)} bytes, at most {MAX_CARD}")
    match unpack(data):
        case [bytes(said), bytes(signature)]:
            card, at = _read(said, data)
        case _:
            raise InvalidEncodingError("not a card")
    # THREAT T535: who passes a card on puts no key and no device into it
    signer = card.devices[at].certificate
    if signer.role is not Role.ADMIN:
        raise BadCertificateError("a card that was signed by a device that may not")
    verify(signer.signing, Tag.CARD, said, signature)
    return card


def _read(said: bytes, data: bytes) -> tuple[Card, int]:
    fields = unpack(said)
    wanted = [str(number) for number in range(1, _FIELDS + 1)]
    if not isinstance(fields, dict) or list(map(repr, fields)) != wanted:
        raise InvalidEncodingError("a card of another form")
    match list(fields.values()):
        case [
            int(version),
            bytes(root),
            bytes(box),
            str(name),
            int(number),
            list(certificates),
            list(devices),
            list(gone),
            list(doors),
            int(at),
        ] if (
            type(version) is int
            and version == _VERSION
            and len(root) == ROOT_PUBLIC_BYTES
            and is_name(name)
            and type(number) is int
            and 0 < number < MAX_MS
            and 1 <= len(devices) <= MAX_DEVICES
            and len(certificates) <= MAX_DEVICES * MAX_CHAIN
            and len(gone) <= MAX_GONE
            and len(doors) <= MAX_DOORS
            and type(at) is int
            and 0 <= at < len(devices)
        ):
            found = [_device(each, certificates, RootPublic(root)) for each in devices]
            card = Card(
                root=RootPublic(root),
                box=box_public(box),
                name=name,
                number=number,
                devices=tuple(found),
                gone=_gone(gone),
                doors=tuple(_door(each) for each in doors),
                signer=found[at].certificate.device,
                data=data,
            )
            _fit(card)
            return card, at
        case _:
            raise InvalidEncodingError("a card with a field that none has")


def _device(told: Plain, certificates: list[Plain], root: RootPublic) -> CardDevice:
    match told:
        case [list(places), bytes(prekey)] if (
            1 <= len(places) <= MAX_CHAIN
            and all(type(at) is int and 0 <= at < len(certificates) for at in places)
            and len(prekey) <= PREKEY_BYTES
        ):
            chain = tuple(_bytes(certificates[at]) for at in places if isinstance(at, int))
        case _:
            raise InvalidEncodingError("a device of a card is not told as it must be")
    # THREAT T535: a device that the root did not certify is nobody's of this card
    certificate = check_chain(chain, RootId(fingerprint(root)))
    if certificate.role not in {Role.ADMIN, Role.FULL}:
        raise BadCertificateError("a card lists devices that hold all keys, and no others")
    read_prekey(prekey, certificate.device, certificate.signing)
    return CardDevice(chain=chain, prekey=prekey, certificate=certificate)


def _gone(told: list[Plain]) -> frozenset[DeviceId]:
    found = [_bytes(each) for each in told]
    if found != sorted(set(found)) or any(len(each) != ID_BYTES for each in found):
        raise InvalidEncodingError("devices that are gone are not told as they must be")
    return frozenset(DeviceId(Id16(each)) for each in found)


def _door(told: Plain) -> Door:
    match told:
        case [str(kind), str(address), bytes(mailbox), str(token)] if (
            len(mailbox) == ID_BYTES
            and len(token) <= MAX_TOKEN
            and token.isascii()
            and (token.isprintable() or not token)
            and (
                (kind == RELAY and is_hint(address) and bool(token))
                or (kind == STORE and not address and not token)
            )
        ):
            return Door(kind, address, mailbox, token)
        case _:
            raise InvalidEncodingError("a card with an inbox that is none")


def _fit(card: Card) -> None:
    named = [each.certificate.device for each in card.devices]
    if len(set(named)) != len(named) or card.gone & set(named):
        raise InvalidEncodingError("a card lists a device twice, or one that is gone")
    if len(set(card.doors)) != len(card.doors):
        raise InvalidEncodingError("a card lists an inbox twice")


def _bytes(told: Plain) -> bytes:
    if type(told) is not bytes:
        raise InvalidEncodingError("a card with a field of another type")
    return told


def is_name(text: str) -> bool:
    """Return whether a person may be called so: what is shown cannot mislead."""
    return (
        0 < len(text) <= MAX_NAME
        and text == text.strip()
        and not any(unicodedata.category(each)[0] == "C" for each in text)
    )


def fits(read: Callable[[bytes], _T], data: bytes) -> _T | None:
    """Return what `read` makes of bytes that anybody may have sent; None if nothing."""
    try:
        return read(data)
    except (InvalidError, BadCertificateError, BadSignatureError):
        return None
