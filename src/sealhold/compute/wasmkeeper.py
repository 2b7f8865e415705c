"""The keeper of tier `wasm`: forks a fresh process for each program to compile or to run.

- One process, started by the Core when it first needs it, with an empty environment; standard
  input is its control socket. It has the runtime loaded and never reads a byte of a program.
- One message with two descriptors: end the process that is there, and fork one that does this
  piece of work on them. End of file: end all and exit.
- What it forks can start nothing, so there is nobody below that needs a warden.

Source: docs/spec/19-confinement.md section 9.
"""

import fcntl
import gc
import os
import signal
import socket
import sys
from typing import NoReturn

from sealhold.compute import wasmcell


class WasmKeeper:
    """Keeps one process at a time; `control` leads to the Core."""

    def __init__(self, control: socket.socket, *, is_jailed: bool) -> None:
        self._control = control
        self._is_jailed = is_jailed
        self._child: int | None = None

    def serve(self) -> None:
        """Serve until the Core closes its end."""
        while self._begin():
            pass

    def end(self) -> None:
        """Kill and reap the process that is there."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)  # it is not reaped yet, so the id is its own
            os.waitpid(self._child, 0)
            self._child = None

    def _begin(self) -> bool:
        work, descriptors, _, _ = socket.recv_fds(self._control, 1, 2)
        if not work:
            return False
        self.end()
        talk, held = descriptors
        for each in descriptors:  # `recv_fds` ignores its flags
            fcntl.fcntl(each, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        self._child = os.fork()
        if self._child == 0:
            self._control.close()
            wasmcell.live(work, talk, held, is_jailed=self._is_jailed)
        for each in descriptors:
            os.close(each)
        return True


def main(arguments: list[str]) -> NoReturn:
    """Serve on standard input: `wasmkeeper jailed` or `wasmkeeper language-only`."""
    os.environ.clear()
    control = socket.socket(fileno=os.dup(0))
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.close(silence)
    gc.freeze()  # or the first collection in each fork would copy all there is
    keeper = WasmKeeper(control, is_jailed=arguments == ["jailed"])
    keeper.serve()
    keeper.end()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
