"""Where backups lie: a folder, a stick, or a bucket as packs may lie in one; none is trusted.

- `folder:PATH` is a plain folder: on a disk without links, or one that other software carries.
- A folder without such a mark must have links, and one that has none is refused.

Source: docs/spec/29-operations.md section 5.
"""

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from sealhold.model.errors import InvalidError, StoreUnavailableError, UnfitFolderError
from sealhold.node.places import Places, bucket_store
from sealhold.node.world import World
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.spec import ObjectStore
from sealhold.vault.home import Home

BUCKET = "s3://"
PLAIN = "folder:"
_PROBE_BYTES = 16


def place_of(address: str, world: World, *, create: bool = False) -> ObjectStore:
    """Return the place at an address: `s3://...`, `folder:PATH`, or a folder.

    Raises:
        InvalidSettingsError: the address is not one of a bucket.
        StoreUnavailableError: there is no such folder, or it cannot be made.
        UnfitFolderError: backups are to be made where no links are.
    """
    if address.startswith(BUCKET):
        return bucket_store(Places(objects=address), world.entropy)
    folder = Path(address.removeprefix(PLAIN))
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise StoreUnavailableError(f"`{folder}` cannot be made") from err
    if not folder.is_dir():
        raise StoreUnavailableError(f"there is no folder `{folder}`")
    if address.startswith(PLAIN):
        from sealhold.stores.backends.folder import FolderObjects  # noqa: PLC0415  # reason: few

        return FolderObjects(folder, world.entropy(_PROBE_BYTES).hex())
    if create and not _has_links(folder):
        raise UnfitFolderError(f"`{folder}` has no links; name it `{PLAIN}{folder}`")
    return LocalDir(folder)


def backup_place(address: str, home: Home, world: World) -> tuple[str, ObjectStore]:
    """Return the place at an address, made if need be, and the address whole.

    Raises:
        InvalidError: it lies in the vault, or says nothing.
        StoreUnavailableError: it cannot be made.
        UnfitFolderError: no links are there.
    """
    told = address.removeprefix(PLAIN)
    if not told.strip() or not told.isprintable():
        raise InvalidError(
            "a place is a folder, folder:PATH or s3://BUCKET/FOLDER?endpoint=https://HOST"
        )
    if address.startswith(BUCKET):
        return address, place_of(address, world)
    folder = Path(told).resolve()
    if folder.is_relative_to(home.folder.resolve()):
        raise InvalidError("a backup that lies in the vault is lost with it")
    where = f"{address[: -len(told)]}{folder}"
    return where, place_of(where, world, create=True)


def _has_links(folder: Path) -> bool:
    """Whether a file of this folder can get a second name.

    Raises:
        StoreUnavailableError: nothing can be written there.
    """
    try:
        with TemporaryDirectory(prefix=".tmp-", dir=folder) as trial:
            one, two = Path(trial, "one"), Path(trial, "two")
            one.touch()
            with suppress(OSError):
                os.link(one, two)
            return two.exists()
    except OSError as err:
        raise StoreUnavailableError(f"`{folder}` cannot be written") from err
