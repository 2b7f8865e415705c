"""Calls of the file system below one folder: by the descriptor of a folder, and through no link.

- Each part of a path is opened by itself and refused if it is a link. So whoever swaps a folder
  for a link meanwhile leads nothing out of the folder.
- A path is text with `/` between its names; "" is the folder itself.
- Who works on many files has their folders stay open, for an instant: each is opened once.
- Here are the steps that a kill can fall between; tests put a disk in their place that dies.

Source: docs/spec/47-folders.md section 5.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from sealhold.stores.pieces import write_all

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # NONBLOCK: a pipe in its place
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_BEGIN = 2  # SYNC_FILE_RANGE_WRITE of Linux
INSTANT = 0.05  # seconds that a folder stays open at most, before it is opened anew
MOST_OPEN = 64  # folders


class Disk:
    """The file system below `root`, which must be a folder."""

    def __init__(self, root: Path) -> None:
        self.root = os.open(root, _FOLDER)
        self.device = os.fstat(self.root).st_dev
        self._open: dict[str, int] = {}  # folders that stay open
        self._open_or_above: set[str] = set()  # these, and all above them
        self._until: float | None = None  # when they are closed; None: none stays open
        self._uses = 0  # of folders that stay open, just now

    def close(self) -> None:
        """Let go of the folder."""
        self._let_go()
        os.close(self.root)

    @contextmanager
    def many(self) -> Iterator[None]:
        """Have folders stay open, each for an instant, while many files are worked on."""
        self._until = 0.0
        try:
            yield
        finally:
            self._until = None
            self._let_go()

    @contextmanager
    def folder(self, path: str) -> Iterator[int]:
        """Open a folder, part by part.

        Raises:
            OSError: absent, no folder, or a link on the way.
        """
        if self._until is None or not path:
            with self._opened(path) as at:
                yield at
            return
        found = self._stays_open(path)
        self._uses += 1
        try:
            yield found
        finally:
            self._uses -= 1

    def _stays_open(self, path: str) -> int:
        """Return a folder that stays open for an instant."""
        now = monotonic()
        if not self._uses and (now > (self._until or 0.0) or len(self._open) >= MOST_OPEN):
            # THREAT T468: a folder that is swapped for a link, or moved out, is noticed soon
            self._let_go()
            self._until = now + INSTANT
        found = self._open.get(path)
        if found is None:
            with self._opened(path) as fresh:
                found = self._open[path] = os.dup(fresh)
            above = path
            while above and above not in self._open_or_above:
                self._open_or_above.add(above)
                above = above.rpartition("/")[0]
        return found

    def _let_go(self, under: str = "") -> None:
        """Close what stays open: a folder and what lies in it, or all."""
        if under and under not in self._open_or_above:
            return
        gone = [path for path in self._open if not under or f"{path}/".startswith(f"{under}/")]
        for path in gone:
            os.close(self._open.pop(path))
        if not self._open:
            self._open_or_above.clear()

    @contextmanager
    def _opened(self, path: str) -> Iterator[int]:
        if not path:
            yield self.root
            return
        at = os.dup(self.root)
        try:
            for name in path.split("/"):
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
        if self._until is None or not above:
            with self.folder(above) as folder:
                yield folder, name
            return
        folder = self._stays_open(above)
        self._uses += 1
        try:
            yield folder, name
        finally:
            self._uses -= 1

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
        write_all(handle, piece)

    def dress(self, handle: int, mode: int, mtime_ns: int) -> None:
        """Give an open file its permissions and its time of change."""
        os.fchmod(handle, mode & 0o777)
        os.utime(handle, ns=(mtime_ns, mtime_ns))

    def sync(self, handle: int) -> None:
        """Return once an open file would survive a power cut."""
        os.fsync(handle)

    def begin_sync(self, handle: int) -> None:
        """Have what was written to an open file go to the disk from now on; wait for nothing."""
        none = ctypes.c_int64(0)
        with suppress(AttributeError):  # another system
            ctypes.CDLL(None).sync_file_range(handle, none, none, _BEGIN)

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
        self._let_go(source)
        self._let_go(target)

    def remove(self, path: str) -> None:
        """Remove a file or link."""
        with self.at(path) as (folder, name):
            os.unlink(name, dir_fd=folder)

    def remove_folder(self, path: str) -> None:
        """Remove a folder, which must be empty."""
        with self.at(path) as (folder, name):
            os.rmdir(name, dir_fd=folder)
        self._let_go(path)

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
