"""What a test sees of the processes below it, in /proc."""

import os
from pathlib import Path


def below(parent: int) -> list[int]:
    """Return the children of `parent`, whichever of its threads started them."""
    found: list[int] = []
    for thread in Path(f"/proc/{parent}/task").iterdir():
        found += map(int, (thread / "children").read_text().split())
    return found


def brokers() -> list[int]:
    """Return the brokers of the keeper that was started last."""
    mine = [pid for pid in below(os.getpid()) if b"keeper" in _command(pid)]
    return below(max(mine)) if mine else []


def descriptors(process: int) -> list[str]:
    """Return what `process` holds open, without numbers."""
    links = [link.readlink() for link in Path(f"/proc/{process}/fd").iterdir()]
    return [str(link).partition(":[")[0] for link in links]


def namespace(process: int, kind: str) -> str:
    """Return which namespace of `kind` the process is in."""
    return str(Path(f"/proc/{process}/ns/{kind}").readlink())


def _command(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()
