"""A look through a folder: what lies where, and what is passed over and why.

- A scan is the truth about a folder; what a watcher reports only says when to scan.
- No link is followed, and nothing is opened but folders. Another file system that is mounted
  below is passed over: its numbers of files mean other files.
- Without its marker a folder is not what it was: a disk that is not mounted looks empty.

Source: docs/spec/47-folders.md section 5.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sealhold.model.errors import FolderGoneError
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.filenames import is_name
from sealhold.sharing.devices.ignoring import IGNORE_FILE, MAX_IGNORE, NONE, Ignoring, read_rules
from sealhold.sharing.devices.keptrows import Kind, Row, Seen, below, seen_of
from sealhold.sharing.devices.namespace import MAX_DEPTH

MARKER = ".sealhold"  # the file by which a folder is known to be the one that is kept
PART = ".sealhold-part-"  # how the name of a file begins that is being written
MARKER_BYTES = 16


class Reason(StrEnum):
    """Why something in a folder is passed over."""

    IGNORED = "ignored"  # by a rule of `.sealholdignore`
    SPECIAL = "special"  # a device, a socket or a pipe
    NAME = "name"  # a name that is taken in nowhere
    DEPTH = "depth"  # a path of too many names
    UNREADABLE = "unreadable"  # permission, or a failing disk
    ELSEWHERE = "elsewhere"  # another file system is mounted there


@dataclass(slots=True)
class Scan:
    """What one look found."""

    found: dict[str, Seen] = field(default_factory=dict)  # by path, folders before what they hold
    skipped: dict[str, Reason] = field(default_factory=dict)
    parts: dict[str, Seen] = field(default_factory=dict)  # files that somebody was writing

    def is_passed_over(self, path: str) -> bool:
        """Return whether `path`, or a folder above it, was passed over."""
        return any(below(path, top) for top in self.skipped)


def put_marker(disk: Disk, mark: bytes) -> None:
    """Mark a folder as the one that is kept; `mark` is 16 random bytes.

    Raises:
        FileExistsError: it is marked already.
        OSError: it cannot be written.
    """
    handle = disk.create(MARKER)
    try:
        disk.write(handle, mark.hex().encode() + b"\n")
        disk.sync(handle)
    finally:
        os.close(handle)
    disk.sync_folder("")


def check_marker(disk: Disk, mark: bytes) -> None:
    """Make sure that this is the folder that is kept.

    Raises:
        FolderGoneError: it has no marker, or another one's.
    """
    try:
        handle = disk.open(MARKER)
    except OSError as err:
        raise FolderGoneError("a synced folder has lost its marker") from err
    try:
        # THREAT T471: an empty mount point, or another disk, is no folder whose files are gone.
        if os.read(handle, 4 * MARKER_BYTES).strip() != mark.hex().encode():
            raise FolderGoneError("a synced folder has another one's marker")
    finally:
        os.close(handle)


def rules_of(disk: Disk) -> Ignoring:
    """Return the rules of `.sealholdignore`; none if it cannot be read."""
    try:
        handle = disk.open(IGNORE_FILE)
    except OSError:
        return NONE
    try:
        return read_rules(os.read(handle, MAX_IGNORE))
    finally:
        os.close(handle)


def scan(disk: Disk, rows: Mapping[str, Row], ignoring: Ignoring = NONE) -> Scan:
    """Look through the whole folder.

    Args:
        disk: the folder.
        rows: what was kept; a file that was moved aside is found only if a row names it.
        ignoring: the rules by which things are left alone.

    Raises:
        FolderGoneError: the folder itself cannot be read.
    """
    looked = Scan()
    try:
        _look(disk.root, "", 1, _Looking(disk.device, rows, ignoring, looked))
    except OSError as err:
        raise FolderGoneError("a synced folder cannot be read") from err
    return looked


@dataclass(frozen=True, slots=True)
class _Looking:
    device: int
    rows: Mapping[str, Row]
    ignoring: Ignoring
    looked: Scan


def _look(folder: int, above: str, depth: int, looking: _Looking) -> None:
    """Take in what lies in an open folder, and what lies below."""
    looked, ignoring = looking.looked, looking.ignoring
    below_here: list[tuple[str, str]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            path = above + name
            if name.startswith(MARKER) and not _is_owners(path, name, entry, looking):
                continue
            if not is_name(name):
                looked.skipped[path] = Reason.NAME
            elif depth > MAX_DEPTH:
                looked.skipped[path] = Reason.DEPTH
            elif ignoring is not NONE and ignoring.leaves_out(
                path, name, is_folder=entry.is_dir(follow_symlinks=False)
            ):
                looked.skipped[path] = Reason.IGNORED
            elif (seen := _seen(entry, path, looking)) is not None:
                looked.found[path] = seen
                if seen.kind is Kind.FOLDER:
                    below_here.append((name, path))
    for name, path in below_here:
        _look_below(folder, name, path, depth, looking)


def _look_below(folder: int, name: str, path: str, depth: int, looking: _Looking) -> None:
    try:
        # THREAT T468: what became a link meanwhile is not entered.
        inner = os.open(
            name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder
        )
    except OSError:
        looking.looked.skipped[path] = Reason.UNREADABLE
        del looking.looked.found[path]
        return
    try:
        _look(inner, f"{path}/", depth + 1, looking)
    except OSError:
        looking.looked.skipped[path] = Reason.UNREADABLE
        for lost in [each for each in looking.looked.found if below(each, path)]:
            del looking.looked.found[lost]
    finally:
        os.close(inner)


def _is_owners(path: str, name: str, entry: "os.DirEntry[str]", looking: _Looking) -> bool:
    """Return whether a name that begins like the marker is a thing of the owner's."""
    if path == MARKER:
        return False
    if name.startswith(PART) and path not in looking.rows:
        seen = seen_of(entry.stat(follow_symlinks=False))
        if seen is not None:
            looking.looked.parts[path] = seen
        return False
    return True


def _seen(entry: "os.DirEntry[str]", path: str, looking: _Looking) -> Seen | None:
    try:
        found = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return None  # gone since the folder was read
    except OSError:
        looking.looked.skipped[path] = Reason.UNREADABLE
        return None
    seen = seen_of(found)
    if seen is None:
        looking.looked.skipped[path] = Reason.SPECIAL
    elif found.st_dev != looking.device:
        looking.looked.skipped[path] = Reason.ELSEWHERE
        return None
    return seen
