"""A disk, and rows, that die before a step; so also right after the one before.

Nothing waits for the real disk: a kill ends a process, and no power."""

import os
import pickle
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.keptrows import MemoryKept, Row, Step

STEPS = (
    "create", "write", "dress", "sync", "sync_all", "sync_folder", "rename", "remove",
    "remove_folder", "make_folder", "link_to",
)  # fmt: skip


class Killed(BaseException):
    """The process ends here: nothing catches it."""


class Fate:
    """Counts steps, and ends the process at one: `-1` never."""

    def __init__(self, at: int = -1, die: Callable[[], None] | None = None) -> None:
        self.count = 0
        self.at = at
        self.die = die

    def step(self) -> None:
        if self.count == self.at:
            if self.die is not None:
                self.die()
            raise Killed
        self.count += 1


def dying(fate: Fate) -> Callable[[Path], Disk]:
    """Return what opens a disk on which each step asks `fate` first."""

    def opened(root: Path) -> Disk:
        disk = Disk(root)
        for name in STEPS:
            setattr(disk, name, _fateful(getattr(disk, name), fate))
        return disk

    return opened


def _fateful(call: Callable[..., Any], fate: Fate) -> Callable[..., Any]:
    def called(*args: Any) -> Any:  # noqa: ANN401 - of any step
        fate.step()
        return None if call.__name__.startswith("sync") else call(*args)

    return called


class DyingKept(MemoryKept):
    """Rows whose units are done or not, and a kill before each."""

    fate = Fate()

    def settle(self, drops: Iterable[str], puts: Iterable[Row]) -> None:
        self.fate.step()
        super().settle(drops, puts)

    def intend(self, steps: Iterable[Step]) -> None:
        self.fate.step()
        super().intend(steps)


class FileKept(MemoryKept):
    """Rows in a file, so that they outlive a process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        if path.exists():
            self._rows, self._steps = pickle.loads(path.read_bytes())

    def rows(self) -> Mapping[str, Row]:
        return self._rows

    def settle(self, drops: Iterable[str], puts: Iterable[Row]) -> None:
        super().settle(drops, puts)
        self._save()

    def intend(self, steps: Iterable[Step]) -> None:
        super().intend(steps)
        self._save()

    def _save(self) -> None:
        new = self._path.with_suffix(".new")
        new.write_bytes(pickle.dumps((self._rows, self._steps)))
        new.replace(self._path)


def kill_myself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
