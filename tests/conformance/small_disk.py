"""A disk that is soon full: a small file system of its own for root, else a limit on file sizes."""

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SIZE = 4_194_304  # bytes
GROWN = 67_108_864  # bytes


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A folder with room for some bytes, until it is grown."""

    folder: Path
    is_mounted: bool  # if not, a full disk shows as a write that fails for no reason we can tell

    def grow(self) -> None:
        """Make room."""
        if self.is_mounted:
            _mount(f"remount,size={GROWN}", self.folder)
        else:
            _limit(resource.RLIM_INFINITY)


@contextmanager
def small_disk(folder: Path, size: int = SIZE) -> Iterator[SmallDisk]:
    """Lend a small disk at `folder`, which is there and empty."""
    is_mounted = _mount(f"size={size}", folder)
    if not is_mounted:
        _limit(size)
    try:
        yield SmallDisk(folder, is_mounted)
    finally:
        if is_mounted:
            subprocess.run(["umount", "-l", folder], check=True)
        else:
            _limit(resource.RLIM_INFINITY)


def _mount(options: str, folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _limit(size: int) -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (size if hard == resource.RLIM_INFINITY else hard, hard)
    )
