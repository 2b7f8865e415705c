"""Room on the home's disk that is kept for the log, for the day on which the disk is full.

- Two files of zeros: one for reads, whose entry must be durable before anything is opened, and one
  for what a person has a right to on any day: erasures, withdrawals, and ends.
- On a full disk a slice of a file is given back to the disk for each try, and the try is repeated.
  All else is refused until there is room for the whole reserve again, and a little more.
- A served vault makes the files; whoever opens the home uses those that are there. Another program
  on the same disk can take what was given back: then reads are refused, too.

Source: docs/spec/29-operations.md section 1.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from sealhold.model.errors import StoreFullError
from sealhold.vault.home import OWNER_ONLY, Home

WHOLE = 67_108_864  # bytes of each file
SHARE = 32  # of a small disk each file takes at most this part
SLICE = 262_144  # bytes that are given back at a time; a read's commit takes some ten pages
MARGIN = 1_048_576  # bytes beside the reserve that must be free before work goes on
_OPENING = 2 * SLICE  # what opening a home takes: an index and a log of changes, two databases
_FILE_MODE = 0o600

Done = TypeVar("Done")


class Room(StrEnum):
    """What a piece of work is, when there is no room."""

    ORDINARY = "ordinary"  # waits until there is room
    READS = "reads"
    RIGHTS = "rights"


class Reserves:
    """The reserve of one home; the writer's thread and whoever destroys keys use it."""

    def __init__(self, home: Home) -> None:
        self._folder = home.reserve
        self._is_short = self._exists and self._missing() > 0

    @property
    def is_short(self) -> bool:
        """Whether the disk was found full, and has not been found otherwise since."""
        return self._is_short

    def make(self) -> None:
        """Make the files, as far as there is room for them."""
        with suppress(OSError):  # no room at all: told by `is_short`
            self._folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        self._is_short = True
        self.refill()

    def note_full(self) -> None:
        """Note that the disk was full at a try, if there is a reserve to go on from."""
        self._is_short = self._exists

    def release(self, room: Room) -> bool:
        """Give a slice back to the disk; return whether there was any left."""
        path = self._folder / room
        try:
            size = path.stat().st_size
            os.truncate(path, max(0, size - SLICE))
        except OSError:
            return False
        self._is_short = True
        return size > 0

    def refill(self) -> bool:
        """Take back what was given, if there is room for all of it; return whether it is whole."""
        if not self._exists:
            return True
        try:
            missing = self._missing()
            if _free(self._folder) < missing + MARGIN:
                return False
            for room in (Room.RIGHTS, Room.READS):
                _grow(self._folder / room, _target(self._folder))
        except OSError:
            return False
        self._is_short = False
        return True

    def left(self, room: Room) -> int:
        """Return how many bytes of a reserve are left."""
        try:
            return (self._folder / room).stat().st_size
        except OSError:
            return 0

    def spend(self, room: Room, work: Callable[[], Done]) -> Done:
        """Do `work`, which leaves nothing half done when the disk is full; give it room if so.

        Raises:
            StoreFullError: nothing of the reserve is left.
        """
        while True:
            try:
                return work()
            except StoreFullError:
                if not self.release(room):
                    raise

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Give room to the opening of a home whose disk is full."""
        with suppress(OSError):
            while self._exists and _free(self._folder) < _OPENING:
                if not (self.release(Room.READS) or self.release(Room.RIGHTS)):
                    break
        yield

    @property
    def _exists(self) -> bool:
        return self._folder.is_dir()

    def _missing(self) -> int:
        target = _target(self._folder)
        return sum(max(0, target - self.left(room)) for room in (Room.READS, Room.RIGHTS))


class NoReserves(Reserves):
    """No room is kept: of a vault without a home, and of a set of keys while it is made."""

    def __init__(self) -> None:
        self._folder = Path(os.devnull)
        self._is_short = False


def _target(folder: Path) -> int:
    disk = os.statvfs(folder)
    return min(WHOLE, disk.f_blocks * disk.f_frsize // SHARE)


def _free(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def _grow(path: Path, size: int) -> None:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    try:
        os.posix_fallocate(handle, 0, size)
        os.fsync(handle)
    finally:
        os.close(handle)
