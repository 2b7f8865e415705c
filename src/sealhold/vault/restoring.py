"""Going back to a backup: into an empty home, and not before every part was compared.

- The keys come from the vault's own older folder, if that is there: then nobody who was erased
  since can be read. Else they come from the backup, and its epoch's slot from where it was kept,
  or what stands for it from what the recovery cards open.
- The home is marked before anything else lies in it. A marked home opens only on its owner's word,
  which costs what `rollback.py` says; the mark goes once that is durable.
- A backup of a server's rows goes back into an empty schema of a server.

Source: docs/spec/29-operations.md section 6.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    InvalidError,
    NewerFormError,
    NotFoundError,
    StoreUnavailableError,
)
from sealhold.model.ids import ObjectName
from sealhold.stores.spec import ObjectStore, RecordStore
from sealhold.vault.access import ByRecovery
from sealhold.vault.backups import (
    SHARED,
    Manifest,
    Watch,
    backup_of,
    check_parts,
    checked,
    rows_of,
)
from sealhold.vault.home import FIRST_EPOCH, FORM, Home, Lock, read, replace
from sealhold.vault.keeping import files_in_force, ruling
from sealhold.vault.rollback import MARK

SLOT, UNLOCK = "slot-", "unlock-"  # how the files of a place for slots begin
_BACKUP = "b[0-9]*-*+"  # how the folder of a backup is named


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHome:
    """What a restore fills; all of it is empty."""

    home: Home
    data: RecordStore
    keys: Callable[[int], RecordStore]  # that of an epoch
    objects: ObjectStore
    on_server: bool  # the rows


def copy_slots(home: Home, folder: Path) -> tuple[str, ...]:
    """Copy the slots of a home to a place of their own; return the files' names.

    Slots of epochs that were closed meanwhile go from there.

    Raises:
        InvalidError: the place lies in the home, or backups lie there.
        StoreUnavailableError: it cannot be written.
    """
    there = folder.resolve()
    if there.is_relative_to(home.folder.resolve()):
        raise InvalidError("slots that lie in the vault are lost with it")
    # THREAT T289: whoever takes the backups away has what opens them
    if any(each.is_dir() for place in (there, there.parent) for each in place.glob(_BACKUP)):
        raise InvalidError("backups lie in this place: slots beside them would open them")
    epoch, made = home.epoch, list[str]()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace(folder / f"{SLOT}{epoch}", read(home.slots / str(epoch)))
        made.append(f"{SLOT}{epoch}")
        for name in files_in_force(home):
            replace(folder / f"{UNLOCK}{name}", read(home.unlock_slot(name)))
            made.append(f"{UNLOCK}{name}")
        # THREAT T289: a slot that outlives its epoch in a copy would open what was erased in it
        for path in (*folder.glob(f"{SLOT}*"), *folder.glob(f"{UNLOCK}*")):
            if path.name not in made:
                path.write_bytes(bytes(path.stat().st_size))
                path.unlink()
    except OSError as err:
        raise StoreUnavailableError(f"`{folder}` cannot be written") from err
    return tuple(made)


def fill(
    new: NewHome,
    place: ObjectStore,
    manifest: Manifest,
    keys: Home | Path | ByRecovery,
    watch: Watch,
    file_key: Callable[[], Secret],
) -> None:
    """Fill a home from a backup, with the keys of the older home or those in it.

    Those in it open by its slots, or by the recovery secret.

    `file_key` is asked once the keys lie in the home, if the rows need it: that of their file.

    Raises:
        InvalidError: the rows of the backup are of the other kind.
        NewerFormError: a newer program wrote them.
        TamperedError: a part of the backup is not what was written.
        NotFoundError: the slot of the backup's epoch is not there.
        TakenError: the home holds something.
    """
    if manifest.on_server is not new.on_server:
        kind = "a server" if manifest.on_server else "a file"
        raise InvalidError(f"the rows of this backup are of {kind}; restore them into one")
    if manifest.form > FORM:
        raise NewerFormError(f"this backup has form {manifest.form}; this program reads {FORM}")
    # THREAT T287: all of it is compared before any of it is used
    check_parts(place, manifest, watch)
    home = new.home
    home.make()
    try:
        home.set_form(manifest.form)
        replace(home.restored, MARK)
        if isinstance(keys, Home):
            _keys_of_home(home, keys)
        elif isinstance(keys, ByRecovery):
            keys.lay(home, place, manifest.epoch)
            _key_set(new, place, manifest)
        else:
            _keys_of_backup(new, place, manifest, keys)
        for part in manifest.packs:
            new.objects.put(ObjectName(part.name.removeprefix(SHARED)), checked(place, part))
        if manifest.states:
            from sealhold.vault import proxycopies  # noqa: PLC0415  # reason: few have a proxy

            proxycopies.put_back(home, manifest.states, partial(checked, place))
        if manifest.rows is None:
            new.data.restore(place, backup_of(manifest.data))
        else:
            new.data.restore(*rows_of(place, manifest, file_key()))
        if not home.head.exists():
            replace(home.head, manifest.checkpoint.encode())
    except BaseException:
        home.clear()  # half a vault would be taken for a damaged one
        raise


def _keys_of_home(home: Home, older: Home) -> None:
    """Copy keys, slots and HEAD of a vault that nobody has open.

    Raises:
        StoreBusyError: it is open.
        StoreUnavailableError: it cannot be read.
    """
    lock = Lock(older)
    try:
        epoch = older.epoch
        replace(home.slots / str(epoch), read(older.slots / str(epoch)))
        replace(home.epoch_key_of(epoch), read(older.epoch_key_of(epoch)))
        for name in files_in_force(older):
            replace(home.unlock_slot(name), read(older.unlock_slot(name)))
        source, to = older.keys_of(epoch), home.keys_of(epoch)
        for ending in ("", "-wal"):  # what a kill left in the log of changes belongs to it
            part = source.with_name(source.name + ending)
            if part.exists():
                shutil.copyfile(part, to.with_name(to.name + ending))
                to.with_name(to.name + ending).chmod(0o600)
        if older.head.exists():
            replace(home.head, read(older.head))
        if epoch != FIRST_EPOCH:
            home.move_on(epoch)
    except OSError as err:
        raise StoreUnavailableError(f"`{older.folder}` cannot be read") from err
    finally:
        lock.release()


def _keys_of_backup(new: NewHome, place: ObjectStore, manifest: Manifest, slots: Path) -> None:
    home, epoch = new.home, manifest.epoch
    slot = slots / f"{SLOT}{epoch}"
    if not slot.is_file():
        raise NotFoundError(f"there is no slot of epoch {epoch}: what lay under it opens no more")
    replace(home.slots / str(epoch), read(slot))
    for path in sorted(slots.glob(f"{UNLOCK}*")):
        replace(home.unlock_slot(path.name.removeprefix(UNLOCK)), read(path))
    replace(home.epoch_key_of(epoch), manifest.key)
    _key_set(new, place, manifest)
    ruling(home)  # one way in, or it is no place of slots


def _key_set(new: NewHome, place: ObjectStore, manifest: Manifest) -> None:
    new.keys(manifest.epoch).restore(place, backup_of(manifest.keys))
    if manifest.epoch != FIRST_EPOCH:
        new.home.move_on(manifest.epoch)
