"""The command line in this process, on a clock that hardly moves and entropy that repeats.

- What the owner types at the terminal is given beforehand; without it there is no terminal.
- The same words on the same files give the same output, but for what is sealed to a public key:
  the library draws that randomness itself.
"""

import hashlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from sealhold.__main__ import main
from sealhold.frontends.cli.session import Shell
from sealhold.model.quantities import Instant
from sealhold.node import World
from sealhold.vault.access import Stretch
from tests.warmreader import READER

NOW = Instant(1_795_269_900_000)  # 21 Nov 2026, 14:05 UTC
PASSPHRASE = "correct horse battery"
ROOT = Path(__file__).parents[2]
FILES = Path(__file__).parent / "files"
QUICK = Stretch(memory_kib=8 * 1024, passes=1, lanes=1)  # the floor


class Repeating:
    """Bytes that differ at each call, the same in every run."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, count: int, /) -> bytes:
        self._calls += 1
        return hashlib.shake_256(b"transcript %d" % self._calls).digest(count)


class Typist:
    """A terminal at which the given lines are typed, one after the other."""

    def __init__(self, lines: Iterable[str], *, shows: bool) -> None:
        self._lines = list(lines)
        self._shows = shows
        self._is_there = bool(self._lines)

    def is_there(self) -> bool:
        return self._is_there

    def ask(self, prompt: str) -> str:
        if not self._lines:
            raise EOFError
        typed = self._lines.pop(0)
        if self._shows:
            sys.stdout.write(f"{prompt}{'*' * len(typed)}\n")
        return typed

    def line(self, prompt: str) -> str:
        if not self._lines:
            raise EOFError
        typed = self._lines.pop(0)
        sys.stdout.write(f"{prompt}{typed}\n")
        return typed


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Cli:
    """The program in a folder of its own, with a vault in `home` below it."""

    def __init__(self, folder: Path, *, shows_prompts: bool = False) -> None:
        self._shows = shows_prompts
        self.folder = folder
        self.home = folder / "home"
        self.now = NOW
        self.root: str | None = None  # what SEALHOLD_ROOT said, withdrawn
        self._entropy = Repeating()

    def __call__(
        self, *argv: str, typed: Iterable[str] = (), env: Mapping[str, str] | None = None
    ) -> Ended:
        """Run one command; without `env`, the passphrase is in the environment."""
        given = {"SEALHOLD_PASSPHRASE": PASSPHRASE} if env is None else env
        shell = Shell(
            environment={"SEALHOLD_HOME": "home", "COLUMNS": "100", **given},
            root=self.root,
            terminal=Typist(typed, shows=self._shows),
            world=World(
                clock=lambda: self.now, entropy=self._entropy, stretch=QUICK, reader=READER
            ),
        )
        self.now = Instant(self.now + 1)  # no two commands fall into one moment
        out, err = StringIO(), StringIO()
        with inside(self.folder), redirect_stdout(out), redirect_stderr(err):
            code = main(argv, shell)
        return Ended(code, out.getvalue(), err.getvalue())

    def line(self, words: str) -> Ended:
        """Run one command as it is typed, without the leading `sealhold`."""
        return self(*shlex.split(words))


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def furnish(folder: Path) -> Path:
    """Put the input files and the example tasks into `folder`."""
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    shutil.copytree(ROOT / "examples", folder / "examples")
    return folder
