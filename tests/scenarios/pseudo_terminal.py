"""A process at a terminal of its own, which a test types at and reads."""

import os
import re
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.forked import Program, run

PATIENCE = 60.0  # seconds until what is waited for must have appeared


class AtTerminal:
    """A running `sealhold` whose controlling terminal is ours."""

    def __init__(self, process: Program, master: int) -> None:
        self._process = process
        self._master = master
        self.seen = ""

    def wait_for(self, words: str) -> None:
        """Read until `words` were shown."""
        until = time.monotonic() + PATIENCE
        while words not in self.seen:
            assert time.monotonic() < until, self.seen
            if not self._read():
                raise AssertionError(f"ended without {words!r}: {self.seen}")

    def type(self, line: str) -> None:
        """Type a line once the echo is off."""
        until = time.monotonic() + PATIENCE
        while termios.tcgetattr(self._master)[3] & termios.ECHO:
            assert time.monotonic() < until, "the echo stays on"
            time.sleep(0.01)
        os.write(self._master, line.encode() + b"\n")

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.write(self._master, b"\x03")

    def end(self) -> int:
        """Read to the end and return the exit code."""
        while self._read():
            pass
        return self._process.wait(PATIENCE)

    def lines(self) -> list[str]:
        """Return what was shown, without styles; each state of a bar that moves is a line."""
        plain = re.sub(r"\x1b\[\?25[lh]|\x1b\[[0-9;]*m", "", self.seen)
        return re.sub(r"\x1b\[[0-9;]*[A-Z]", "\n", plain).replace("\r", "").splitlines()

    def _read(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], PATIENCE)
        try:
            piece = os.read(self._master, 4096) if ready else b""
        except OSError:  # Linux says so when the other end is gone
            return False
        self.seen += piece.decode()
        return bool(piece)


@contextmanager
def at_terminal(
    *words: str, folder: Path, env: Mapping[str, str] | None = None
) -> Iterator[AtTerminal]:
    """Run `sealhold` at a terminal of 80 columns, with only `env` and what Python needs."""
    master, slave = os.openpty()
    process = Program(words, folder, {**surroundings(folder), **(env or {})}, slave)
    os.close(slave)
    try:
        yield AtTerminal(process, master)
    finally:
        process.kill()
        process.wait(PATIENCE)
        os.close(master)


def surroundings(folder: Path) -> dict[str, str]:
    """Return an environment without a passphrase."""
    return {
        "PATH": os.environ["PATH"],
        "SEALHOLD_HOME": str(folder / "home"),
        "TERM": "xterm",
        "TZ": "UTC",
        "COLUMNS": "80",
    }


def without_terminal(
    *words: str, folder: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `sealhold` where no terminal controls it."""
    return run(words, folder, {**surroundings(folder), **(env or {})}, PATIENCE)
