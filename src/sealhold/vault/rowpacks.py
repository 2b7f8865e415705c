"""The rows of a vault in a backup: cut by pages, and each run of pages put once for all backups.

- The file is cut every 32 KiB. A run that an earlier backup in the place has is not put again, if
  the pack that it is in is still there, whole by its length.
- Runs are sealed once more, each under a key of its own, and stand in packs: who keeps the place
  learns how much is new, and not where in the file.
- What the file is put together from is sealed under a key that follows from the file's own: with
  the vault's key set it opens, whatever epoch is in force.

Source: docs/spec/29-operations.md section 5.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.crypto.digest import fingerprint, framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.seal import Sealer
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    InvalidEncodingError,
    ObjectNotFoundError,
    SealBrokenError,
    TamperedError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.copying import PART, Part
from sealhold.stores.packs import LARGEST, padded
from sealhold.stores.spec import Backup, Kept, ObjectStore
from sealhold.vault import packing
from sealhold.vault.chunkplaces import Manifest, MemoryIndex, on_store
from sealhold.vault.packing import Counted, Packing, PackKeys
from sealhold.vault.unpacking import Unpacking

RUN: Final = 32_768  # bytes: four pages
SHELF: Final = "rows/"  # of a place: packs of runs, shared by its backups
LIST: Final = "rows"  # in the folder of a backup


@dataclass(frozen=True, slots=True)
class RowPacks:
    """Puts and gets the rows of one vault; `key` is that of its file."""

    key: Secret
    entropy: Entropy

    def put(
        self, place: ObjectStore, backup: str, file: Path, known: "Manifest | None"
    ) -> tuple[Part, tuple[Part, ...], Counted]:
        """Put a copy of the file; return the sealed list, each pack that it names, what was new.

        `known` is what an earlier backup in the place was put together from.

        Raises:
            StoreUnavailableError: the place does not answer, or the copy cannot be read.
            TamperedError: a pack is gone in the moment that it was put.
        """
        lengths = _lengths(place, known)
        index = MemoryIndex(
            each for each in (known.chunks if known else ()) if each.pack in lengths
        )
        with Packing(on_store(place), index, self._keys(), self.entropy, name=_name) as run:
            held = run.add_cut(_runs(file))
            counted = run.finish()
        manifest = held.manifest
        lengths = _lengths(place, manifest)
        packs = dict.fromkeys(each.pack for each in manifest.chunks)
        if any(each not in lengths for each in packs):
            raise TamperedError("a pack that was just put is gone")
        name = ObjectName(f"{backup}/{LIST}")
        sealed = self._sealer().seal(manifest.encoded(), _place(backup), self.entropy)
        if place.put(name, sealed) is not Kept.CREATED:
            raise TamperedError(f"`{name}` is there before it was made")
        parts = tuple(Part(_name(each), lengths[each], each) for each in packs)
        return Part(name, len(sealed), fingerprint(sealed)), parts, counted

    def list_of(self, place: ObjectStore, backup: str) -> Manifest:
        """Return what the file of a backup is put together from.

        Raises:
            TamperedError: the list is gone, or not what was written for this backup.
        """
        try:
            sealed = place.get(ObjectName(f"{backup}/{LIST}"))
            # THREAT T485: a list is bound to its backup, so that none stands for another
            return Manifest.decoded(self._sealer().open(sealed, _place(backup)))
        except (ObjectNotFoundError, SealBrokenError, InvalidEncodingError) as err:
            raise TamperedError(f"the rows of `{backup}` are not what was written") from err

    def source(self, place: ObjectStore, backup: str) -> tuple[ObjectStore, Backup]:
        """Return the file as a record store takes it back, and what to ask for.

        Raises:
            TamperedError: the list is gone, or not what was written for this backup.
        """
        manifest = self.list_of(place, backup)
        reader = Unpacking(on_store(place), self._keys().naming, name=_name)
        pieces = _Pieces(reader.read(manifest), manifest.size)
        return pieces, Backup(objects=pieces.lengths)

    def _keys(self) -> PackKeys:
        naming, seed, table = (
            derive(self.key, Tag.BACKUP, use) for use in (b"names", b"seed", b"tables")
        )
        return PackKeys(naming=naming, seed=seed, table=table)

    def _sealer(self) -> Sealer:
        return Sealer(derive(self.key, Tag.BACKUP, b"lists"))


class _Pieces:
    """A file that comes in order, as an object store of its parts that is read once."""

    def __init__(self, content: Iterator[bytes], size: int) -> None:
        self._content, self._held = content, bytearray()
        whole, rest = divmod(size, PART)
        parts = [PART] * whole + [rest] * bool(rest)
        self.lengths = {ObjectName(f"{at:08d}"): length for at, length in enumerate(parts)}

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        """Keep nothing: every name is taken."""
        del name, sealed
        return Kept.EXISTS

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        """Return the next part: the parts are asked for in order."""
        del offset, length
        wanted = self.lengths[name]
        while len(self._held) < wanted:
            self._held += next(self._content, b"")
        part = SealedBytes(bytes(self._held[:wanted]))
        del self._held[:wanted]
        return part

    def head(self, name: ObjectName) -> int:
        """Return how long a part is."""
        return self.lengths[name]

    def delete(self, name: ObjectName) -> None:
        """Forget nothing."""

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        """Return the names of the parts."""
        return (name for name in self.lengths if name.startswith(prefix))


def _runs(file: Path) -> Iterator[bytes]:
    with file.open("rb") as content:
        while run := content.read(RUN):
            yield run


def _lengths(place: ObjectStore, manifest: Manifest | None) -> dict[bytes, int]:
    """Return how long each pack of a manifest is, of those that the place has whole."""
    found: dict[bytes, int] = {}
    for pack in dict.fromkeys(each.pack for each in (manifest.chunks if manifest else ())):
        with suppress(ObjectNotFoundError):
            length = place.head(_name(pack))
            # THREAT T486: what the place lost or cut since an earlier backup is put again
            if length <= LARGEST and padded(length) == length:
                found[pack] = length
    return found


def _name(pack: bytes) -> ObjectName:
    return ObjectName(SHELF + packing.pack_name(pack))


def _place(backup: str) -> bytes:
    return framed(Tag.BACKUP, backup.encode())
