"""The folder that is a vault: what lies where, who may read it, and how a file is replaced.

    vault.db      rows of everything, encrypted        keys-N.db   the key set, encrypted
    objects/      packs of larger content, sealed      keys-N.key  the epoch's key under its slot
    unlock/NAME   the root key under a passphrase      slot/N      the epoch's slot under the root
    HEAD          the newest checkpoint of the log     epoch       N, once it is not 1 any more
    stores.toml   where rows and packs lie, if they    lock        held by the one that writes
                  lie on servers and not here          reserve/    room for a full disk

- The folder is 0700 and each file 0600, or the vault does not open.
- N is the epoch in force: one small file names it, so one rename moves on to the next.
- A file is replaced whole: written beside, synced, renamed, and the folder synced.

Source: docs/spec/03-keys.md section 10.
"""

import fcntl
import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from sealhold.model.errors import (
    InsecureHomeError,
    NewerFormError,
    NoHomeError,
    OlderFormError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    TakenError,
    TamperedError,
)
from sealhold.stores.spec import NO_ROOM

OWNER_ONLY = 0o700
FORM = 3  # of the rows that this program reads and writes
FIRST_FORM = 1  # of a home that does not say
SWITCHING = b"switching %d\n"  # and to which form
_SWITCHING = re.compile(rb"switching ([1-9][0-9]{0,8})\n")
_FORM = re.compile(rb"(?:0|[1-9][0-9]{0,8})\n")
FIRST_EPOCH = 1  # a new vault begins with it; closing an epoch makes the next
_NUMBER = re.compile(rb"([1-9][0-9]{0,17})\n")
_PART = re.compile(r"keys-[0-9]+\.db(?:-\w+)?")
_OF_EPOCH = re.compile(r"keys-([1-9][0-9]{0,17})\.(?:db|key)")


@dataclass(frozen=True, slots=True)
class Home:
    """Where each part of the vault in `folder` lies."""

    folder: Path
    places: bytes = b""  # what `stores.toml` is made with; if empty, it is not made

    @property
    def stores(self) -> Path:
        """Where rows and packs lie, if they lie elsewhere."""
        return self.folder / "stores.toml"

    @property
    def data(self) -> Path:
        """The database of rows."""
        return self.folder / "vault.db"

    @property
    def epoch(self) -> int:
        """The number of the epoch in force.

        Raises:
            TamperedError: what was kept is none.
        """
        try:
            said = _NUMBER.fullmatch((self.folder / "epoch").read_bytes())
        except FileNotFoundError:
            return FIRST_EPOCH
        except OSError as err:
            raise TamperedError("`epoch` cannot be read") from err
        # THREAT T222: one written form; any other number names an epoch that is not there
        if said is None:
            raise TamperedError("`epoch` is not what was written")
        return int(said[1])

    def move_on(self, epoch: int) -> None:
        """Put an epoch in force: after a crash it is the old one or the new."""
        replace(self.folder / "epoch", b"%d\n" % epoch)

    def keys_of(self, epoch: int) -> Path:
        """The database of an epoch's wrapped keys."""
        return self.folder / f"keys-{epoch}.db"

    def epoch_key_of(self, epoch: int) -> Path:
        """An epoch's key, wrapped under its slot."""
        return self.folder / f"keys-{epoch}.key"

    def epochs_of_keys(self) -> set[int]:
        """Return the epochs of which there is a key or a key set."""
        names = (_OF_EPOCH.fullmatch(path.name) for path in self.folder.iterdir())
        return {int(found[1]) for found in names if found}

    def forget_keys(self, epoch: int) -> None:
        """Take away the key and the key set of an epoch, durably.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        try:
            for path in self.folder.glob(f"keys-{epoch}.*"):
                path.unlink(missing_ok=True)
            sync(self.folder)
        except OSError as err:
            raise StoreUnavailableError(f"`keys-{epoch}` cannot be taken away") from err

    @property
    def objects(self) -> Path:
        """The folder of packs."""
        return self.folder / "objects"

    @property
    def compiled(self) -> Path:
        """The folder of compiled programs, sealed; made when needed, and anew if it is lost."""
        return self.folder / "compiled"

    @property
    def head(self) -> Path:
        """The newest checkpoint."""
        return self.folder / "HEAD"

    @property
    def form(self) -> int:
        """The number of the form that the home's rows have.

        Raises:
            TamperedError: what was kept is none.
            OlderFormError: an upgrade was begun and not ended.
        """
        try:
            said = (self.folder / "form").read_bytes()
        except FileNotFoundError:
            return FIRST_FORM
        except OSError as err:
            raise TamperedError("`form` cannot be read") from err
        if _SWITCHING.fullmatch(said):
            raise OlderFormError("an upgrade was begun and not ended")
        if _FORM.fullmatch(said) is None:
            raise TamperedError("`form` is not what was written")
        return int(said)

    def set_form(self, form: int) -> None:
        """Note the form of the rows that lie here."""
        replace(self.folder / "form", b"%d\n" % form)

    def begin_switch(self, form: int) -> None:
        """Note that rows of a form lie beside these, whole, and are to take their place."""
        replace(self.folder / "form", SWITCHING % form)

    @property
    def switching_to(self) -> int | None:
        """The form of the rows that were to take the place of these when a process died."""
        path = self.folder / "form"
        said = _SWITCHING.fullmatch(path.read_bytes()) if path.exists() else None
        return int(said[1]) if said else None

    @property
    def next_data(self) -> Path:
        """The database of rows in the next form, while it is made."""
        return self.folder / "vault.db.next"

    def take_next_data(self) -> None:
        """Put the new rows into the place of the old ones, if that is still to be done.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        try:
            if self.next_data.exists():
                self.next_data.replace(self.data)
            sync(self.folder)
        except OSError as err:
            raise StoreUnavailableError("`vault.db` cannot be replaced") from err

    @property
    def snapshots(self) -> Path:
        """The chain of snapshots, while the rows have a form without any."""
        return self.folder / "snapshots"

    @property
    def restored(self) -> Path:
        """The mark of a home that was filled from a backup, until its owner said that it counts."""
        return self.folder / "restored"

    @property
    def reserve(self) -> Path:
        """The folder of room that is kept for the day on which the disk is full."""
        return self.folder / "reserve"

    @property
    def slots(self) -> Path:
        """The folder of epoch slots."""
        return self.folder / "slot"

    def unlock_slot(self, name: str) -> Path:
        """The root key, wrapped for one way of unlocking."""
        return self.folder / "unlock" / name

    def sweep(self) -> None:
        """Take away what a killed process had begun to write of keys and rows; the rest stays."""
        # THREAT T428: a copy that nobody puts in any more would keep what is erased from now on
        for ending in ("", "-wal", "-shm", "-journal"):
            self.next_data.with_name(self.next_data.name + ending).unlink(missing_ok=True)
        begun = (*self.folder.glob(".keys-*.key.new"), self.folder / ".epoch.new")
        for path in (*begun, *self.slots.glob(".*.new")):
            path.unlink(missing_ok=True)
        for path in self.folder.glob(".tmp-????????"):
            if path.is_dir() and all(_PART.fullmatch(each.name) for each in path.iterdir()):
                shutil.rmtree(path, ignore_errors=True)

    def make(self) -> None:
        """Make the empty folders.

        Raises:
            TakenError: the folder holds something already.
            StoreUnavailableError: the disk refuses.
        """
        try:
            self.folder.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise TakenError(f"`{self.folder}` is not empty")
            self.folder.chmod(OWNER_ONLY)
            for name in ("objects", "slot", "unlock"):
                (self.folder / name).mkdir(mode=OWNER_ONLY)
            self.set_form(FORM)
            if self.places:
                replace(self.stores, self.places)
        except OSError as err:
            raise StoreUnavailableError(f"`{self.folder}` cannot be made") from err

    def clear(self) -> None:
        """Take away what was made since `make`, as far as the disk lets us."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def check(self) -> None:
        """Refuse a folder that is no vault, lacks a part, or may be read by others.

        Raises:
            NoHomeError: no vault is here.
            TamperedError: a part is missing.
            InsecureHomeError: others may read it.
            StoreUnavailableError: it cannot be read by us.
        """
        try:
            self._check()
        except OSError as err:
            raise StoreUnavailableError(f"`{self.folder}` cannot be read") from err

    def check_form(self) -> None:
        """Refuse rows of another form than this program reads.

        Raises:
            NewerFormError: a newer program wrote them.
            OlderFormError: they are to be brought to today's form first.
        """
        # THREAT T288: what is not understood is not opened, and never half
        form = self.form
        if form > FORM:
            raise NewerFormError(f"this vault has form {form}; this program reads form {FORM}")
        if form < FORM:
            raise OlderFormError(f"this vault has form {form}; this program reads form {FORM}")

    def _check(self) -> None:
        if not self.slots.is_dir() and not self.data.exists():
            raise NoHomeError(f"no vault in `{self.folder}`")
        self.check_form()
        rows = () if self.stores.exists() else (self.data,)  # else their server says if they lack
        epoch = self.epoch
        keys = (self.keys_of(epoch), self.epoch_key_of(epoch), self.slots / str(epoch))
        for path in (*rows, *keys, self.head):
            if not path.is_file():
                if self.epoch != epoch:  # whoever has the vault open moved on meanwhile
                    self._check()
                    return
                raise TamperedError(f"`{path.relative_to(self.folder)}` is missing")
        for folder in (self.objects, self.slots, self.folder / "unlock"):
            if not folder.is_dir():
                raise TamperedError(f"`{folder.name}` is missing")
        for path in (self.folder, *sorted(self.folder.rglob("*"))):
            # THREAT T70: a home that other users of the machine may read
            if _mode(path) & (stat.S_IRWXG | stat.S_IRWXO):
                raise InsecureHomeError(f"`{path}` may be read by other users")


class Lock:
    """Held from start to end by the one process that writes; the system frees it if that dies."""

    def __init__(self, home: Home) -> None:
        path = home.folder / "lock"
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as err:
            raise StoreUnavailableError(f"`{path}` cannot be opened") from err
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            os.close(self._file)
            raise StoreBusyError(f"`{home.folder}` is open in another process") from err

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._file)


def _mode(path: Path) -> int:
    """Return who may do what; nobody anything with a link, or with what has just gone away."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:  # a file that another process, which has the home open, is done with
        return 0
    return 0 if stat.S_ISLNK(mode) else mode


def replace(path: Path, content: bytes) -> None:
    """Write `content` to `path`: after a crash the old bytes stand there or the new, whole.

    Raises:
        StoreFullError: no room; the old bytes stand.
        StoreUnavailableError: the disk refuses; the old bytes stand, or after a failed sync these.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            left = memoryview(content)
            while left:  # a full disk takes a part, and says so at the next try
                left = left[os.write(handle, left) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(path)
        sync(path.parent)
    except OSError as err:
        if err.errno in NO_ROOM:
            raise StoreFullError(f"no room for `{path.name}`") from err
        raise StoreUnavailableError(f"`{path.name}` cannot be written") from err


def sync(folder: Path) -> None:
    """Make what was renamed or removed in a folder outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> bytes:
    """Return the bytes of a file of the home.

    Raises:
        TamperedError: it is gone or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as err:
        raise TamperedError(f"`{path.name}` cannot be read") from err
