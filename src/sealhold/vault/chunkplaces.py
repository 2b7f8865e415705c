"""What a content is put together from, and where its chunks lie.

- A manifest is size and chunks of a content in order; each has name, pack, offset, length and key.
  Who has it reads the content, so it is only ever kept or sent under a seal.
- An index knows chunks that are kept already, by name. It may forget: a chunk then goes twice.
- A shelf is where packs go: an object store, or a carrier among devices.

Source: docs/spec/04-stores.md section 15.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from sealhold.crypto.chunkid import SEAL_ADDS, ChunkId
from sealhold.crypto.cutter import MAX_CHUNK
from sealhold.crypto.secret import Secret
from sealhold.model import cborwriter
from sealhold.model.encoding import Plain, unpack_own
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.net.spec import Carrier
from sealhold.stores.packs import LARGEST
from sealhold.stores.spec import ObjectStore

VERSION: Final = 1
MAX_MANIFEST: Final = 67_108_864  # bytes: 64 MiB, some 600,000 chunks
HASH_BYTES: Final = 32
_V, _SIZE, _PACKS, _CHUNKS = 1, 2, 3, 4
_ROW = cborwriter.head_of_list(5)
_FIRST = cborwriter.head_of_map(4) + bytes([_V, VERSION, _SIZE])  # what stands before the size


class Place(msgspec.Struct, frozen=True):
    """One kept chunk: where it lies, and the key that opens it."""

    chunk: ChunkId
    pack: bytes  # 32, the fingerprint of the pack's bytes
    offset: int  # bytes from the pack's begin
    length: int  # bytes of ciphertext
    key: Secret


class Manifest(msgspec.Struct, frozen=True):
    """What a content is put together from, in order."""

    size: int  # bytes of the content
    chunks: tuple[Place, ...]

    def encoded(self) -> bytes:
        """Return this as deterministic CBOR: for a seal, since it holds keys.

        Raises:
            InvalidEncodingError: more chunks than a manifest holds.
        """
        packs: dict[bytes, int] = {}
        rows = bytearray()
        for c in self.chunks:
            at = cborwriter.count(packs.setdefault(c.pack, len(packs)))
            offset, length = cborwriter.count(c.offset), cborwriter.count(c.length)
            chunk, key = cborwriter.data(c.chunk), cborwriter.data(c.key.reveal())
            rows += b"".join((_ROW, chunk, at, offset, length, key))
        found = b"".join(
            (
                _FIRST,
                cborwriter.count(self.size),
                cborwriter.count(_PACKS),
                cborwriter.head_of_list(len(packs)),
                *map(cborwriter.data, packs),
                cborwriter.count(_CHUNKS),
                cborwriter.head_of_list(len(self.chunks)),
                rows,
            )
        )
        if len(found) > MAX_MANIFEST:
            raise InvalidEncodingError(f"a manifest of {len(found)} bytes, at most {MAX_MANIFEST}")
        return found

    @classmethod
    def decoded(cls, data: bytes) -> "Manifest":
        """Return the manifest that `data` encodes.

        Raises:
            InvalidEncodingError: too long, or not what `encoded` gives.
        """
        # THREAT T483: refused by its length before anything of it is made
        if len(data) > MAX_MANIFEST:
            raise InvalidEncodingError(f"a manifest of {len(data)} bytes, at most {MAX_MANIFEST}")
        found = unpack_own(data)  # whose one form is compared below
        try:
            manifest = _manifest(found)
        except (KeyError, TypeError, ValueError, IndexError) as err:
            raise InvalidEncodingError("not a manifest") from err
        if manifest.encoded() != data:
            raise InvalidEncodingError("not a manifest in its one form")
        return manifest


def _manifest(found: Plain) -> Manifest:
    if found[_V] != VERSION:
        raise InvalidEncodingError("a manifest of another version")
    packs = [_hash(each) for each in found[_PACKS]]
    chunks = tuple(
        Place(ChunkId(_hash(name)), packs[_within(at, len(packs) - 1)], *_span(offset, length), key)
        for name, at, offset, length, value in found[_CHUNKS]
        for key in (Secret(_hash(value), "chunk key"),)
    )
    # every chunk but of an empty content holds a byte at least, and none more than a chunk may
    size = found[_SIZE]
    if type(size) is not int or not len(chunks) <= size <= len(chunks) * MAX_CHUNK:
        raise ValueError
    return Manifest(size, chunks)


def _hash(value: Plain) -> bytes:
    if type(value) is not bytes or len(value) != HASH_BYTES:
        raise ValueError
    return value


def _within(value: Plain, most: int) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError
    return value


def _span(offset: Plain, length: Plain) -> tuple[int, int]:
    if _within(length, MAX_CHUNK + SEAL_ADDS) <= SEAL_ADDS - 1:
        raise ValueError
    return _within(offset, LARGEST - length), length


class ChunkIndex(Protocol):
    """Knows which chunks are kept. Several threads may call at once."""

    def known(self, names: Sequence[ChunkId]) -> Mapping[ChunkId, Place]:
        """Return the places of those of `names` that are kept."""
        ...

    def add(self, places: Sequence[Place]) -> None:
        """Note chunks whose pack is durable; one that is known may come again, elsewhere."""
        ...


class MemoryIndex:
    """An index that lasts as long as its process."""

    def __init__(self, places: Iterable[Place] = (), below: ChunkIndex | None = None) -> None:
        """Begin with some places, before those of an index `below`, to which nothing is added."""
        self._places = {place.chunk: place for place in places}
        self._below = below

    def __len__(self) -> int:
        return len(self._places)

    def known(self, names: Sequence[ChunkId]) -> Mapping[ChunkId, Place]:
        """Return the places of those that are kept."""
        found = {} if self._below is None else dict(self._below.known(names))
        for name in names:
            if (place := self._places.get(name)) is not None:
                found[name] = place
        return found

    def add(self, places: Sequence[Place]) -> None:
        """Note chunks whose pack is durable."""
        for place in places:
            self._places.setdefault(place.chunk, place)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where packs go and come from; both calls block, and several threads may make them."""

    put: Callable[[ObjectName, SealedBytes], object]  # durable once it returns
    get: Callable[[ObjectName, int, int | None], bytes]  # name, offset, length; unchecked
    ranges: bool  # whether a part of an object is to be asked for


def on_store(store: ObjectStore) -> Shelf:
    """Return an object store as a shelf."""
    return Shelf(store.put, store.get, ranges=True)


def on_carrier(carrier: Carrier) -> Shelf:
    """Return a carrier as a shelf."""
    return Shelf(carrier.put_new, carrier.get, ranges=carrier.abilities.ranges)
