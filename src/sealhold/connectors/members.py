"""Paths of files that lie in archives.

- Such a path is that of the archive with the member's name behind it: so it is told to people. To
  the system there is the archive alone.

Source: docs/spec/45-staging.md section 1.
"""

import os
from pathlib import Path, PosixPath
from stat import S_ISREG
from typing import Self

from sealhold.connectors.archives import HEAD, is_archive


class Member(PosixPath):
    """A file in an archive."""

    __slots__ = ("archive", "member", "size")
    archive: Path
    member: str
    size: int  # bytes, as the archive says

    @classmethod
    def of(cls, archive: Path, member: str, size: int = 0) -> Self:
        """Return the path of a member."""
        found = cls(archive, member)
        found.archive, found.member, found.size = archive, member, size
        return found

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        """Return what the system says of the archive."""
        return self.archive.stat(follow_symlinks=follow_symlinks)

    def is_dir(self) -> bool:
        """A member is a file."""
        return False

    def exists(self) -> bool:
        """Whether its archive is there."""
        return self.archive.exists()


def archive_of(path: Path) -> Path:
    """Return the file that the system knows."""
    return path.archive if isinstance(path, Member) else path


def member_of(path: Path) -> str | None:
    """Return what is meant within it; None if the file itself is."""
    return path.member if isinstance(path, Member) else None


def may_be_archive(path: Path) -> bool:
    """Return whether a file begins as an archive does; one that cannot be opened is none."""
    if isinstance(path, Member):
        return False
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        # a pipe or a device is never waited for
        return S_ISREG(os.fstat(file).st_mode) and is_archive(os.pread(file, HEAD, 0))
    except OSError:
        return False
    finally:
        os.close(file)


def size_of(path: Path) -> int:
    """Return how many bytes there are to be read, as far as it is known.

    Raises:
        OSError: the file cannot be looked at.
    """
    return path.size if isinstance(path, Member) else path.stat().st_size
