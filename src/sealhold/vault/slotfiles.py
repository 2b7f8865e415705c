"""The epoch slots of a home as files, and how a file that must not be read again is removed.

- Such a file is overwritten where it lies, and then removed. On flash, and on disks that copy on
  write, the old bytes may outlive that, and receipts say so.

Source: docs/spec/03-keys.md section 9.
"""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from sealhold.model.errors import StoreUnavailableError
from sealhold.vault.home import Home, replace, sync


class FileSlots(MutableMapping[int, bytes]):
    """The epoch slots of a home, one small file each."""

    def __init__(self, home: Home) -> None:
        self._folder = home.slots

    def __getitem__(self, epoch: int) -> bytes:
        try:
            return (self._folder / str(epoch)).read_bytes()
        except FileNotFoundError as err:
            raise KeyError(epoch) from err

    def __setitem__(self, epoch: int, slot: bytes) -> None:
        replace(self._folder / str(epoch), slot)

    def __delitem__(self, epoch: int) -> None:
        if not shred(self._folder / str(epoch)):
            raise KeyError(epoch)

    def __iter__(self) -> Iterator[int]:
        return (int(path.name) for path in self._folder.iterdir() if path.name.isdecimal())

    def __len__(self) -> int:
        return sum(1 for _ in self)


def shred(path: Path) -> bool:
    """Overwrite and remove a file, durably; return whether there was one.

    Raises:
        StoreUnavailableError: the disk refuses.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            # THREAT T220: over the very bytes, since a new file would leave the old ones be
            os.write(handle, bytes(os.fstat(handle).st_size))
            os.fsync(handle)
        finally:
            os.close(handle)
        path.unlink()
        sync(path.parent)
    except FileNotFoundError:
        return False
    except OSError as err:
        raise StoreUnavailableError(
            f"`{path.parent.name}/{path.name}` cannot be destroyed"
        ) from err
    return True
