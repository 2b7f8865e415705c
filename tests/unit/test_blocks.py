"""Large blocks that a process keeps: asked for once, and where it cannot be, not at all."""

import ctypes
import subprocess
import sys

import pytest

from sealhold.model.blocks import keep_blocks

FAULTS = """
import resource, sys
from sealhold.model.blocks import keep_blocks
if sys.argv[1] == "kept":
    assert keep_blocks()
for number in range(40):
    if number == 8:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    blocks = [b"x" * 12_000_000 for _ in range(2)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    """Return how many pages a process had made anew for 64 blocks, once it had some."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, how], capture_output=True, check=True, text=True
    )
    return int(done.stdout)


def test_pages_of_large_blocks_are_made_once() -> None:
    assert faults("kept") * 4 < faults("plain")


def test_another_c_library_goes_on_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    assert keep_blocks() is False
