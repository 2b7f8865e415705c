"""Pages whose commands are run as they stand by a real shell, with served vaults on free ports.

- What is served is a process of its own. Every other `sealhold` is handed to this process, as in
  `pages`, with the real time: loading the program takes longer than running it, and the passphrase
  is stretched little.
"""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO
from pathlib import Path

from sealhold.__main__ import main
from sealhold.frontends.cli.session import Shell
from sealhold.node import World
from tests.scenarios.pages import END, FIRST, ROOT, Done, Step, calls, plain
from tests.transcripts.cli import QUICK, Typist, inside

SERVES = """\
unset -f python  # a function in the background has a shell of its own, which ends instead of it
sealhold() {
  if [ "$1" = serve ]; then exec "$PROGRAMS/sealhold" "$@"; else handed "$@"; fi
}
"""
LAST = "kill $(jobs -p) 2> /dev/null; wait\n"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def on_ports(steps: list[Step], ports: Mapping[str, int]) -> list[Step]:
    """Return the steps with other ports than the page names."""

    def moved(text: str) -> str:
        for named, port in ports.items():
            text = text.replace(named, str(port))
        return text

    return [
        replace(step, command=moved(step.command), shown=tuple(map(moved, step.shown)))
        for step in steps
    ]


def run_for_real(steps: list[Step], folder: Path) -> list[Done]:
    """Run the commands in a copy of the examples, one after the other in one shell."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    talk = folder.parent / "talk"
    talk.mkdir()
    os.mkfifo(talk / "call")
    os.mkfifo(talk / "reply")
    lines = [f"{step.command}\nprintf '{END}%s{END}' $?\n" for step in steps]
    handed = FIRST.replace("sealhold() {", "handed() {")
    programs = str(Path(sys.executable).parent)
    with (folder.parent / "said").open("w+") as said:
        shell = subprocess.Popen(
            ["bash", "-c", "".join([handed, SERVES, *lines, LAST])],
            cwd=folder,
            env={
                "PATH": f"{programs}:{os.environ['PATH']}",
                "HOME": str(folder),
                "TALK": str(talk),
                "PROGRAMS": programs,
            },
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


def answer(folder: str, home: str, passphrase: str, *argv: str) -> str:
    """Run one command and return what it printed, with its exit code behind."""
    environment = {"SEALHOLD_HOME": home, "SEALHOLD_PASSPHRASE": passphrase, "COLUMNS": "200"}
    typist = Typist((), shows=False)
    shell = Shell(environment=environment, terminal=typist, world=World(stretch=QUICK))
    out = StringIO()
    with inside(Path(folder)), redirect_stdout(out), redirect_stderr(out):
        code = main(argv, shell)
    return f"{out.getvalue()}{END}{code}"
