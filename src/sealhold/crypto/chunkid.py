"""Chunks of a large object: what a chunk is called, and how it is sealed.

- A chunk's name is the keyed BLAKE3 of its content; opening computes it again, which binds the
  name to the content even if two keys were at hand.
- Each chunk has its own random key and seals once, with nonce zero. The first sealed byte says
  whether the rest is raw or deflated.
- Where an object is cut stands in `cutter.py`.

Source: docs/spec/02-sealing.md section 7.
"""

import zlib
from dataclasses import dataclass
from typing import NewType

from sealhold.crypto.cutter import MAX_CHUNK
from sealhold.crypto.digest import equal, framed, keyed
from sealhold.crypto.seal import new_key, open_once, seal_once
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import SealedBytes

ChunkId = NewType("ChunkId", bytes)  # 32 bytes

RAW, DEFLATED = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChunk:
    """A chunk ready to be stored, and the key that opens it."""

    id: ChunkId
    key: Secret
    sealed: SealedBytes


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
    plain = _inflated(open_once(own, sealed, framed(Tag.CHUNK, name)))
    # THREAT T04: a chunk in another's place has another name.
    if not equal(chunk_id(key, plain), name):
        raise SealBrokenError("a chunk is not the one that was named")
    return plain


def _inflated(body: bytes) -> bytes:
    if body[:1] == RAW:
        return body[1:]
    if body[:1] != DEFLATED:
        raise SealBrokenError("a chunk of an unknown form")
    machine = zlib.decompressobj()
    try:
        plain = machine.decompress(body[1:], MAX_CHUNK)
    except zlib.error as err:
        raise SealBrokenError("a chunk does not inflate") from err
    if not machine.eof or machine.unused_data:
        raise SealBrokenError("a chunk does not inflate")
    return plain
