"""What a bench ran on: processor, memory, system, load, and how quickly the disk says `durable`.

- No name of a host, user or folder is told: results are meant to be published.
- What cannot be found out is left out.

Source: docs/benchmarks.md.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Final

from sealhold import __version__
from sealhold.bench.harness import seconds
from sealhold.model.encoding import Plain

SYNCS: Final = 21  # writes of one page; an odd number has one middle
PAGE: Final = 8_192  # bytes
MIB: Final = 1_048_576


def machine(folder: Path) -> dict[str, Plain]:
    """Return the machine as it is now, with the disk that holds `folder`."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    kernel, _, _local = platform.release().partition("-")
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_mb": memory,
        "system": f"{platform.system()} {kernel} {platform.machine()}",
        "python": platform.python_version(),
        "fdatasync_ms": round(1_000 * _sync_seconds(folder), 3),
        "load": round(os.getloadavg()[0], 2),  # processes that waited, over the last minute
    }


def commit() -> str:
    """Return what was measured: the commit, `+` after it if files differ, else the version."""
    git = shutil.which("git")
    here = Path(__file__)
    if git is None or _git(git, here, "ls-files", "--error-unmatch", here.name) is None:
        return __version__
    found = _git(git, here, "rev-parse", "--short=12", "HEAD") or __version__
    return found + ("+" if _git(git, here, "status", "--porcelain", "-uno") else "")


def _git(git: str, here: Path, *words: str) -> str | None:
    done = subprocess.run(  # noqa: S603  # reason: the words are ours
        [git, "-C", str(here.parent), *words], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def _cpu() -> str:
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or sys.platform
    found = re.search(r"model name\s*:\s*(.+)", told)
    return found[1].strip() if found else platform.processor()


def _sync_seconds(folder: Path) -> float:
    path = folder / "sync"
    with path.open("wb", buffering=0) as file:

        def once() -> None:
            file.write(bytes(PAGE))
            os.fdatasync(file.fileno())

        found = median(seconds(once) for _ in range(SYNCS))
    path.unlink()
    return found
