"""What a test sees of the processes below it, in /proc; of one that has just ended, nothing."""

import os
from contextlib import suppress
from pathlib import Path


def below(parent: int) -> list[int]:
    """Return the children of `parent`, whichever of its threads started them."""
    found: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{parent}/task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def brokers() -> list[int]:
    """Return the brokers of the keeper that was started last."""
    mine = [pid for pid in below(os.getpid()) if b"keeper" in _command(pid)]
    return below(max(mine)) if mine else []


def descriptors(process: int) -> list[str]:
    """Return what `process` holds open, without numbers."""
    found: list[str] = []
    with suppress(OSError):
        found.extend(str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir())
    return [what.partition(":[")[0] for what in found]


def namespace(process: int, kind: str) -> str:
    """Return which namespace of `kind` the process is in, nothing if it has ended."""
    try:
        return str(Path(f"/proc/{process}/ns/{kind}").readlink())
    except OSError:
        return ""


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()
