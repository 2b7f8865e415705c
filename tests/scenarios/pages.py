"""Pages whose commands are run as they stand: each line of a block `sh`, in one shell.

- A line ends with exit code 0, or with the one that its comment names: `# exit 5`.
- A block `text` shows lines of what the command before it printed, blanks aside.
- The shell is a real one, which hands each `sealhold` to this process through a pipe: loading the
  program fifty times takes longer than running it. It begins at one moment, and the passphrase is
  stretched little.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import takewhile
from pathlib import Path

from sealhold.__main__ import main
from sealhold.frontends.cli.session import Shell
from sealhold.model.quantities import Instant
from sealhold.node import World
from tests.transcripts.cli import NOW, QUICK, Typist, inside
from tests.warmreader import READER

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
END, WORD = "\x1e", "\x1f"  # which no command prints: after its output, and between its words
STARTED = time.monotonic_ns()
FIRST = f"""\
python() {{ {sys.executable} "$@"; }}
sealhold() {{
  local said
  printf '%s{WORD}' "$PWD" "$SEALHOLD_HOME" "$SEALHOLD_PASSPHRASE" "$@" > "$TALK/call"
  said=$(cat "$TALK/reply"; printf x)
  printf '%s' "${{said%{END}*}}"
  said=${{said##*{END}}}
  return "${{said%x}}"
}}
trap 'printf "" > "$TALK/call"' EXIT
"""


@dataclass(frozen=True)
class Step:
    """A command of a page, and what the page says of it."""

    command: str
    code: int
    shown: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """What came of it."""

    code: int
    said: str


def steps(page: Path) -> list[Step]:
    """Return the commands of a page."""
    found: list[Step] = []
    for kind, body in BLOCK.findall(page.read_text()):
        if kind == "sh":
            found += [Step(line, exit_of(line), ()) for line in commands(body)]
        else:
            last, lines = found.pop(), filter(None, map(plain, body.splitlines()))
            found.append(Step(last.command, last.code, tuple(lines)))
    return found


def commands(body: str) -> Iterator[str]:
    """Yield each command of a block; what follows `<<'EOF'` belongs to it."""
    lines = iter(body.splitlines())
    for line in lines:
        if line.endswith("<<'EOF'"):
            yield "\n".join([line, *takewhile(lambda inner: inner != "EOF", lines), "EOF"])
        elif line.strip():
            yield line


def exit_of(line: str) -> int:
    told = re.search(r"# exit (\d+)$", line)
    return int(told[1]) if told else 0


def plain(text: str) -> str:
    """Return a text in which all blanks are one space."""
    return " ".join(text.split())


def run(wanted: list[Step], folder: Path) -> list[Done]:
    """Run the commands in `folder`, one after the other in one shell."""
    talk = folder.parent / "talk"
    talk.mkdir()
    os.mkfifo(talk / "call")
    os.mkfifo(talk / "reply")
    lines = [f"{step.command}\nprintf '{END}%s{END}' $?\n" for step in wanted]
    with (folder.parent / "said").open("w+") as said:
        shell = subprocess.Popen(
            ["bash", "-c", "".join([FIRST, *lines])],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TALK": str(talk)},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        for words in calls(talk):
            (talk / "reply").write_text(answer(*words))
        shell.wait()
        said.seek(0)
        parts = said.read().split(END)
    return [
        Done(int(code), plain(told)) for told, code in zip(parts[::2], parts[1::2], strict=False)
    ]


def calls(talk: Path) -> Iterator[list[str]]:
    """Yield the words of each call, until the shell ends."""
    while call := (talk / "call").read_text():
        yield call.split(WORD)[:-1]


def now() -> Instant:
    """Return the time: it begins at one moment and goes on from there, so that what is newer is."""
    return Instant(NOW + (time.monotonic_ns() - STARTED) // 1_000_000)


def answer(folder: str, home: str, passphrase: str, *argv: str) -> str:
    """Run one command and return what it printed, with its exit code behind."""
    environment = {"SEALHOLD_HOME": home, "SEALHOLD_PASSPHRASE": passphrase, "COLUMNS": "200"}
    shell = Shell(
        environment=environment,
        terminal=Typist((), shows=False),
        world=World(clock=now, stretch=QUICK, reader=READER),
    )
    out = StringIO()
    with inside(Path(folder)), redirect_stdout(out), redirect_stderr(out):
        code = main(argv, shell)
    return f"{out.getvalue()}{END}{code}"
