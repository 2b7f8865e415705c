"""The program `sealhold` in processes of its own, each forked from one that has imported all of it.

- To import it costs half a second, which is most of what a short command costs. A process that is
  forked has its own streams, folder, environment, session and terminal, and dies alone.
- What a start from nothing does is tried where that is what counts, as in
  tests/scenarios/test_cli_serve.py, test_cli_help.py, test_cli_switches.py and test_demo.py.
- FORKS is the one server of a worker; what children of tests import is loaded there once.
"""

import atexit
import ctypes
import fcntl
import multiprocessing
import os
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any, Final, TextIO

from tests import warmbrokers

warmbrokers.place()  # before the server starts: it is told by then
CLONE_NEWNET: Final = 0x4000_0000
FORKS: Final = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "pytest",
        "tests.attack.ledger_probe",
        "tests.scenarios.every_format",
        "tests.scenarios.holding",
        "tests.scenarios.invoked",
        "tests.scenarios.killed",
        "tests.scenarios.rotated",
        "tests.wholeprogram",
    ]
)


class Program:
    """A running `sealhold`."""

    def __init__(
        self,
        words: Sequence[str | Path],
        folder: Path,
        env: Mapping[str, str],
        terminal: int | None = None,
        network: str = "",
    ) -> None:
        """Start it.

        Args:
            words: after the program's name.
            folder: where it runs.
            env: all of its environment.
            terminal: the end of a terminal that becomes its own; None: it reads nothing, and what
                it says goes to `stdout` and `stderr`.
            network: the namespace that it is in; empty: that of the test.
        """
        if terminal is None:
            (self.stdout, out), (self.stderr, err) = _pipe(), _pipe()
            ends = [Connection(os.open(os.devnull, os.O_RDWR)), out, err]
        else:
            ends = [Connection(os.dup(terminal)) for _ in range(3)]
        line = [str(word) for word in words]
        said = (line, str(folder), dict(env), ends, terminal is not None, network)
        self._process = FORKS.Process(target=live, args=said, daemon=True)
        self._process.start()
        for each in ends:
            each.close()

    @property
    def pid(self) -> int:
        """Its number."""
        assert self._process.pid is not None
        return self._process.pid

    def send_signal(self, number: Signals) -> None:
        """Send it a signal, if it still runs."""
        if self._process.is_alive():
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(SIGKILL)

    def wait(self, timeout: float) -> int:
        """Return its exit code, once it has ended; minus a signal's number if that ended it."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("sealhold", timeout)
        return code


def run(
    words: Sequence[str | Path],
    folder: Path,
    env: Mapping[str, str],
    timeout: float,
    network: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; it has no terminal, and nothing to read."""
    program = Program(words, folder, env, network=network)
    with program.stdout as out, program.stderr as err:
        # no command of a test says more on standard error than a pipe holds
        told, said = out.read(), err.read()
    try:
        code = program.wait(timeout)
    finally:
        program.kill()
    return subprocess.CompletedProcess(list(words), code, told, said)


def _pipe() -> tuple[TextIO, "Connection[Any, Any]"]:
    ours, theirs = os.pipe()
    return os.fdopen(ours), Connection(theirs, readable=False)


def live(
    words: list[str],
    folder: str,
    env: dict[str, str],
    ends: "list[Connection[Any, Any]]",
    has_terminal: bool,  # noqa: FBT001  # reason: as a process is given it
    network: str,
) -> None:
    """Be the program, in a process that was forked for it."""
    from sealhold.__main__ import main  # noqa: PLC0415  # reason: loaded where it is run

    os.setsid()
    for number, each in enumerate(ends):
        os.dup2(each.fileno(), number)
        each.close()
    if has_terminal:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if network:
        with Path("/run/netns", network).open() as space:
            assert ctypes.CDLL(None).setns(space.fileno(), CLONE_NEWNET) == 0
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.argv = ["sealhold", *words]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = os.fdopen(number, "r" if number == 0 else "w", closefd=False)
        if number == 2:
            stream.reconfigure(line_buffering=True)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    code = 1
    try:
        code = main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    sys.exit(code)
