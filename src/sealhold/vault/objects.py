"""Larger content: cut into chunks, sealed into packs, put back together from a manifest.

- A record whose content is over 64 KiB keeps a manifest in its row: each chunk's name and key, in
  order. Where a chunk lies stands in a table, so a pack can be rewritten without touching records.
- A chunk is kept once per subject, and its key only wrapped under the subject's: content dies with
  the key, wherever packs were copied.
- Packs are durable before the rows that name them; a pack that no row names is swept at open.
- Every pack is named by the hash of its ciphertext: a changed one shows without a key.

Source: docs/spec/04-stores.md section 10; docs/spec/02-sealing.md section 6.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sealhold.crypto.chunkid import ChunkId, chunk_id, open_chunk, seal_chunk
from sealhold.crypto.cutter import Cutter
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import NOBODY, KeyKind, Sealer, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.errors import (
    ObjectNotFoundError,
    SealBrokenError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import Id16, ObjectName, SealedBytes
from sealhold.stores.packs import SALT_BYTES, PackWriter
from sealhold.stores.spec import (
    ColumnKind,
    Expect,
    Found,
    ObjectStore,
    Op,
    Put,
    RecordStore,
    Row,
    TableSpec,
)
from sealhold.vault.deciding import scan_all
from sealhold.vault.keyring import SubjectKeys
from sealhold.vault.versions import Versions

PACKS = TableSpec(
    name="pack",
    columns={"id": ColumnKind.HASH32, "subject": ColumnKind.ID16, "size": ColumnKind.I64},
    key=("id",),
    indexes={},
)
CHUNKS = TableSpec(
    name="chunk",
    columns={
        "id": ColumnKind.HASH32,
        "subject": ColumnKind.ID16,
        "pack": ColumnKind.HASH32,
        "off": ColumnKind.I64,
        "len": ColumnKind.I64,
        "skver": ColumnKind.I64,  # version of the subject key that wraps `key`
        "key": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"subject": ("subject", "id")},
)
TABLES = (PACKS, CHUNKS)
_PACK = re.compile(r"packs/[0-9a-f]{2}/[0-9a-f]{64}")  # other files there are not ours to delete


@dataclass(frozen=True, slots=True)
class _Waiting:
    name: ChunkId
    version: int  # of the subject key that made `wrap`
    wrap: bytes
    sealed: SealedBytes


class Objects:
    """The larger contents of one subject."""

    def __init__(
        self, rows: RecordStore, store: ObjectStore, keys: SubjectKeys, entropy: Entropy
    ) -> None:
        self._rows = rows
        self._store = store
        self._keys = keys
        self._entropy = entropy
        self._cutter = Cutter(derive(keys.chunks, Tag.CHUNK_SEED))
        self._naming = derive(keys.chunks, Tag.CHUNK_ID)

    def packer(self) -> "Packer":
        """Return what collects the larger contents of one batch."""
        return Packer(self)

    def fetch(self, manifest: bytes) -> bytes:
        """Return the content that a manifest describes.

        Raises:
            TamperedError: a pack is gone, or a chunk is not the one that was named.
        """
        parts: list[tuple[bytes, bytes]] = [(name, key) for name, key in unpack_own(manifest)]
        found = self._rows.get(CHUNKS.name, [(name,) for name, _ in parts])
        return b"".join(
            self._open(ChunkId(name), Secret(key, "chunk key"), row)
            for (name, key), row in zip(parts, found, strict=True)
        )

    def sweep(self) -> None:
        """Delete the packs that no row names: what a killed import had put and not committed."""
        named = {pack_name(found.row[0]) for found in scan_all(self._rows, PACKS)}
        for name in list(self._store.names("packs/")):
            if name not in named and _PACK.fullmatch(name):
                self._store.delete(name)

    def faults(self) -> Iterator[str]:
        """Yield what is wrong with stored packs, by name."""
        for found in scan_all(self._rows, PACKS):
            name = pack_name(found.row[0])
            try:
                whole = self._store.get(name)
            except ObjectNotFoundError:
                yield f"`objects/{name}` is missing"
                continue
            except (TamperedError, StoreUnavailableError) as err:
                yield f"`objects/{name}`: {err}"
                continue
            # THREAT T07: a pack that was changed, cut or swapped no longer has its name
            if fingerprint(whole) != found.row[0]:
                yield f"`objects/{name}` is not what was written"

    def known(self, names: Sequence[ChunkId]) -> dict[bytes, Found]:
        """Return the rows of those chunks that are kept already."""
        rows = self._rows.get(CHUNKS.name, [(name,) for name in names])
        return {found.row[0]: found for found in rows if found is not None}

    def cut(self, content: bytes) -> list[tuple[ChunkId, bytes]]:
        """Return the chunks of `content`, each with its name."""
        return [(chunk_id(self._naming, part), part) for part in self._cutter.cut(content)]

    def seal(self, plain: bytes) -> tuple[_Waiting, Secret]:
        """Return a chunk ready for a pack, and its key."""
        chunk = seal_chunk(self._naming, plain, self._entropy)
        now = self._keys.now
        wrap = now.records.wrap(chunk.key, _aad(now, chunk.id, now.version), self._entropy)
        return _Waiting(chunk.id, now.version, wrap, chunk.sealed), chunk.key

    def unwrap(self, row: Found) -> Secret:
        """Return the key of a kept chunk."""
        name, *_, skver, wrap = row.row
        return self._keys.opener(skver).unwrap(wrap, _aad(self._keys.now, name, skver), "chunk key")

    def put(self, chunks: Sequence[_Waiting]) -> list[Op]:
        """Put chunks into packs, durably, and return the rows that name them."""
        ops: list[Op] = []
        rest = list(chunks)
        while rest:
            writer = PackWriter(self._entropy(SALT_BYTES))
            placed: list[tuple[_Waiting, int, int]] = []
            while rest and writer.has_room(len(rest[0].sealed)):
                chunk = rest.pop(0)
                entry = writer.add(chunk.name, chunk.sealed)
                placed.append((chunk, entry.offset, entry.length))
            whole = writer.finish(self._seal_table)
            digest = fingerprint(whole)
            self._store.put(pack_name(digest), whole)
            ops.append(Put(PACKS.name, (digest, self._keys.subject, len(whole)), Expect.ABSENT))
            ops += [
                Put(CHUNKS.name, (chunk.name, self._keys.subject, digest, *where), Expect.ABSENT)
                for chunk, *at in placed
                for where in [(*at, chunk.version, chunk.wrap)]
            ]
        return ops

    def _open(self, name: ChunkId, key: Secret, row: Found | None) -> bytes:
        if row is None:
            raise TamperedError("a chunk that a record names is not listed")
        _, _, digest, offset, length, *_ = row.row
        try:
            sealed = self._store.get(pack_name(digest), offset, length)
            return open_chunk(self._naming, name, key, sealed)
        except (ObjectNotFoundError, SealBrokenError) as err:
            raise TamperedError(f"`objects/{pack_name(digest)}` is not what was written") from err

    def _seal_table(self, salt: bytes, table: bytes) -> SealedBytes:
        sealer = Sealer(derive(self._keys.chunks, Tag.PACK_TABLE, salt))
        return sealer.seal(table, salt, self._entropy)


class Packer:
    """Collects the larger contents of one batch, so that they share packs."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._waiting: dict[bytes, tuple[_Waiting, Secret]] = {}

    def keep(self, content: bytes) -> bytes:
        """Return the manifest of `content`, whose chunks wait for `finish`."""
        parts = self._objects.cut(content)
        known = self._objects.known([name for name, _ in parts])
        keys: list[list[bytes]] = []
        for name, plain in parts:
            if name in known:
                key = self._objects.unwrap(known[name])
            else:
                if name not in self._waiting:
                    self._waiting[name] = self._objects.seal(plain)
                key = self._waiting[name][1]
            keys.append([name, key.reveal()])
        return pack(keys)

    def finish(self) -> list[Op]:
        """Put the packs, durably, and return the rows that name them."""
        return self._objects.put([waiting for waiting, _ in self._waiting.values()])


def rewrapped(keys: Versions, row: Row, entropy: Entropy) -> Row:
    """Return a chunk's row with its key under the subject key in force; its pack stays.

    Raises:
        SealBrokenError: the key in it does not open.
    """
    name, *middle, skver, key = row
    place, to_place = (_aad(keys, name, version) for version in (skver, keys.version))
    wrap = keys.opener(skver).rewrap(key, place, keys.records, to_place, entropy)
    return (name, *middle, keys.version, wrap)


def _aad(keys: Versions, name: bytes, version: int) -> bytes:
    return wrap_aad(KeyKind.CHUNK, NOBODY, keys.subject, Id16(name[:16]), version)


def pack_name(digest: bytes) -> ObjectName:
    """Return the name of a pack whose ciphertext has this hash."""
    text = digest.hex()
    return ObjectName(f"packs/{text[:2]}/{text}")
