"""Where backups lie: a folder, or a bucket as packs may lie in one; neither is trusted.

Source: docs/spec/29-operations.md section 5.
"""

from pathlib import Path

from sealhold.model.errors import InvalidError, StoreUnavailableError
from sealhold.node.places import Places, bucket_store
from sealhold.node.world import World
from sealhold.stores.backends.localdir import LocalDir
from sealhold.stores.spec import ObjectStore
from sealhold.vault.home import Home

BUCKET = "s3://"


def place_of(address: str, world: World, *, create: bool = False) -> ObjectStore:
    """Return the place at an address, `s3://...` or a folder.

    Raises:
        InvalidSettingsError: the address is not one of a bucket.
        StoreUnavailableError: there is no such folder, or it cannot be made.
    """
    if address.startswith(BUCKET):
        return bucket_store(Places(objects=address), world.entropy)
    folder = Path(address)
    try:
        if create:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as err:
        raise StoreUnavailableError(f"`{folder}` cannot be made") from err
    if not folder.is_dir():
        raise StoreUnavailableError(f"there is no folder `{folder}`")
    return LocalDir(folder)


def backup_place(address: str, home: Home, world: World) -> tuple[str, ObjectStore]:
    """Return the place at an address, made if need be, and the address whole.

    Raises:
        InvalidError: it lies in the vault, or says nothing.
        StoreUnavailableError: it cannot be made.
    """
    if not address.strip() or not address.isprintable():
        raise InvalidError("a place is a folder, or s3://BUCKET/FOLDER?endpoint=https://HOST")
    if address.startswith(BUCKET):
        return address, place_of(address, world)
    folder = Path(address).resolve()
    if folder.is_relative_to(home.folder.resolve()):
        raise InvalidError("a backup that lies in the vault is lost with it")
    return str(folder), place_of(str(folder), world, create=True)
