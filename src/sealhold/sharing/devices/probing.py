"""Which names the file system of a folder holds, found by trying.

- Files of ours are made, looked for and removed; nothing of the owner's is touched.
- What cannot be found out is taken for the narrower: a name is then escaped that need not be.

Source: docs/spec/47-folders.md section 3.
"""

import os
from collections.abc import Callable
from contextlib import suppress

from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.filenames import MAX_NAME, PORTABLE, Holds
from sealhold.sharing.devices.scanning import PART

SHORTER = 143  # bytes; what encrypting file systems hold


def held_by(disk: Disk, fresh_id: Callable[[], bytes]) -> Holds:
    """Return which names can be held where `disk` is.

    Raises:
        OSError: nothing can be written there.
    """
    stem = f"{PART}{fresh_id().hex()}"
    os.close(disk.create(f"{stem}-aA"))
    try:
        folds = disk.stat(f"{stem}-Aa") is not None
    finally:
        disk.remove(f"{stem}-aA")
    refused = {each for each in PORTABLE.refuses if not _is_held(disk, f"{stem}{each}-")}
    long = f"{stem}-".ljust(MAX_NAME, "x")
    return Holds(
        folds=folds,
        refuses=frozenset(refused),
        plain_ends=not (_is_held(disk, f"{stem}.") and _is_held(disk, f"{stem} ")),
        longest=MAX_NAME if _is_held(disk, long) else SHORTER,
    )


def _is_held(disk: Disk, name: str) -> bool:
    """Return whether a file can have just this name."""
    try:
        os.close(disk.create(name))
    except OSError:
        return False
    try:
        with os.scandir(disk.root) as entries:
            return any(entry.name == name for entry in entries)
    finally:
        with suppress(OSError):
            disk.remove(name)
