"""Objects in a plain folder: a stick, or a folder that is shared or synced by other software.

- The disk needs no links and no rename. A file is made under its own name, once (`O_EXCL`),
  written while it is locked, synced, and only then gets the trailer that makes it an object.
- What has no trailer of its own length and name is no object, whoever left it. A put that finds
  such a file waits for its lock; once nobody writes it, it is taken away and written anew.
- Nothing is written through a link, and no folder is entered through one.
- Marks behind each part of a name keep `a` and `a/b` apart, and are letters that no disk folds,
  drops at an end, or keeps for devices.
- Before the first put the folder is tried, and refused if it cannot lock, range, list or sync.

Source: docs/spec/04-stores.md section 14.
"""

import fcntl
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from errno import EINVAL, EISDIR, ELOOP, ENOLCK, ENOSYS, ENOTDIR, ENXIO, EOPNOTSUPP
from pathlib import Path
from stat import S_ISREG
from threading import Lock

from sealhold.model.errors import (
    InvalidError,
    ObjectNotFoundError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
    UnfitFolderError,
)
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.stores.objectnames import check_range, checked
from sealhold.stores.pieces import write_all
from sealhold.stores.spec import NO_ROOM, Kept
from sealhold.stores.trailer import TRAILER, is_of, length_in, trailer

FOLDER_MARK = "+"  # no object name has one, and no short name of FAT
FILE_MARK = "="  # likewise; it also keeps a last dot, and names that are a device elsewhere
FOLDER_MODE, FILE_MODE = 0o700, 0o600  # where the disk knows modes
TRIES = 100  # a rival may take a file for one that nobody finishes in the moment before its lock

_PROBE = "probe"  # the first part of a name that a trial leaves for a moment
# THREAT T350: a link, a pipe or a device that lies where an object belongs is never written to
_SAFE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_IN_THE_WAY = (ELOOP, ENOTDIR, EISDIR, ENXIO)
_CANNOT = (ENOLCK, ENOSYS, EINVAL, EOPNOTSUPP)


class FolderObjects:
    """Keeps objects in `folder`, which must exist."""

    def __init__(self, folder: Path, probe: str) -> None:
        """Begin; the folder is tried before the first put, so that one may be read that is fixed.

        Args:
            folder: where they lie.
            probe: a name that nobody else uses, for the trial.

        Raises:
            InvalidError: `probe` is no part of a name.
        """
        self._folder = folder
        self._probe = checked(ObjectName(f"{_PROBE}/{probe}"))
        self._trial, self._is_tried = Lock(), False

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        checked(name)
        with self._trial:
            if not self._is_tried:
                self._try_out()
                self._is_tried = True
        return self._keep(name, bytes(sealed))

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        checked(name)
        check_range(offset, length)
        with self._found(name) as (file, found, size):
            end = max(size, offset) if length is None else offset + length
            if end > size:
                raise TamperedError(f"object `{name}` has {size} bytes; asked up to {end}")
            content = os.pread(file, end - offset, offset)
            # a disk that lost what it said was synced; a part of an object is for its seal to check
            is_whole = end - offset < size or is_of(found, content)
        if len(content) != end - offset or not is_whole:
            raise TamperedError(f"object `{name}` is not what was written")
        return SealedBytes(content)

    def head(self, name: ObjectName) -> int:
        with self._found(checked(name)) as (_file, _trailer, size):
            return size

    def delete(self, name: ObjectName) -> None:
        checked(name)
        with suppress(ObjectNotFoundError), self._entered(name) as folder:
            os.unlink(_file_of(name), dir_fd=folder)
            os.fsync(folder)

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        with self._opened(prefix) as base:
            found = sorted(set(_names_in(base, "", prefix)))
        return iter([name for name in found if not name.startswith(f"{_PROBE}/")])

    def _keep(self, name: ObjectName, content: bytes) -> Kept:
        """Write an object, or find it.

        Raises:
            StoreBusyError: others write it and never end.
        """
        with self._entered(name, make=True) as folder:
            for _each in range(TRIES):
                kept = _placed(folder, name, content)
                if kept is not None:
                    os.fsync(folder)  # after EXISTS too: the first writer may have died before this
                    return kept
        raise StoreBusyError(f"object `{name}` is being written by others")

    @contextmanager
    def _found(self, name: ObjectName) -> Iterator[tuple[int, bytes, int]]:
        """Lend the file of a whole object, its trailer, and the object's length.

        Raises:
            ObjectNotFoundError: there is none.
        """
        with self._entered(name) as folder:
            file = os.open(_file_of(name), os.O_RDONLY | _SAFE, dir_fd=folder)
            try:
                last, length = _whole(file, name)
                if length is None:
                    raise ObjectNotFoundError(f"no whole object `{name}`")
                yield file, last, length
            finally:
                os.close(file)

    @contextmanager
    def _entered(self, name: ObjectName, *, make: bool = False) -> Iterator[int]:
        """Lend the folder in which an object's file lies; each on the way was entered by itself.

        Raises:
            ObjectNotFoundError: there is no such folder, or no such file in it.
        """
        with self._opened(name) as base:
            at = os.dup(base)
            try:
                for part in name.split("/")[:-1]:
                    below = _below(at, part + FOLDER_MARK, make=make)
                    at = _closed(at, below)
                yield at
            except FileNotFoundError as err:
                raise ObjectNotFoundError(f"no object `{name}`") from err
            finally:
                os.close(at)

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        """Lend the folder itself; that it is away says nothing of any object."""
        with _answering(name):
            base = os.open(self._folder, _FOLDER)
            try:
                yield base
            finally:
                os.close(base)

    def _try_out(self) -> None:
        """Have two put at once, lock, read a part, list, and take up what nobody finished.

        Raises:
            UnfitFolderError: the disk does not do one of these.
            StoreFullError: it is full.
            StoreUnavailableError: no answer.
        """
        name, offers = self._probe, [bytes([each]) * 100 + b"end" for each in range(2)]
        try:
            with self._entered(name, make=True) as folder:
                _check_locks(folder, _file_of(name))  # and leaves a file that nobody finishes
            with ThreadPoolExecutor(len(offers)) as pool:
                kept = list(pool.map(lambda offer: self._keep(name, offer), offers))
            if kept.count(Kept.CREATED) != 1 or self._keep(name, b"late") is not Kept.EXISTS:
                raise UnfitFolderError("the folder lets two writers put one name")
            if self.get(name, 98, 4) != offers[kept.index(Kept.CREATED)][98:102]:
                raise UnfitFolderError("the folder gives out other bytes than were asked for")
            with self._opened(name) as base:
                if name not in _names_in(base, "", _PROBE):
                    raise UnfitFolderError("the folder does not list what was just put")
        except StoreUnavailableError as err:
            if isinstance(err.__cause__, OSError) and err.__cause__.errno in _CANNOT:
                raise UnfitFolderError("the disk of the folder cannot lock or sync") from err
            raise
        except ObjectNotFoundError as err:
            raise UnfitFolderError("the folder does not find what was just put") from err
        finally:
            with suppress(StoreUnavailableError):
                self.delete(name)


def _placed(folder: int, name: ObjectName, content: bytes) -> Kept | None:
    """Make the file of an object, or look at the one that is there; None is to be tried again."""
    file, is_new = _file_of(name), True
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | _SAFE, FILE_MODE, dir_fd=folder)
    except FileExistsError:
        is_new = False
        try:
            handle = os.open(file, os.O_RDWR | _SAFE, dir_fd=folder)
        except FileNotFoundError:
            return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # waits for whoever writes it
        if not _lies_at(handle, folder, file):
            return None
        if is_new:
            _write(handle, folder, name, content)
            # a writer on another machine, whose locks ours are not, may have taken it away
            return Kept.CREATED if _lies_at(handle, folder, file) else None
        if _whole(handle, name)[1] is None:  # its writer is dead
            os.unlink(file, dir_fd=folder)
            return None
        os.fsync(handle)
        return Kept.EXISTS
    finally:
        os.close(handle)


def _write(handle: int, folder: int, name: ObjectName, content: bytes) -> None:
    """Write the object, sync it, and then its trailer; leave nothing if that fails.

    Raises:
        OSError: of the disk.
    """
    try:
        for part in (content, trailer(name, content)):
            write_all(handle, part)
            # INVARIANT: the trailer reaches the disk after all that it speaks of
            os.fsync(handle)
    except OSError:
        with suppress(OSError):
            os.unlink(_file_of(name), dir_fd=folder)
        raise


def _whole(handle: int, name: ObjectName) -> tuple[bytes, int | None]:
    """Return a file's last bytes, and the object's length if it is whole.

    Raises:
        TamperedError: it is a device, a pipe or a folder.
    """
    told = os.fstat(handle)
    if not S_ISREG(told.st_mode):
        raise TamperedError(f"something else lies where object `{name}` belongs")
    last = os.pread(handle, TRAILER, max(told.st_size - TRAILER, 0))
    return last, length_in(last, name, told.st_size)


def _names_in(folder: int, above: str, prefix: str) -> Iterator[ObjectName]:
    """Find whole objects below a folder; what other software left there is passed over."""
    for entry in {each.lower() for each in os.listdir(folder)}:  # some disks show capitals
        part, mark = entry[:-1], entry[-1:]
        with suppress(InvalidError, FileNotFoundError, TamperedError):
            name = checked(ObjectName(above + part))
            if mark == FOLDER_MARK and f"{name}/".startswith(prefix[: len(name) + 1]):
                yield from _names_below(folder, name, prefix)
            elif mark == FILE_MARK and name.startswith(prefix) and _is_whole(folder, name):
                yield name


def _names_below(folder: int, name: ObjectName, prefix: str) -> Iterator[ObjectName]:
    with _kept_clear(name):
        below = _below(folder, name.rpartition("/")[2] + FOLDER_MARK, make=False)
    try:
        yield from _names_in(below, f"{name}/", prefix)
    finally:
        os.close(below)


def _is_whole(folder: int, name: ObjectName) -> bool:
    with _kept_clear(name):
        handle = os.open(_file_of(name), os.O_RDONLY | _SAFE, dir_fd=folder)
    try:
        return _whole(handle, name)[1] is not None
    finally:
        os.close(handle)


def _check_locks(folder: int, file: str) -> None:
    """Make an empty file and see that its lock keeps another out.

    Raises:
        UnfitFolderError: it does not.
    """
    flags = os.O_RDWR | os.O_CREAT | _SAFE
    ours = os.open(file, flags, FILE_MODE, dir_fd=folder)
    other = os.open(file, flags, FILE_MODE, dir_fd=folder)
    try:
        fcntl.flock(ours, fcntl.LOCK_EX)
        with suppress(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            raise UnfitFolderError("the disk of the folder lets two hold one lock")
    finally:
        os.close(ours)
        os.close(other)


def _below(folder: int, part: str, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(part, FOLDER_MODE, dir_fd=folder)
        os.fsync(folder)
    return os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=folder)


def _closed(done: int, going_on: int) -> int:
    os.close(done)
    return going_on


def _lies_at(handle: int, folder: int, file: str) -> bool:
    try:
        there = os.stat(file, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(handle), there)


def _file_of(name: ObjectName) -> str:
    return name.rpartition("/")[2] + FILE_MARK


@contextmanager
def _answering(name: str) -> Iterator[None]:
    try:
        with _kept_clear(name):
            yield
    except OSError as err:
        if err.errno in NO_ROOM:
            raise StoreFullError(f"no room for object `{name}`") from err
        raise StoreUnavailableError(f"object `{name}` cannot be reached") from err


@contextmanager
def _kept_clear(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as err:
        if err.errno in _IN_THE_WAY:
            raise TamperedError(f"something else lies where object `{name}` belongs") from err
        raise
