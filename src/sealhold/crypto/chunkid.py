"""Chunks of a large object: what a chunk is called, and how it is sealed.

- A chunk's name is the keyed BLAKE3 of its content; opening computes it again, which binds the
  name to the content even if two keys were at hand.
- Each chunk has its own random key and seals once, with nonce zero. The first sealed byte says
  whether the rest is raw, deflated (as older programs wrote) or a frame of Zstandard.
- What a chunk opens to is bounded before any of it is unpacked.
- Where an object is cut stands in `cutter.py` and `fastcutter.py`.

Source: docs/spec/02-sealing.md section 7.
"""

import zlib
from dataclasses import dataclass
from threading import local
from typing import TYPE_CHECKING, NewType

from sealhold.crypto.cutter import MAX_CHUNK
from sealhold.crypto.digest import Keyed, equal, framed, keyed
from sealhold.crypto.seal import new_key, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import SealedBytes

if TYPE_CHECKING:
    import zstandard

ChunkId = NewType("ChunkId", bytes)  # 32 bytes

RAW, DEFLATED, FRAME = b"\x00", b"\x01", b"\x02"
LEVEL = 1  # of Zstandard: more costs time and gains little on a chunk
SEAL_ADDS = 17  # bytes that a chunk grows at most: form and tag
SAMPLE = 8_192  # bytes at the beginning of a long chunk that tell whether it can be packed
LONG = 4 * SAMPLE
_own = local()  # what unpacks in a thread: to make it costs as much as to unpack a chunk


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChunk:
    """A chunk ready to be stored, and the key that opens it."""

    id: ChunkId
    key: Secret
    sealed: SealedBytes


def chunk_id(key: Secret, plain: bytes) -> ChunkId:
    """Return the name of a chunk under the naming key."""
    return ChunkId(keyed(key, Tag.CHUNK_ID, plain))


class ChunkSealer:
    """Names and seals many chunks under one naming key; each thread has its own."""

    __slots__ = ("_machine", "_naming")

    def __init__(self, key: Secret) -> None:
        self._naming = Keyed(key, Tag.CHUNK_ID)
        self._machine = _machine()

    def name(self, plain: bytes) -> ChunkId:
        """Return the name of a chunk."""
        return ChunkId(self._naming.digest(plain))

    def seal(self, name: ChunkId, plain: bytes, entropy: Entropy) -> SealedChunk:
        """Return `plain`, whose name is known, sealed under a fresh key; packed if that shrinks it.

        Raises:
            ValueError: longer than a chunk may be.
        """
        if len(plain) > MAX_CHUNK:
            raise ValueError(f"a chunk of {len(plain)} bytes, at most {MAX_CHUNK}")
        packed = self._machine.compress(plain) if self._shrinks(plain) else plain
        body = FRAME + packed if len(packed) < len(plain) else RAW + plain
        own = new_key(entropy, "chunk key")
        return SealedChunk(id=name, key=own, sealed=seal_once(own, body, framed(Tag.CHUNK, name)))

    def _shrinks(self, plain: bytes) -> bool:
        """Return whether it is worth while to pack a chunk: a film or picture it is not."""
        if len(plain) <= LONG:
            return True
        sample = plain[:SAMPLE]
        return len(self._machine.compress(sample)) < SAMPLE - SAMPLE // 64


def seal_chunk(key: Secret, plain: bytes, entropy: Entropy) -> SealedChunk:
    """Return `plain` sealed under a fresh key, packed if that makes it smaller.

    Raises:
        ValueError: longer than a chunk may be.
    """
    sealer = ChunkSealer(key)
    return sealer.seal(sealer.name(plain), plain, entropy)


def open_chunk(key: Secret, name: ChunkId, own: Secret, sealed: bytes) -> bytes:
    """Return the content of the chunk `name`; `key` is the naming key, `own` the chunk's.

    Raises:
        SealBrokenError: changed, or not the chunk of that name.
    """
    plain = _inflated(open_once(own, sealed, framed(Tag.CHUNK, name)))
    # THREAT T04: a chunk in another's place has another name.
    if not equal(chunk_id(key, plain), name):
        raise SealBrokenError("a chunk is not the one that was named")
    return plain


def _machine() -> "zstandard.ZstdCompressor":
    import zstandard  # noqa: PLC0415  # reason: a vault that is idle needs none

    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=False, write_content_size=True)


def _inflated(body: bytes) -> bytes:
    match body[:1]:
        case b"\x00" if len(body) <= MAX_CHUNK + 1:
            return body[1:]
        case b"\x01":
            return _zlib_inflated(body[1:])
        case b"\x02":
            return _unframed(body[1:])
        case _:
            raise SealBrokenError("a chunk of an unknown form")


def _zlib_inflated(packed: bytes) -> bytes:
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(packed, MAX_CHUNK)
    except zlib.error as err:
        raise SealBrokenError("a chunk does not inflate") from err
    if not machine.eof or machine.unused_data:
        raise SealBrokenError("a chunk does not inflate")
    return plain


def _unframed(packed: bytes) -> bytes:
    import zstandard  # noqa: PLC0415  # reason: as above

    try:
        # THREAT T483: a frame tells its size first, and one that tells none or more is not begun
        if not 0 <= zstandard.frame_content_size(packed) <= MAX_CHUNK:
            raise SealBrokenError("a chunk that would unpack to more than a chunk")
        machine = getattr(_own, "unpacking", None)
        if machine is None:
            machine = _own.unpacking = zstandard.ZstdDecompressor()
        return bytes(machine.decompress(packed, allow_extra_data=False))
    except zstandard.ZstdError as err:
        raise SealBrokenError("a chunk does not unpack") from err
