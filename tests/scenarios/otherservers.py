"""Servers of others that tests start: waited for until they answer, and ended by their id."""

import socket
import subprocess
from collections.abc import Callable
from time import monotonic, sleep

STARTING = 30.0  # seconds


def until_it_answers(process: subprocess.Popen[bytes], port: int, said: Callable[[], str]) -> None:
    """Wait until a server of this machine takes connections; `said` tells why it ended, if so."""
    until = monotonic() + STARTING
    while True:
        assert process.poll() is None, said()
        assert monotonic() < until, "the server did not start"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            sleep(0.05)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server, and wait until it has ended."""
    process.terminate()
    process.wait(10)
