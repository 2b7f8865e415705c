"""The keeper: forks a fresh jailed broker on demand, and is its warden while it lives.

- One process, started by the Core with an empty environment; standard input is its control
  socket, and there is no other descriptor. It never reads a byte of a task or of its answers.
- One message on the control socket, with one descriptor: end the broker that is there, fork the
  next one on that descriptor. End of file: end all and exit.
- At most one broker at a time, with the workers below it. When it ends, however it ends, all that
  is left below it is killed before the next begins.

Source: docs/spec/19-confinement.md section 4.
"""

import ctypes
import fcntl
import gc
import os
import select
import signal
import socket
import sys
from typing import NoReturn

from sealhold.compute import cell
from sealhold.compute.sandboxes import monty
from sealhold.compute.warden import Warden, children

_PR_SET_CHILD_SUBREAPER = 36


class Keeper:
    """Keeps one broker at a time; `control` leads to the Core."""

    def __init__(self, control: socket.socket, *, is_jailed: bool) -> None:
        self._control = control
        self._is_jailed = is_jailed
        self._worker = monty.installed()
        self._warden: Warden | None = None

    def serve(self) -> None:
        """Serve until the Core closes its end."""
        while True:
            poll = select.poll()
            poll.register(self._control, select.POLLIN)
            if self._warden is not None:
                poll.register(self._warden.listener, select.POLLIN)
            events = dict(poll.poll())
            # The Core comes last: by then no event of an old broker can be taken for the new one's.
            asked = events.pop(self._control.fileno(), 0)
            for event in events.values():
                self._attend(event)
            if asked and not self._begin():
                return

    def end(self) -> None:
        """Kill and reap the broker and all that is left below it."""
        if self._warden is not None:
            os.close(self._warden.listener)  # what still asks is refused by the kernel
            self._warden = None
        # A broker's orphans become children of this process, so that none escapes the second look.
        while below := children(os.getpid()):
            for child in below:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)

    def _attend(self, event: int) -> None:
        if self._warden is not None and event & select.POLLIN:
            self._warden.answer()
        elif event & (select.POLLHUP | select.POLLERR):
            self.end()

    def _begin(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not message:
            return False
        self.end()
        # THREAT T31: `recv_fds` ignores its flags; left so, workers would inherit the way to the
        # Core.
        fcntl.fcntl(descriptors[0], fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        ours, theirs = socket.socketpair()
        broker = os.fork()
        if broker == 0:
            self._control.close()
            ours.close()
            cell.live(descriptors[0], self._worker, theirs if self._is_jailed else None)
        theirs.close()
        os.close(descriptors[0])
        if self._is_jailed:
            _, listeners, _, _ = socket.recv_fds(ours, 1, 1)
            if listeners:
                self._warden = Warden(listeners[0], broker)
        ours.close()
        return True


def main(arguments: list[str]) -> NoReturn:
    """Serve on standard input: `keeper jailed` or `keeper language-only`."""
    os.environ.clear()
    control = socket.socket(fileno=os.dup(0))
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.close(silence)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    gc.freeze()  # or the first collection in each fork would copy all there is
    keeper = Keeper(control, is_jailed=arguments == ["jailed"])
    keeper.serve()
    keeper.end()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
