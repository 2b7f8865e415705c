"""A secret of a collection for many devices at once: one sealed copy each, all under one signature.

- Each copy is bound to collection, secret, recipient and purpose, and opens nowhere else.
- A secret is called by what it is: two copies that hold different secrets under one name are told
  apart by whoever opens them.
- The set may carry earlier secrets sealed under this one, so that who has it reads back.

Source: docs/spec/12-membership.md section 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from sealhold.crypto.digest import equal, fingerprint, framed, mac16
from sealhold.crypto.hybrid import BoxPublic, seal_to
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import GCM_TAG_BYTES, KEY_BYTES, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError, InvalidError, SealBrokenError
from sealhold.model.ids import ID_BYTES, CollectionId, DeviceId, EpochId, Id16
from sealhold.sharing.devices.certs import Certificate
from sealhold.sharing.devices.identity import BoxId, DeviceKeys, Prekey, box_id, device_id

MAX_RECIPIENTS = 1_024  # devices of a collection; a set for all has 1.2 MB
MAX_LINKS = 64  # earlier secrets, more than one where several were made at the same time
WRAP_BYTES = 1_120 + KEY_BYTES + GCM_TAG_BYTES  # encapsulation, secret, tag
LINK_BYTES = KEY_BYTES + GCM_TAG_BYTES
NAMED_BYTES = 2 * ID_BYTES  # device and key of a recipient
MAX_WRAP_SET = MAX_RECIPIENTS * (WRAP_BYTES + NAMED_BYTES) + MAX_LINKS * 96 + 512

_FORM = 1


class Purpose(StrEnum):
    """What the secret of a set is for."""

    EPOCH = "epoch"
    KEY_BAG = "key-bag"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A device, and the key of it that is sealed to."""

    device: DeviceId
    public: BoxPublic

    @classmethod
    def certified(cls, certificate: Certificate) -> "Recipient":
        """Return a device by its certified key, which lasts."""
        return cls(certificate.device, certificate.box)

    @classmethod
    def prekey(cls, prekey: Prekey) -> "Recipient":
        """Return a device by its prekey, which it throws away."""
        return cls(prekey.device, prekey.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapSet:
    """A set whose signature was checked."""

    collection: CollectionId
    purpose: Purpose
    secret: EpochId  # what the secret is called
    issuer: DeviceId
    links: Mapping[EpochId, bytes]  # earlier secrets, sealed under this one
    recipients: tuple[tuple[DeviceId, BoxId], ...]
    wraps: bytes  # one after the other


def secret_id(secret: Secret, purpose: Purpose, collection: CollectionId) -> EpochId:
    """Return the 16 bytes that a secret of 32 bytes is called by."""
    return EpochId(Id16(mac16(secret, Tag.EPOCH_ID, purpose.value.encode(), collection)))


def wrap_set(  # a set says what, where, for whom and by whom
    secret: Secret,
    purpose: Purpose,
    collection: CollectionId,
    recipients: Sequence[Recipient],
    signer: SigningKey,
    earlier: Iterable[Secret] = (),
) -> bytes:
    """Return `secret` for each of `recipients`, signed.

    Args:
        secret: 32 bytes.
        purpose: what it is for; a copy opens for that alone.
        collection: whose secret it is.
        recipients: each device once.
        signer: the key of the admin who makes it.
        earlier: secrets of the same purpose that whoever has this one may have, too.

    Raises:
        InvalidError: a device stands twice, too many of them, or a key is none.
    """
    name = secret_id(secret, purpose, collection)
    ordered = sorted(recipients, key=lambda one: one.device)
    if len({one.device for one in ordered}) < len(ordered) or len(ordered) > MAX_RECIPIENTS:
        raise InvalidError(
            f"a secret for {len(ordered)} devices, each once: {MAX_RECIPIENTS} at most"
        )
    plain = secret.reveal()
    wraps = b"".join(
        seal_to(one.public, plain, _info(purpose, collection, name, one.device)) for one in ordered
    )
    links = {secret_id(each, purpose, collection): each for each in earlier}
    told = pack(
        {
            "c": collection,
            "i": device_id(signer.public),
            "l": [[key, _link(secret, collection, name, key, links[key])] for key in sorted(links)],
            "p": purpose.value,
            "r": b"".join(one.device + box_id(one.public) for one in ordered),
            "s": name,
            "v": _FORM,
        }
    )
    signature = signer.sign(Tag.WRAP_SET, framed(told, fingerprint(wraps)))
    return pack([told, wraps, signature])


def digest(data: bytes) -> bytes:
    """Return the 32 bytes by which an entry names a whole set."""
    return fingerprint(data)


def issuer_of(data: bytes) -> DeviceId | None:
    """Return the device that a set says signed it, not checked; None: it is no set."""
    try:
        match unpack(data):
            case [bytes(said), bytes(), bytes()]:
                told = unpack(said)
            case _:
                return None
    except InvalidEncodingError:
        return None
    issuer = told.get("i") if isinstance(told, dict) else None
    return DeviceId(Id16(issuer)) if isinstance(issuer, bytes) else None


def read_wrap_set(data: bytes, issuer: PublicKey) -> WrapSet:
    """Return a set that the device whose key is `issuer` signed.

    Raises:
        BadSignatureError: not by that device, or a copy was changed, left out or put in.
        InvalidEncodingError: not as a set is.
    """
    if len(data) > MAX_WRAP_SET:
        raise InvalidEncodingError(f"a set of {len(data)} bytes, at most {MAX_WRAP_SET}")
    match unpack(data):
        case [bytes(told), bytes(wraps), bytes(signature)]:
            # THREAT T456: one signature covers who gets a copy, and all copies
            verify(issuer, Tag.WRAP_SET, framed(told, fingerprint(wraps)), signature)
            found = _read(told, wraps)
        case _:
            raise InvalidEncodingError("not a set of wraps")
    if found.issuer != device_id(issuer):
        raise InvalidEncodingError("a set names another issuer than the one who signed")
    return found


def open_wrap(found: WrapSet, keys: DeviceKeys) -> Secret | None:
    """Return the secret of a set; None if it has no copy for a key that the device still has.

    Raises:
        SealBrokenError: the copy does not open, or holds another secret than the set names.
    """
    boxes = keys.boxes()
    for place, (device, box) in enumerate(found.recipients):
        if device == keys.id and box in boxes:
            sealed = found.wraps[place * WRAP_BYTES : (place + 1) * WRAP_BYTES]
            info = _info(found.purpose, found.collection, found.secret, device)
            secret = Secret(boxes[box].open(sealed, info), f"{found.purpose} secret")
            return _named(secret, found.purpose, found.collection, found.secret)
    return None


def open_link(found: WrapSet, secret: Secret, earlier: EpochId) -> Secret:
    """Return an earlier secret that a set carries, to whoever has the set's own.

    Raises:
        SealBrokenError: the set has none of that name, or it is another one.
    """
    if earlier not in found.links:
        raise SealBrokenError("a set does not carry that secret")
    key = derive(secret, Tag.EPOCH_LINK, found.collection, found.secret, earlier)
    place = framed(Tag.EPOCH_LINK, found.collection, found.secret, earlier)
    plain = open_once(key, found.links[earlier], place)
    opened = Secret(plain, f"{found.purpose} secret")
    return _named(opened, found.purpose, found.collection, earlier)


def _info(purpose: Purpose, collection: CollectionId, secret: EpochId, device: DeviceId) -> bytes:
    """Return the context of one copy."""
    return framed(Tag.WRAP_TO, collection, secret, device, purpose.value.encode())


def _link(
    secret: Secret, collection: CollectionId, name: EpochId, earlier: EpochId, plain: Secret
) -> bytes:
    key = derive(secret, Tag.EPOCH_LINK, collection, name, earlier)
    return seal_once(key, plain.reveal(), framed(Tag.EPOCH_LINK, collection, name, earlier))


def _named(secret: Secret, purpose: Purpose, collection: CollectionId, name: EpochId) -> Secret:
    # THREAT T456: who was given another secret than the rest sees it here
    if not equal(secret_id(secret, purpose, collection), name):
        raise SealBrokenError("a secret is not the one that the set names")
    return secret


def _read(told: bytes, wraps: bytes) -> WrapSet:
    match unpack(told):
        case {
            "c": bytes(collection),
            "i": bytes(issuer),
            "l": list(links),
            "p": str(purpose),
            "r": bytes(named),
            "s": bytes(name),
            "v": 1,
            **rest,
        } if (
            not rest
            and len(collection) == len(issuer) == len(name) == ID_BYTES
            and purpose in tuple(Purpose)
            and len(links) <= MAX_LINKS
            and len(named) <= MAX_RECIPIENTS * NAMED_BYTES
            and len(named) % NAMED_BYTES == 0
            and len(wraps) == len(named) // NAMED_BYTES * WRAP_BYTES
        ):
            return WrapSet(
                collection=CollectionId(Id16(collection)),
                purpose=Purpose(purpose),
                secret=EpochId(Id16(name)),
                issuer=DeviceId(Id16(issuer)),
                links=_links(links),
                recipients=_recipients(named),
                wraps=wraps,
            )
        case _:
            raise InvalidEncodingError("a set of wraps does not tell what it must")


def _recipients(named: bytes) -> tuple[tuple[DeviceId, BoxId], ...]:
    each = [named[at : at + NAMED_BYTES] for at in range(0, len(named), NAMED_BYTES)]
    found = [(DeviceId(Id16(one[:ID_BYTES])), BoxId(one[ID_BYTES:])) for one in each]
    devices = [device for device, _ in found]
    if any(one >= other for one, other in pairwise(devices)):
        raise InvalidEncodingError("recipients of a set are not in their order")
    return tuple(found)


def _links(told: Sequence[Plain]) -> dict[EpochId, bytes]:
    found: dict[EpochId, bytes] = {}
    for item in told:
        match item:
            case [bytes(name), bytes(sealed)] if (
                len(name) == ID_BYTES and len(sealed) == LINK_BYTES
            ):
                found[EpochId(Id16(name))] = sealed
            case _:
                raise InvalidEncodingError("an earlier secret is not as it is carried")
    if list(found) != sorted(found) or len(found) != len(told):
        raise InvalidEncodingError("earlier secrets are not in their order")
    return found
