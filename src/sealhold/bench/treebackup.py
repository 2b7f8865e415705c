"""A tree of files as the packs of a vault keep it, for the bench: put, looked at again, got back.

- What is measured is `vault/packing.py` and `unpacking.py` with a folder as the place: files that
  did not change are known by size, times and inode, as folders of a vault know them.
- The list of files is a content like others; what it is put together from is sealed under a key.

Source: docs/spec/04-stores.md section 15.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sealhold.crypto.seal import Sealer, new_key
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy
from sealhold.model.encoding import pack, unpack_own
from sealhold.model.ids import ObjectName
from sealhold.stores.backends.localdir import LocalDir
from sealhold.vault.chunkplaces import Manifest, MemoryIndex, on_store
from sealhold.vault.handedover import Held
from sealhold.vault.packing import Counted, Packing, PackKeys
from sealhold.vault.unpacking import Unpacking, read_all

Mark = tuple[int, int, int, int]  # size, time of content, time of inode, inode


@dataclass(slots=True)
class TreeBackup:
    """Backups of one tree in one place, with what it knows of the newest."""

    tree: Path
    place: Path
    entropy: Entropy
    keys: PackKeys = field(init=False)
    _key: Secret = field(init=False)
    _index: MemoryIndex = field(init=False, default_factory=MemoryIndex)
    _known: dict[str, tuple[Mark, bytes]] = field(init=False, default_factory=dict)
    _runs: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """Draw the keys."""
        naming, seed, table, self._key = (new_key(self.entropy, "bench key") for _ in range(4))
        self.keys = PackKeys(naming=naming, seed=seed, table=table)

    def run(self) -> Counted:
        """Put what changed, then the list of files, then what that is put together from."""
        store = LocalDir(self.place)
        fresh: dict[str, tuple[Mark, Held]] = {}
        now: dict[str, tuple[Mark, bytes]] = {}
        with Packing(on_store(store), self._index, self.keys, self.entropy) as packing:
            for path, mark in _scan(self.tree, ""):
                known = self._known.get(path)
                if known is not None and known[0] == mark:
                    now[path] = known
                else:
                    fresh[path] = mark, packing.add(self.tree / path)
            packing.finish()
            for path, (mark, held) in fresh.items():
                now[path] = mark, held.manifest.encoded()
            listed = [[path, list(mark), told] for path, (mark, told) in sorted(now.items())]
            held = packing.add(pack(listed))
            counted = packing.finish()
        sealed = Sealer(self._key).seal(held.manifest.encoded(), b"", self.entropy)
        store.put(ObjectName(f"list-{self._runs}"), sealed)
        self._known, self._runs = now, self._runs + 1
        return counted

    def restore(self, to: Path) -> None:
        """Write the newest state of the tree into a new folder."""
        store = LocalDir(self.place)
        sealed = store.get(ObjectName(f"list-{self._runs - 1}"))
        shelf = on_store(store)
        told = Unpacking(shelf, self.keys.naming).read(
            Manifest.decoded(Sealer(self._key).open(sealed, b""))
        )
        wanted = []
        for path, mark, manifest in unpack_own(b"".join(told)):
            (to / path).parent.mkdir(parents=True, exist_ok=True)
            wanted.append((Manifest.decoded(manifest), partial(_write, to / path, mark[1])))
        read_all(shelf, self.keys.naming, wanted)


def _write(target: Path, changed: int, content: Iterator[bytes]) -> None:
    with target.open("xb", buffering=0) as file:
        file.writelines(content)
    os.utime(target, ns=(changed, changed))


def _scan(folder: Path, under: str) -> Iterator[tuple[str, Mark]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            path = f"{under}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                yield from _scan(Path(entry.path), f"{path}/")
            else:
                told = entry.stat(follow_symlinks=False)
                yield path, (told.st_size, told.st_mtime_ns, told.st_ctime_ns, told.st_ino)
