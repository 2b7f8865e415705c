"""The folder that is a vault: what lies where, who may read it, and how a file is replaced.

    vault.db      rows of everything, encrypted        keys-1.db   the key set, encrypted
    objects/      packs of larger content, sealed      keys-1.key  the epoch's key under its slot
    unlock/NAME   the root key under a passphrase      slot/1      the epoch's slot under the root
    HEAD          the newest checkpoint of the log     lock        held by the one that writes
    stores.toml   where rows and packs lie, if they lie on servers and not here

- The folder is 0700 and each file 0600, or the vault does not open.
- A file is replaced whole: written beside, synced, renamed, and the folder synced.

Source: docs/spec/03-keys.md section 10.
"""

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from sealhold.model.errors import (
    InsecureHomeError,
    NoHomeError,
    StoreBusyError,
    StoreUnavailableError,
    TakenError,
    TamperedError,
)

OWNER_ONLY = 0o700
EPOCH = 1  # closing an epoch makes the next; a new vault begins with the first


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
    def keys(self) -> Path:
        """The database of wrapped keys."""
        return self.folder / f"keys-{EPOCH}.db"

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
    def epoch_key(self) -> Path:
        """The epoch's key, wrapped under the epoch's slot."""
        return self.folder / f"keys-{EPOCH}.key"

    @property
    def slots(self) -> Path:
        """The folder of epoch slots."""
        return self.folder / "slot"

    def unlock_slot(self, name: str) -> Path:
        """The root key, wrapped for one way of unlocking."""
        return self.folder / "unlock" / name

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

    def _check(self) -> None:
        if not self.slots.is_dir() and not self.data.exists():
            raise NoHomeError(f"no vault in `{self.folder}`")
        rows = () if self.stores.exists() else (self.data,)  # else their server says if they lack
        for path in (*rows, self.keys, self.epoch_key, self.slots / str(EPOCH), self.head):
            if not path.is_file():
                raise TamperedError(f"`{path.relative_to(self.folder)}` is missing")
        for folder in (self.objects, self.slots, self.folder / "unlock"):
            if not folder.is_dir():
                raise TamperedError(f"`{folder.name}` is missing")
        for path in (self.folder, *sorted(self.folder.rglob("*"))):
            # THREAT T70: a home that other users of the machine may read
            if _mode(path) & (stat.S_IRWXG | stat.S_IRWXO):
                raise InsecureHomeError(f"`{path}` may be read by other users")


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
        path = self._folder / str(epoch)
        replace(path, bytes(len(self[epoch])))
        path.unlink()

    def __iter__(self) -> Iterator[int]:
        return (int(path.name) for path in self._folder.iterdir() if path.name.isdecimal())

    def __len__(self) -> int:
        return sum(1 for _ in self)


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
        StoreUnavailableError: the disk refuses; the old bytes stand.
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
        folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as err:
        raise StoreUnavailableError(f"`{path.name}` cannot be written") from err


def read(path: Path) -> bytes:
    """Return the bytes of a file of the home.

    Raises:
        TamperedError: it is gone or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as err:
        raise TamperedError(f"`{path.name}` cannot be read") from err
