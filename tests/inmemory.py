"""What tests write lies in memory where there is room, and goes when a test has passed.

A quarter of a vault's test is the work of a file system for a disk: each commit waits for it, as
each should. In memory the same calls are made and cost little. What a disk alone does, tests make
themselves: small ones, full ones, failing ones. With TMPDIR or `--basetemp` files lie as these say.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ROOM = 3 * 1024**3  # bytes; a run takes a fifth of it


def live_in_memory(config: pytest.Config) -> None:
    """Let this run, and all that it starts, keep temporary files there."""
    is_told = "TMPDIR" in os.environ or config.getoption("basetemp") is not None
    if is_told or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM:
        return
    folder = MEMORY / f"sealhold-tests-{os.geteuid()}"
    folder.mkdir(mode=0o711, exist_ok=True)  # a server of another user has its folder there
    if folder.stat().st_uid == os.geteuid():
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None  # it is looked for anew
