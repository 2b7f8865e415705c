"""Programs that a bench starts: run to their end, or watched while they run.

- Memory is what stands in real memory: of one process, or of it and all that it started, where a
  page that two of them share is counted once.

Source: docs/benchmarks.md; proc(5).
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

from sealhold.config import PASSPHRASE_VARIABLE

WATCH: Final = 0.05  # seconds between two looks at the memory
PATIENCE: Final = 600.0  # seconds for a program to end
KIB: Final = 1_024
MIB: Final = 1_048_576


def program(*words: str) -> list[str]:
    """Return how `sealhold` with these words is started, by this very interpreter."""
    return [sys.executable, "-m", "sealhold", *words]


def surroundings(passphrase: str | None) -> dict[str, str]:
    """Return the environment of a started program, with the passphrase that it takes from there."""
    kept = {name: value for name, value in os.environ.items() if name != PASSPHRASE_VARIABLE}
    return kept if passphrase is None else {**kept, PASSPHRASE_VARIABLE: passphrase}


def ended(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Run a command to its end and return the seconds that it took.

    Raises:
        CalledProcessError: it failed.
    """
    started = time.perf_counter()
    subprocess.run(  # noqa: S603  # reason: a command of ours
        command, env=environment, check=True, capture_output=True, timeout=PATIENCE
    )
    return time.perf_counter() - started


def resident_mb(pid: int) -> float:
    """Return the real memory of one process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * KIB / MIB
    return 0.0


def share_mb(pid: int) -> float:
    """Return the real memory of one process; a page that others share counts in part."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * KIB / MIB
    return 0.0


class TreeMemory:
    """Watches the memory of a process and of all below it; a context manager."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._over = Event()
        self._thread = Thread(target=self._watch, name="memory", daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End watching."""
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(WATCH):
            found = 0.0
            for pid in _tree(self._pid):
                with suppress(OSError):  # it ended between two looks
                    found += share_mb(pid)
            self.peak_mb = max(self.peak_mb, found)


def _tree(root: int) -> list[int]:
    found, at = [root], 0
    while at < len(found):
        with suppress(OSError):
            for thread in Path(f"/proc/{found[at]}/task").iterdir():
                found += map(int, (thread / "children").read_text().split())
        at += 1
    return found
