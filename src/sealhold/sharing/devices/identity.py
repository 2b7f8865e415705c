"""The keys of a device: one signs, one is certified to be sealed to, some are thrown away.

- A device is called by its signing key: an id cannot be taken for another key's.
- A prekey is a key to be sealed to that its device published under its signature, and throws away
  once every living device has the next. What was sealed to it then opens nowhere.
- The secrets leave this module sealed under a key that is given, and in no other form.

Source: docs/spec/12-membership.md sections 1 and 2.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import NewType

from sealhold.crypto.digest import framed, tagged
from sealhold.crypto.hybrid import BoxKey, BoxPublic, box_public
from sealhold.crypto.seal import KEY_BYTES, Sealer, new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import BadSignatureError, InvalidEncodingError
from sealhold.model.ids import ID_BYTES, DeviceId, Id16, SealedBytes
from sealhold.model.quantities import DAY, Instant

BoxId = NewType("BoxId", bytes)  # 16 bytes

TURNED = 7 * DAY  # how long a prekey is the newest, unless said otherwise
MAX_PREKEYS = 64  # that a device keeps, while others do not answer
MAX_NUMBER = (1 << 31) - 1
MAX_MS = 1 << 53
MAX_SEALED_KEYS = 8_192
SIGNATURE_BYTES = 64
PREKEY_BYTES = 1_400  # more than a published prekey has

_FORM = 1


def device_id(public: PublicKey) -> DeviceId:
    """Return the 16 bytes that the device of a signing key is called by."""
    return DeviceId(Id16(tagged(Tag.DEVICE_ID, public)[:ID_BYTES]))


def box_id(public: bytes) -> BoxId:
    """Return the 16 bytes that a key to be sealed to is called by."""
    return BoxId(tagged(Tag.BOX_ID, public)[:ID_BYTES])


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrekey:
    """A prekey with its secret."""

    number: int  # from 1
    made: Instant
    box: BoxKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Prekey:
    """A prekey as other devices have it."""

    device: DeviceId
    number: int  # from 1; the highest of a device is in force
    made: Instant
    public: BoxPublic

    @property
    def id(self) -> BoxId:
        """What the key is called."""
        return box_id(self.public)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceKeys:
    """All secrets of a device."""

    seed: Secret
    signer: SigningKey
    box: BoxKey
    prekeys: tuple[OwnPrekey, ...]  # ascending; the last one is in force

    @classmethod
    def of(cls, seed: Secret, box: BoxKey, prekeys: tuple[OwnPrekey, ...]) -> "DeviceKeys":
        """Return the keys that follow from a signing seed of 32 bytes and the other keys."""
        return cls(seed=seed, signer=SigningKey(seed), box=box, prekeys=prekeys)

    @classmethod
    def generate(cls, now: Instant, entropy: Entropy) -> "DeviceKeys":
        """Return fresh keys, a first prekey among them."""
        seed = new_key(entropy, "device signing seed")
        keys = cls.of(seed, BoxKey.generate(entropy), ())
        return keys.turned(now, entropy)

    @property
    def id(self) -> DeviceId:
        """What the device is called."""
        return device_id(self.signer.public)

    def boxes(self) -> dict[BoxId, BoxKey]:
        """Return each key that something may be sealed to, by what it is called."""
        found = [self.box, *(prekey.box for prekey in self.prekeys)]
        return {box_id(box.public): box for box in found}

    def is_due(self, now: Instant, every: int = TURNED) -> bool:
        """Return whether the prekey in force is older than `every`, in milliseconds."""
        return not self.prekeys or not 0 <= now - self.prekeys[-1].made < every

    def turned(self, now: Instant, entropy: Entropy, above: int = 0) -> "DeviceKeys":
        """Return these keys with a new prekey in force.

        Args:
            now: when it is made.
            entropy: what it is drawn from.
            above: the highest number of this device that any other one knows; a device that came
                back from a copy gives it.
        """
        number = max((prekey.number for prekey in self.prekeys), default=0)
        fresh = OwnPrekey(number=max(number, above) + 1, made=now, box=BoxKey.generate(entropy))
        return replace(self, prekeys=(*self.prekeys, fresh)[-MAX_PREKEYS:])

    def forgotten(
        self, known: Mapping[DeviceId, int], living: AbstractSet[DeviceId]
    ) -> "DeviceKeys":
        """Return these keys without the prekeys that no living device uses any more.

        Args:
            known: the number of the newest prekey of this device that each other one confirmed.
            living: all devices that are members; one that never confirmed keeps all.
        """
        others = living - {self.id}
        newest = self.prekeys[-1].number if self.prekeys else 0
        least = min((known.get(device, 0) for device in others), default=newest)
        kept = tuple(each for each in self.prekeys if each.number >= min(least, newest))
        return replace(self, prekeys=kept)

    def published(self) -> bytes:
        """Return the prekey in force, signed, for every other device.

        Raises:
            InvalidEncodingError: there is none.
        """
        if not self.prekeys:
            raise InvalidEncodingError("a device without a prekey has none to publish")
        newest = self.prekeys[-1]
        told = pack([_FORM, self.id, newest.number, newest.made, newest.box.public])
        return told + self.signer.sign(Tag.PREKEY, told)

    def sealed(self, key: Secret, entropy: Entropy) -> SealedBytes:
        """Return all secrets sealed under `key`."""
        prekeys = [[each.number, each.made, each.box.secret.reveal()] for each in self.prekeys]
        told = pack([_FORM, self.seed.reveal(), self.box.secret.reveal(), prekeys])
        return Sealer(key).seal(told, framed(Tag.DEVICE_KEYS, self.id), entropy)


def open_keys(sealed: bytes, device: DeviceId, key: Secret) -> DeviceKeys:
    """Return the keys of `device`, as `DeviceKeys.sealed` gave them.

    Raises:
        SealBrokenError: changed, another device's, or under another key.
        InvalidEncodingError: sealed, and not as keys of a device are.
    """
    if len(sealed) > MAX_SEALED_KEYS:
        raise InvalidEncodingError(f"{len(sealed)} bytes are too many for a device's keys")
    told = unpack(Sealer(key).open(sealed, framed(Tag.DEVICE_KEYS, device)))
    match told:
        case [1, bytes(seed), bytes(box), list(prekeys)] if (
            len(seed) == len(box) == KEY_BYTES and len(prekeys) <= MAX_PREKEYS
        ):
            own = Secret(seed, "device signing seed")
            found = tuple(_own_prekey(each) for each in prekeys)
            return DeviceKeys.of(own, BoxKey(Secret(box, "box key")), found)
        case _:
            raise InvalidEncodingError("keys of a device are not as they are kept")


def read_prekey(data: bytes, device: DeviceId, public: PublicKey) -> Prekey:
    """Return a prekey that `device` published, whose signing key is `public`.

    Raises:
        BadSignatureError: not by that device.
        InvalidEncodingError: signed, and not as a prekey is.
    """
    if not SIGNATURE_BYTES < len(data) <= PREKEY_BYTES:
        raise BadSignatureError("bytes that are no signed prekey")
    told, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    # THREAT T456: a key that its device did not publish is sealed to by nobody
    verify(public, Tag.PREKEY, told, signature)
    match unpack(told):
        case [1, bytes(named), int(number), int(made), bytes(box)] if (
            named == device == device_id(public) and 0 < number <= MAX_NUMBER and 0 <= made < MAX_MS
        ):
            public_box = box_public(box)
            return Prekey(device=device, number=number, made=Instant(made), public=public_box)
        case _:
            raise InvalidEncodingError("a prekey is not as it is published")


def device_of(prekey: bytes) -> DeviceId | None:
    """Return the device that a published prekey says it is of, not checked; None: it is none."""
    try:
        told = unpack(prekey[:-SIGNATURE_BYTES])
    except InvalidEncodingError:
        return None
    match told:
        case [1, bytes(device), *_]:
            return DeviceId(Id16(device))
        case _:
            return None


def newest(prekeys: Iterable[Prekey]) -> dict[DeviceId, Prekey]:
    """Return the prekey in force of each device, of all that were seen in whatever order."""
    found: dict[DeviceId, Prekey] = {}
    for each in sorted(prekeys, key=lambda one: (one.number, one.made, one.public)):
        found[each.device] = each
    return found


def _own_prekey(told: Plain) -> OwnPrekey:
    match told:
        case [int(number), int(made), bytes(secret)] if (
            0 < number <= MAX_NUMBER and 0 <= made < MAX_MS and len(secret) == KEY_BYTES
        ):
            box = BoxKey(Secret(secret, "prekey"))
            return OwnPrekey(number=number, made=Instant(made), box=box)
        case _:
            raise InvalidEncodingError("a prekey is not as it is kept")
