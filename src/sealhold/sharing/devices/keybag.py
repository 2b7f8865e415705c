"""The key bag: keys of versions and names, in segments that can be written anew without one.

- No key of content stands in a log. What is dropped from the bag opens nothing any more, once the
  bag's older key is gone from all devices.
- A segment is sealed under a key of its own; that key stands in an entry, under the bag's.

Source: docs/spec/11-exchange-and-op-log.md section 4.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sealhold.crypto.digest import framed, mac16
from sealhold.crypto.seal import Sealer, new_key, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES
from sealhold.sharing.devices.ops import KeysOp

NAME = bytes(ID_BYTES)  # stands where a version would, for an object's name key
KEY_BYTES = 32
MAX_KEYS = 4_096  # in a segment: about 300 KB
MAX_SEGMENT = 1_048_576


class KeyName(NamedTuple):
    """Whose key it is."""

    object: bytes  # 16
    version: bytes  # 16, or zeros: the object's name key


Keys = Mapping[KeyName, Secret]


def named_by(key: Secret) -> bytes:
    """Return the id of a version, or of an object, that has this key and no other can have."""
    return mac16(key, Tag.NAMED_BY_KEY)


def is_named_by(name: KeyName, key: Secret) -> bool:
    """Return whether an id follows from a key, so that no other key is meant by it."""
    return named_by(key) == (name.object if name.version == NAME else name.version)


@dataclass(frozen=True, slots=True)
class BagKey:
    """A key of the bag, by its id."""

    id: bytes  # 16
    secret: Secret


@dataclass(frozen=True, slots=True)
class Segment:
    """Keys ready to be carried, and what an entry tells of them."""

    id: bytes  # 16
    key: Secret
    keys: Keys
    sealed: bytes

    def told(self, collection: bytes, bag: BagKey, entropy: Entropy) -> KeysOp:
        """Return what opens this segment for who has the bag's key."""
        place = _bag_place(collection, bag.id, self.id)
        return KeysOp(self.id, bag.id, Sealer(bag.secret).wrap(self.key, place, entropy))


def segments(collection: bytes, keys: Keys, entropy: Entropy) -> list[Segment]:
    """Return `keys` in segments, each under an id and a key of its own."""
    told = _told(keys)
    return [
        _segment(collection, told[at : at + MAX_KEYS], new_key(entropy, "segment key"), entropy)
        for at in range(0, len(told), MAX_KEYS)
    ]


def sealed_again(collection: bytes, segment: bytes, key: Secret, keys: Keys) -> bytes:
    """Return a segment as it was sealed before: the same bytes for the same keys."""
    return seal_once(key, pack(_told(keys)), _place(collection, segment))


def segment_key(collection: bytes, told: KeysOp, bag: BagKey) -> Secret:
    """Return the key of a segment.

    Raises:
        SealBrokenError: not wrapped under this bag's key, or not for this segment.
    """
    place = _bag_place(collection, bag.id, told.segment)
    return Sealer(bag.secret).unwrap(told.wrap, place, "segment key")


def open_segment(collection: bytes, segment: bytes, key: Secret, sealed: bytes) -> Keys:
    """Return the keys in a segment.

    Raises:
        SealBrokenError: changed, or another segment.
        InvalidEncodingError: sealed, and not as a segment must be.
    """
    if len(sealed) > MAX_SEGMENT:
        raise InvalidEncodingError(f"a segment of {len(sealed)} bytes")
    told = unpack(open_once(key, sealed, _place(collection, segment)))
    if not isinstance(told, list) or len(told) > MAX_KEYS:
        raise InvalidEncodingError(f"a segment has at most {MAX_KEYS} keys")
    return dict(_key(item) for item in told)


def without(keys: Keys, erased: Iterable[bytes]) -> dict[KeyName, Secret]:
    """Return the keys that are not of an erased object."""
    # THREAT T491: a bag that is written anew without them gives nobody the keys of what was erased
    gone = frozenset(erased)
    return {name: key for name, key in keys.items() if name.object not in gone}


def _segment(collection: bytes, told: Sequence[Plain], key: Secret, entropy: Entropy) -> Segment:
    name = entropy(ID_BYTES)
    keys = dict(_key(item) for item in told)
    return Segment(name, key, keys, seal_once(key, pack(list(told)), _place(collection, name)))


def _told(keys: Keys) -> list[list[bytes]]:
    return sorted([name.object, name.version, key.reveal()] for name, key in keys.items())


def _key(told: Plain) -> tuple[KeyName, Secret]:
    match told:
        case [bytes(object_id), bytes(version), bytes(key)] if (
            len(object_id) == len(version) == ID_BYTES and len(key) == KEY_BYTES
        ):
            return KeyName(object_id, version), Secret(key, "version key")
        case _:
            raise InvalidEncodingError("a key of a segment names its object and version")


def _place(collection: bytes, segment: bytes) -> bytes:
    return framed(Tag.KEY_SEGMENT, collection, segment)


def _bag_place(collection: bytes, bag: bytes, segment: bytes) -> bytes:
    return framed(Tag.KEY_BAG, collection, bag, segment)
