"""A disk that takes what is written and cannot sync it: nothing leaves, and nothing is lost."""

import ctypes
import os
import platform
import struct
from contextlib import nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sealhold.model.errors import AuditUnavailableError
from sealhold.node.openparts import OpenParts
from tests.forked import FORKS
from tests.scenarios.vaults import Hands, calendar, new_home, opened

EIO = 5
SYNCS = {"x86_64": (317, 74, 75), "aarch64": (277, 82, 83)}  # seccomp(2), fsync(2), fdatasync(2)


class Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def break_the_disk() -> None:
    """Have every sync of this process fail from now on, in all its threads."""
    seccomp, *syncs = SYNCS[platform.machine()]
    load, equal, back = 0x20, 0x15, 0x06
    fail, allow = 0x0005_0000 | EIO, 0x7FFF_0000
    code = struct.pack("=HBBI", load, 0, 0, 0)
    code += struct.pack("=HBBI", equal, 1, 0, syncs[0])
    code += struct.pack("=HBBI", equal, 0, 1, syncs[1])
    code += struct.pack("=HBBI", back, 0, 0, fail)
    code += struct.pack("=HBBI", back, 0, 0, allow)
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # no new privileges, which a filter needs
    program = Program(len(code) // 8, code)
    assert libc.syscall(seccomp, 1, 1, ctypes.byref(program)) == 0, ctypes.get_errno()


def live_on_a_failing_disk(home: Path, file: Path, said: Connection) -> None:
    with opened(home, Hands()) as node:
        parts: OpenParts = node.parts
        said.send(parts.sources.import_paths([file]).new)
        break_the_disk()
        for is_read in (False, True, False):
            try:
                with parts.core.store.snapshot() if is_read else nullcontext():
                    parts.records.search("green")
                said.send("answered")
            except AuditUnavailableError:
                said.send("refused")
        os._exit(0)


@pytest.mark.threat("T281")
@pytest.mark.threat("T54")
def test_what_cannot_be_synced_releases_nothing_and_what_was_told_is_there(
    tmp_path: Path,
) -> None:
    home, clock = new_home(tmp_path / "home", Hands()), Hands()
    file = calendar(tmp_path / "a.ics", ["green"] * 5)
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=live_on_a_failing_disk, args=(home, file, theirs))
    process.start()
    theirs.close()

    told = [ours.recv() for _ in range(4)]

    process.join()
    assert told == [5, "refused", "refused", "refused"]
    with opened(home, clock) as node:
        assert node.audit.verify().whole
        assert node.records.search("green").total == 5
