"""Keepers of programs as tests take them: each is forked from a process that has loaded all of it.

- A keeper of a vault is the product's own, jailed, in a process, a session and namespaces of its
  own, with brokers and workers of its own. To start it anew costs more than most tests do with it.
- `install` gives them to the vaults of this process, and of those that are forked for a test. Who
  makes a `Broker` or a `Runner` itself gets keepers that start from nothing, as does each program
  that a test starts; so the attacks on the jail begin where the product begins.
- One server for a test process; it ends with it. A keeper is its child, not the test's: who looks
  for the keepers of a vault among the processes takes `Runner` instead.
"""

import atexit
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NoReturn

from sealhold.compute import confinement, keeper
from sealhold.compute.runner import Runner

PLACE = "SEALHOLD_TEST_KEEPERS"  # the socket of the server, told to processes that are forked later
NUMBER = 4  # bytes of a process's number
COMING_UP = 30.0  # seconds


class Kept:
    """A keeper that was forked; it is a child of the server."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._watch = os.pidfd_open(pid)
        except ProcessLookupError:  # it has ended by now
            self._watch = -1

    def __del__(self) -> None:
        if self._watch >= 0:
            os.close(self._watch)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; how it ended is the server's to know."""
        if self._watch >= 0:
            poll = select.poll()
            poll.register(self._watch, select.POLLIN)
            if not poll.poll(None if timeout is None else timeout * 1_000):
                raise subprocess.TimeoutExpired("keeper", timeout or 0)
        return 0


class WarmRunner(Runner):
    """A runner whose keeper is forked."""

    def started(self, orders: socket.socket, mode: str) -> Kept:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as server:
            server.connect(place())
            socket.send_fds(server, [mode.encode() or b" "], [orders.fileno()])
            return Kept(int.from_bytes(server.recv(NUMBER)))


def install() -> None:
    """Let the vaults of this process take their keepers from here."""
    if PLACE in os.environ:
        place()  # as long as the environment is that of the tests
    vars(confinement)["Runner"] = WarmRunner  # what vaults take theirs from


@cache
def place() -> str:
    """Return where the server listens; it is started when first asked for."""
    known = os.environ.get(PLACE)
    if known:
        return known
    folder = Path(tempfile.mkdtemp(prefix="sealhold-keepers-"))
    path = str(folder / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(path)
        listener.listen()
        ours, theirs = socket.socketpair()
        with theirs:
            server = subprocess.Popen(
                [sys.executable, "-I", __file__, str(theirs.fileno())],
                stdin=listener.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={},
                cwd="/",
                start_new_session=True,
            )
    owner = os.getpid()

    def end() -> None:
        if os.getpid() == owner:
            ours.close()
            server.wait(COMING_UP)
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    os.environ[PLACE] = path
    return path


def serve(listener: socket.socket, life: socket.socket) -> None:
    """Fork a keeper for each who asks, until the other end of `life` is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    while life not in select.select([listener, life], [], [])[0]:
        asking, _ = listener.accept()
        with asking:
            mode, descriptors, _, _ = socket.recv_fds(asking, 16, 1)
            if not descriptors:
                continue
            child = os.fork()
            if child == 0:
                _live(mode, descriptors[0], (listener, life, asking))
            os.close(descriptors[0])
            asking.send(child.to_bytes(NUMBER))


def _live(mode: bytes, orders: int, others: tuple[socket.socket, ...]) -> NoReturn:
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        for each in others:
            each.close()
        os.dup2(orders, 0)
        os.close(orders)
        keeper.main([mode.decode().strip()])
    finally:
        os._exit(1)


if __name__ == "__main__":
    serve(socket.socket(fileno=0), socket.socket(fileno=int(sys.argv[1])))
