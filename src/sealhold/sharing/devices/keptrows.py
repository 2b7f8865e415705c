"""What a folder held when it was last equal to the vault: a row for each thing in it.

- A row is told apart from what stands there now by size, times and inode, and by content only
  where these cannot tell: within two seconds of the last look a file may change and show it not.
- A step is what is about to be done to the disk. It is kept before it is done, so that after a
  kill the rows can be made true again.

Source: docs/spec/47-folders.md section 5.
"""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

import msgspec

RACY = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use (FAT) steps by this


class Kind(Enum):
    """What lies at a path."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"


class Stat(NamedTuple):
    """What changes when a file does."""

    size: int  # bytes
    mtime_ns: int
    ctime_ns: int
    inode: int


class Seen(NamedTuple):
    """What a look at the disk finds."""

    kind: Kind
    stat: Stat
    mode: int  # permissions, 9 bits


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A file, folder or link as it was when folder and vault were equal."""

    path: str  # shown names, joined by `/`
    object: bytes  # 16 bytes
    kind: Kind
    stat: Stat
    mode: int
    digest: bytes  # keyed, of the content; empty for a folder
    version: bytes  # 16 bytes: the version that is in the folder; empty for a folder
    looked_ns: int  # when it was last read, by the clock of here


@dataclass(frozen=True, slots=True)
class Step:
    """What is about to be done: `before` becomes `after`; None for what is not there."""

    before: Row | None
    after: Row | None


class Kept(Protocol):
    """Keeps the rows of one folder, durably. Each call is one unit: all of it or nothing."""

    def rows(self) -> Mapping[str, Row]:
        """Return all rows, by path."""
        ...

    def settle(self, drops: Iterable[str], puts: Iterable[Row]) -> None:
        """Drop rows by path, put others, and forget all steps."""
        ...

    def intend(self, steps: Iterable[Step]) -> None:
        """Keep what is about to be done, in place of the steps that are kept."""
        ...

    def steps(self) -> list[Step]:
        """Return the steps that were kept and not forgotten."""
        ...


class MemoryKept:
    """Rows in memory."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._steps: list[Step] = []

    def rows(self) -> Mapping[str, Row]:
        """Return all rows, by path."""
        return self._rows

    def settle(self, drops: Iterable[str], puts: Iterable[Row]) -> None:
        """Drop rows by path, put others, and forget all steps."""
        for path in list(drops):
            self._rows.pop(path, None)
        self._rows.update((row.path, row) for row in puts)
        self._steps = []

    def intend(self, steps: Iterable[Step]) -> None:
        """Keep what is about to be done, in place of the steps that are kept."""
        self._steps = list(steps)

    def steps(self) -> list[Step]:
        """Return the steps that were kept and not forgotten."""
        return list(self._steps)


def seen_of(found: os.stat_result) -> Seen | None:
    """Return what a look found; None if it is no file, folder or link."""
    mode = found.st_mode
    if stat.S_ISREG(mode):
        kind = Kind.FILE
    elif stat.S_ISDIR(mode):
        kind = Kind.FOLDER
    elif stat.S_ISLNK(mode):
        kind = Kind.LINK
    else:
        return None
    state = Stat(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
    return Seen(kind, state, mode & 0o777)


def is_as_kept(row: Row, seen: Seen | None) -> bool:
    """Return whether nothing that a look can tell changed since the row was written."""
    if seen is None or seen.kind is not row.kind:
        return False
    return row.kind is Kind.FOLDER or seen.stat == row.stat


def is_racy(row: Row) -> bool:
    """Return whether it may have changed since without a sign: it was read so soon after."""
    if row.kind is Kind.FOLDER:
        return False
    newest = max(row.stat.ctime_ns, row.stat.mtime_ns)
    return abs(row.looked_ns - newest) < RACY or row.stat.ctime_ns > row.looked_ns


def below(path: str, top: str) -> bool:
    """Return whether `path` is `top` or lies in it."""
    return path == top or path.startswith(f"{top}/")


def moved(rows: Mapping[str, Row], source: str, target: str) -> list[tuple[Row, str]]:
    """Return each row that moves with `source`, and the path that it gets."""
    return [
        (row, target + path[len(source) :]) for path, row in rows.items() if below(path, source)
    ]
