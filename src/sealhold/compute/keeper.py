"""The keeper: forks fresh jailed brokers on demand, and is their warden while they live.

- One process, started by the Core with an empty environment; standard input is its control
  socket, and there is no other descriptor. It never reads a byte of a task or of its answers.
- It loads and works out what brokers share, once; then it leaves the network, for good.
- One message on the control socket, with one descriptor: end the broker in that place, fork the
  next one into it, on that descriptor. End of file: end all and exit.
- There are few places, each with a processor of its own as far as there are enough: what runs in
  one does not slow down what runs in another. One broker at most is in a place, with the workers
  below it. When it ends, however it ends, all that is left below it is killed.

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
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from sealhold.compute import cell
from sealhold.compute.cell import Making
from sealhold.compute.frames import PLACES
from sealhold.compute.warden import Warden, children

_PR_SET_CHILD_SUBREAPER = 36


@dataclass(slots=True)
class _Den:
    """A place that is taken."""

    broker: int
    closing: socket.socket | None  # through which the jail's listener comes, once it is closed
    warden: Warden | None = None

    def watched(self) -> int:
        """Return the descriptor that tells of this place, -1 if there is none."""
        if self.closing is not None:
            return self.closing.fileno()
        return -1 if self.warden is None else self.warden.listener

    def close(self) -> None:
        """Close what this process holds of it."""
        if self.closing is not None:
            self.closing.close()
        if self.warden is not None:
            os.close(self.warden.listener)


class Keeper:
    """Keeps at most one broker in each place; `control` leads to the Core."""

    def __init__(self, control: socket.socket, making: Making) -> None:
        self._control = control
        self._making = making
        self._dens: dict[int, _Den] = {}
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def serve(self) -> None:
        """Serve until the Core closes its end."""
        while True:
            events = dict(self._poll.poll())
            # The Core comes last: by then no event of an old broker can be taken for the new one's.
            asked = events.pop(self._control.fileno(), 0)
            for place, den in list(self._dens.items()):
                if den.watched() in events:
                    self._attend(place, den, events[den.watched()])
            if asked and not self._begin():
                return

    def end(self) -> None:
        """Kill and reap all brokers and what is left below them."""
        for place in list(self._dens):
            self._end(place)

    def _attend(self, place: int, den: _Den, event: int) -> None:
        if den.warden is None:
            self._meet(den)
        elif event & select.POLLIN:
            den.warden.answer()
        elif event & (select.POLLHUP | select.POLLERR):
            self._end(place)

    def _meet(self, den: _Den) -> None:
        """Become the warden of a broker that has closed its jail."""
        if den.closing is None:
            return
        _, listeners, _, _ = socket.recv_fds(den.closing, 1, 1)
        self._poll.unregister(den.closing)
        den.closing.close()
        den.closing = None
        if listeners:
            den.warden = Warden(listeners[0], den.broker)
            self._poll.register(listeners[0], select.POLLIN)

    def _end(self, place: int) -> None:
        den = self._dens.pop(place, None)
        if den is None:
            return
        if den.watched() >= 0:
            self._poll.unregister(den.watched())
        den.close()  # what still asks is refused by the kernel
        _bury(den.broker)
        # What was below it is a child of this process by now, and so none escapes; the brokers of
        # other places are left alone.
        others = {each.broker for each in self._dens.values()}
        while strays := [each for each in children(os.getpid()) if each not in others]:
            for stray in strays:
                _bury(stray)

    def _begin(self) -> bool:
        message, descriptors, _, _ = socket.recv_fds(self._control, 1, 1)
        if not message:
            return False
        place = message[0] % PLACES
        self._end(place)
        # THREAT T31: `recv_fds` ignores its flags; left so, workers would inherit the way to the
        # Core.
        fcntl.fcntl(descriptors[0], fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        ours, theirs = socket.socketpair()
        broker = os.fork()
        if broker == 0:
            self._forget(ours)
            cell.live(descriptors[0], self._making, theirs, place)
        theirs.close()
        os.close(descriptors[0])
        self._dens[place] = _Den(broker, ours)
        self._poll.register(ours, select.POLLIN)
        return True

    def _forget(self, ours: socket.socket) -> None:
        """Close, in a broker, what is the keeper's."""
        self._control.close()
        ours.close()
        # THREAT T160: a broker that held its neighbour's listener could answer its workers' asking
        for den in self._dens.values():
            den.close()


def _bury(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)


def main(arguments: list[str], adapt: Callable[[Making], Making] = lambda made: made) -> NoReturn:
    """Serve on standard input: `keeper jailed` or `keeper language-only`.

    `adapt` gives other sandboxes in place of those that brokers are made with.
    """
    os.environ.clear()
    control = socket.socket(fileno=os.dup(0))
    silence = os.open(os.devnull, os.O_RDWR)
    os.dup2(silence, 0)
    os.close(silence)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    keeper = Keeper(control, adapt(cell.make(is_jailed=arguments == ["jailed"])))
    gc.freeze()  # or the first collection in each fork would copy all there is
    keeper.serve()
    keeper.end()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
