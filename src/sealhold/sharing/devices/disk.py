"""Calls of the file system below one folder: by the descriptor of a folder, and through no link.

- Each part of a path is opened by itself and refused if it is a link. So whoever swaps a folder
  for a link meanwhile leads nothing out of the folder.
- A path is text with `/` between its names; "" is the folder itself.
- Here are the steps that a kill can fall between; tests put a disk in their place that dies.

Source: docs/spec/47-folders.md section 5.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a pipe in its place
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Disk:
    """The file system below `root`, which must be a folder."""

    def __init__(self, root: Path) -> None:
        self.root = os.open(root, _FOLDER)
        self.device = os.fstat(self.root).st_dev

    def close(self) -> None:
        """Let go of the folder."""
        os.close(self.root)

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Open a folder, part by part.

        Raises:
            OSError: absent, no folder, or a link on the way.
        """
        at = os.dup(self.root)
        try:
            for name in path.split("/") if path else ():
                _check(name)
                # THREAT T468: a link on the way ends it.
                below = os.open(name, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
            yield at
        finally:
            os.close(at)

    def stat(self, path: str) -> os.stat_result | None:
        """Return what stands at `path`, a link as itself; None if nothing does.

        Raises:
            OSError: the way there is no way of folders, or cannot be read.
        """
        try:
            with self.at(path) as (folder, name):
                return os.stat(name, dir_fd=folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None

    @contextmanager
    def at(self, path: str) -> Iterator[tuple[int, str]]:
        """Open the folder that `path` lies in; give it with the last name."""
        above, _, name = path.rpartition("/")
        _check(name)
        with self.folder(above) as folder:
            yield folder, name

    def open(self, path: str) -> int:
        """Open a plain file to be read.

        Raises:
            OSError: absent, unreadable, a link, or no plain file.
        """
        with self.at(path) as (folder, name):
            handle = os.open(name, _READ, dir_fd=folder)
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError("no plain file")
        return handle

    def create(self, path: str) -> int:
        """Make a new file that its owner alone may read, and open it to be written."""
        with self.at(path) as (folder, name):
            return os.open(name, _CREATE, 0o600, dir_fd=folder)

    def write(self, handle: int, piece: bytes) -> None:
        """Write all of `piece`."""
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(handle, rest) :]

    def dress(self, handle: int, mode: int, mtime_ns: int) -> None:
        """Give an open file its permissions and its time of change."""
        os.fchmod(handle, mode & 0o777)
        os.utime(handle, ns=(mtime_ns, mtime_ns))

    def sync(self, handle: int) -> None:
        """Return once an open file would survive a power cut."""
        os.fsync(handle)

    def sync_all(self) -> None:
        """Return once all that was written to this file system would survive a power cut.

        Raises:
            OSError: the disk fails.
        """
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(self.root):
            raise OSError(ctypes.get_errno(), "syncfs")

    def sync_folder(self, path: str) -> None:
        """Return once the names in a folder would survive a power cut."""
        with self.folder(path) as folder:
            os.fsync(folder)

    def rename(self, source: str, target: str) -> None:
        """Give what is at `source` the place `target`, in one step."""
        with self.at(source) as (above, old), self.at(target) as (below, new):
            os.rename(old, new, src_dir_fd=above, dst_dir_fd=below)

    def remove(self, path: str) -> None:
        """Remove a file or link."""
        with self.at(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def remove_folder(self, path: str) -> None:
        """Remove a folder, which must be empty."""
        with self.at(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)

    def make_folder(self, path: str) -> None:
        """Make a folder."""
        with self.at(path) as (folder, name):
            os.mkdir(name, dir_fd=folder)

    def link_to(self, path: str, target: bytes) -> None:
        """Make a link that says `target`."""
        with self.at(path) as (folder, name):
            os.symlink(target, os.fsencode(name), dir_fd=folder)

    def says(self, path: str) -> bytes:
        """Return what a link says."""
        with self.at(path) as (folder, name):
            return os.readlink(os.fsencode(name), dir_fd=folder)


def _check(name: str) -> None:
    """Refuse a part of a path that is no name of something in its folder.

    Raises:
        OSError: it is none.
    """
    # THREAT T467: the last look at a name, whoever made the path.
    if name in {"", ".", ".."} or "\0" in name:
        raise OSError(errno.EINVAL, "no name of a file")
