"""Chunks of a large object: where it is cut, what a chunk is called, how it is sealed.

- Cuts follow the content (FastCDC, 16/64/256 KiB) under a secret seed, so that a changed byte
  changes one chunk or two, and sizes cannot be compared between people.
- A chunk's name is the keyed BLAKE3 of its content; opening computes it again, which binds the
  name to the content even if two keys were at hand.
- Each chunk has its own random key and seals once, with nonce zero.

Source: docs/spec/02-sealing.md section 7; Xia et al., FastCDC, 2016 and 2020.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NewType

from sealhold.crypto.digest import equal, framed, keyed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import new_key, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import SealedBytes

ChunkId = NewType("ChunkId", bytes)  # 32 bytes

MIN_CHUNK = 16 * 1024
AVERAGE_CHUNK = 64 * 1024
MAX_CHUNK = 256 * 1024
RAW, DEFLATED = b"\x00", b"\x01"  # the first sealed byte says how the rest is stored

_LANE = 0xFFFFFFFF
_HARD = 0xFFFFC000  # 18 bits, before the average size is reached
_EASY = 0xFFFC0000  # 14 bits, after it


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChunk:
    """A chunk ready to be stored, and the key that opens it."""

    id: ChunkId
    key: Secret
    sealed: SealedBytes


class Cutter:
    """Finds the cuts of one secret seed."""

    __slots__ = ("_gear",)

    def __init__(self, seed: Secret) -> None:
        table = b"".join(derive(seed, Tag.CHUNK_SEED, bytes([n])).reveal()[:4] for n in range(256))
        self._gear = tuple(int.from_bytes(table[n : n + 4]) for n in range(0, 1024, 4))

    def cut(self, data: bytes) -> Iterator[bytes]:
        """Yield `data` piece by piece; nothing for no data."""
        start = 0
        while start < len(data):
            end = self._end(data, start)
            yield data[start:end]
            start = end

    def _end(self, data: bytes, start: int) -> int:
        stop = min(len(data), start + MAX_CHUNK)
        turn = min(stop, start + AVERAGE_CHUNK)
        gear, mark, mask = self._gear, 0, _HARD
        for position in range(min(stop, start + MIN_CHUNK), stop):
            mark = (mark << 1 ^ gear[data[position]]) & _LANE
            if position == turn:
                mask = _EASY
            if not mark & mask:
                return position + 1
        return stop


def chunk_id(key: Secret, plain: bytes) -> ChunkId:
    """Return the name of a chunk under the naming key."""
    return ChunkId(keyed(key, Tag.CHUNK_ID, plain))


def seal_chunk(key: Secret, plain: bytes, entropy: Entropy) -> SealedChunk:
    """Return `plain` sealed under a fresh key, deflated if that makes it smaller.

    Raises:
        ValueError: longer than a chunk may be.
    """
    if len(plain) > MAX_CHUNK:
        raise ValueError(f"a chunk of {len(plain)} bytes, at most {MAX_CHUNK}")
    name = chunk_id(key, plain)
    deflated = zlib.compress(plain, 1)
    body = DEFLATED + deflated if len(deflated) < len(plain) else RAW + plain
    own = new_key(entropy, "chunk key")
    return SealedChunk(id=name, key=own, sealed=seal_once(own, body, framed(Tag.CHUNK, name)))


def open_chunk(key: Secret, name: ChunkId, own: Secret, sealed: bytes) -> bytes:
    """Return the content of the chunk `name`; `key` is the naming key, `own` the chunk's.

    Raises:
        SealBrokenError: changed, or not the chunk of that name.
    """
    body = open_once(own, sealed, framed(Tag.CHUNK, name))
    plain = _inflate(body)
    # THREAT T04: a chunk in another's place has another name.
    if not equal(chunk_id(key, plain), name):
        raise SealBrokenError("a chunk is not the one that was named")
    return plain


def _inflate(body: bytes) -> bytes:
    if body[:1] == RAW:
        return body[1:]
    if body[:1] != DEFLATED:
        raise SealBrokenError("a chunk of an unknown form")
    try:
        machine = zlib.decompressobj()
        plain = machine.decompress(body[1:], MAX_CHUNK)
    except zlib.error as err:
        raise SealBrokenError("a chunk does not inflate") from err
    if not machine.eof or machine.unconsumed_tail or machine.unused_data:
        raise SealBrokenError("a chunk does not inflate")
    return plain
