"""How a keeper starts: as a fresh interpreter without environment, in a session of its own.

Source: docs/spec/19-confinement.md section 4.
"""

import socket
import subprocess
import sys
from typing import Protocol


class Started(Protocol):
    """A process that was started, and leads a group of its own."""

    @property
    def pid(self) -> int:
        """Its number."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, at most so many seconds."""


def fresh(module: str, mode: str, orders: socket.socket) -> subprocess.Popen[bytes]:
    """Start the keeper that is this module, and takes its orders from there."""
    return subprocess.Popen(  # noqa: S603  reason: our own interpreter and module
        [sys.executable, "-I", "-m", module, mode],
        stdin=orders.fileno(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
