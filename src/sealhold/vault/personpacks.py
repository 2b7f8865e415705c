"""Larger content of people: sealed chunk by chunk into packs, each of one attachment alone.

- A chunk has a key of its own, which stands in the attachment's manifest beside its place. So
  content dies with the manifest's key, and a pack goes whole with its attachment.
- Packs are durable before the row that names them. A pack that no row names is swept when the
  vault is opened.

Source: docs/spec/25-records-of-people.md section 7; docs/spec/04-stores.md section 10.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from sealhold.crypto.chunkid import ChunkId, open_chunk, seal_chunk
from sealhold.crypto.cutter import Cutter
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import ObjectNotFoundError, SealBrokenError, SealholdError, TamperedError
from sealhold.model.ids import SealedBytes
from sealhold.stores.packs import SALT_BYTES, PackWriter
from sealhold.stores.spec import ObjectStore
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.objects import pack_name


class Part(NamedTuple):
    """One chunk of an attachment, as its manifest tells of it."""

    name: bytes  # 32, of the content
    key: bytes  # 32
    size: int  # bytes of content
    pack: bytes  # 32, the pack's name
    offset: int
    length: int  # bytes of ciphertext


class Packed(NamedTuple):
    """Content that was put into packs."""

    parts: list[Part]
    packs: dict[bytes, int]  # by name, with the length of each


class PersonPacks:
    """The larger contents of one person."""

    def __init__(self, store: ObjectStore, keys: SubjectKeys) -> None:
        self._store = store
        self._chunks = keys.chunks
        self._naming = derive(keys.chunks, Tag.CHUNK_ID)

    def put(self, content: bytes, entropy: Entropy) -> Packed:
        """Put content into packs, durably, and return what its manifest says.

        Raises:
            StoreUnavailableError: they cannot be kept; what was put is swept later.
        """
        packed = Packed([], {})
        for parts, whole in self._written(content, entropy):
            digest = fingerprint(whole)
            self._store.put(pack_name(digest), whole)
            packed.packs[digest] = len(whole)
            packed.parts.extend(part._replace(pack=digest) for part in parts)
        return packed

    def open_part(self, part: Part) -> bytes:
        """Return the content of a chunk.

        Raises:
            TamperedError: the pack is gone, or the chunk is not the one that was named.
        """
        try:
            sealed = self._store.get(pack_name(part.pack), part.offset, part.length)
            # THREAT T246: a chunk in another's place has another key, and another name
            plain = open_chunk(
                self._naming, ChunkId(part.name), Secret(part.key, "chunk key"), sealed
            )
        except (ObjectNotFoundError, SealBrokenError) as err:
            raise TamperedError("a pack is not what was written") from err
        if len(plain) != part.size:
            raise TamperedError("a chunk is of another size than its manifest says")
        return plain

    def _written(
        self, content: bytes, entropy: Entropy
    ) -> Iterator[tuple[list[Part], SealedBytes]]:
        """Yield packs, whole, with the parts of the content that are in each."""
        seed = derive(self._chunks, Tag.CHUNK_SEED)
        writer, parts = PackWriter(entropy(SALT_BYTES)), list[Part]()
        known: dict[bytes, Part] = {}
        for plain in Cutter(seed).cut(content):
            chunk = seal_chunk(self._naming, plain, entropy)
            if chunk.id in known:  # the same content once more within this pack
                parts.append(known[chunk.id])
                continue
            if not writer.has_room(len(chunk.sealed)):
                yield parts, writer.finish(lambda salt, table: self._table(salt, table, entropy))
                writer, parts, known = PackWriter(entropy(SALT_BYTES)), [], {}
            at = writer.add(chunk.id, chunk.sealed)
            part = Part(chunk.id, chunk.key.reveal(), len(plain), b"", at.offset, at.length)
            known[chunk.id] = part
            parts.append(part)
        if parts:
            yield parts, writer.finish(lambda salt, table: self._table(salt, table, entropy))

    def _table(self, salt: bytes, table: bytes, entropy: Entropy) -> SealedBytes:
        sealer = Sealer(derive(self._chunks, Tag.PACK_TABLE, salt))
        return sealer.seal(table, salt, entropy)


def drop_packs(store: ObjectStore, packs: Iterable[bytes]) -> None:
    """Delete packs that no row names any more; what does not go now is swept later."""
    for digest in packs:
        with suppress(SealholdError):
            store.delete(pack_name(digest))
