"""Small files on media that can be pulled out: read and written without following a link.

- A file counts if it is a plain one, lies on the medium itself, and has one name.
- A medium is told from others by what its file system is called, if that is kept on the medium.

Source: docs/spec/41-snapshots.md section 1.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealhold.crypto.digest import sha256
from sealhold.model.errors import UnavailableError

MOST: Final = 16_384  # bytes of a file
MOUNTS: Final = Path("/proc/self/mountinfo")
_BY_UUID: Final = Path("/dev/disk/by-uuid")
_KEPT: Final = frozenset({"ext2", "ext3", "ext4", "tmpfs"})  # whose `f_fsid` is of the medium
_DIGITS: Final = 32
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Lying:
    """A file as it lies on a medium."""

    folder: Path
    mark: tuple[int, ...]  # another one for each file and each change of it
    content: bytes | None  # None: a link, or no plain file
    medium: str  # empty if nothing tells this medium from others


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    handle = os.open(folder, _FOLDER)
    try:
        yield handle
    finally:
        os.close(handle)


def lying(folder: Path, name: str) -> Lying | None:
    """Return the file `name` on the medium at `folder`; None if it is not there, or is away."""
    try:
        with _opened(folder) as at:
            return _read(folder, at, name)
    except OSError:
        return None


def _read(folder: Path, at: int, name: str) -> Lying | None:
    """Return the file, and nothing of it if it is not what it must be.

    Raises:
        OSError: it is not there, or the medium is away.
    """
    try:
        handle = os.open(name, _FILE, dir_fd=at)
    except OSError as err:
        if err.errno != errno.ELOOP:
            raise
        found = os.stat(name, dir_fd=at, follow_symlinks=False)
        return Lying(folder, (found.st_dev, found.st_ino, found.st_ctime_ns), None, "")
    try:
        seen, own = os.fstat(handle), os.fstat(at)
        mark = (seen.st_dev, seen.st_ino, seen.st_ctime_ns, seen.st_mtime_ns, seen.st_size)
        # THREAT T421: a link would keep alive what was pulled out with its medium
        is_plain = stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1 and seen.st_dev == own.st_dev
        if not is_plain or seen.st_size > MOST:
            return Lying(folder, mark, None, "")
        return Lying(folder, mark, os.read(handle, MOST), _medium(at))
    finally:
        os.close(handle)


def write(folder: Path, name: str, content: bytes) -> None:
    """Write a small file onto a medium: after a cut the old bytes stand there or the new, whole.

    Raises:
        UnavailableError: the medium is away, is full, or takes no writing.
    """
    beside = f".{name}.new"
    try:
        with _opened(folder) as at:
            with suppress(FileNotFoundError):
                os.unlink(beside, dir_fd=at)
            handle = os.open(beside, _NEW, 0o600, dir_fd=at)
            try:
                os.write(handle, content)
                os.fsync(handle)
            finally:
                os.close(handle)
            os.rename(beside, name, src_dir_fd=at, dst_dir_fd=at)
            os.fsync(at)
    except OSError as err:
        raise UnavailableError("the medium cannot be written") from err


def medium_at(folder: Path) -> str:
    """Return what tells the medium at `folder` from others; empty if nothing does.

    Raises:
        UnavailableError: there is no such folder, or it is a link.
    """
    try:
        with _opened(folder) as at:
            return _medium(at)
    except OSError as err:
        raise UnavailableError("there is no such folder, or it is a link") from err


def _medium(at: int) -> str:
    device = os.fstat(at).st_dev
    with suppress(OSError):
        for each in _BY_UUID.iterdir():
            if each.stat().st_rdev == device:
                return _named(f"uuid {each.name}")
    number = os.fstatvfs(at).f_fsid
    return _named(f"fsid {number}") if number and _kind(device) in _KEPT else ""


def _named(text: str) -> str:
    return sha256(text.encode()).hex()[:_DIGITS]


def _kind(device: int) -> str:
    """Return the kind of the file system of a device, as the mount table says it."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in MOUNTS.read_text(errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [number] and after:
            return after.split()[0]
    return ""
