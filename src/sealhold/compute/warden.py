"""The warden: answers the system calls that a broker's filter asks about.

- The broker may start one program (Landlock says which), end its own workers, and open nothing.
- A worker may be executed once and read the libraries that its loader needs, until the broker
  seals it by sending it signal 0; from then on each question of it is refused.
- A process that is neither, or that cannot be told apart, is refused.
- Who asks is the kernel's word (the thread's id), never the asker's; no memory of the asker is
  read, so nothing can be changed between look and leave.

Source: docs/spec/19-confinement.md section 4; seccomp_unotify(2).
"""

import errno
import fcntl
import os
import platform
import re
import struct
from pathlib import Path

from sealhold.compute import calls
from sealhold.compute.seccomp import NUMBERS

_RECEIVE, _SEND, _IS_VALID = 0xC050_2100, 0xC018_2101, 0x4008_2102  # ioctl requests
_QUESTION = struct.Struct("=QIIiIQ6Q")  # id, thread, flags, call, architecture, address, arguments
_ANSWER = struct.Struct("=QqiI")  # id, value, error, flags
_GO_ON = 1
_SEAL = 0  # the signal that kills nobody
MOST_WORKERS = 4  # at once; a broker that is sound has one
_STATUS = 4096  # bytes; the two lines stand among the first
_FAMILY = re.compile(rb"^Tgid:\t(\d+)\n(?:.*\n)*?PPid:\t(\d+)\n", re.MULTILINE)


class Warden:
    """Answers for the broker with process id `broker` and its workers, over `listener`."""

    def __init__(self, listener: int, broker: int) -> None:
        self.listener = listener
        self._broker = broker
        self._executed: set[int] = set()
        self._sealed: set[int] = set()
        column = 0 if platform.machine() == "x86_64" else 1
        self._names = {numbers[column]: name for name, numbers in NUMBERS.items()}

    def answer(self) -> None:
        """Answer the question that waits; one whose asker has died meanwhile is dropped.

        Raises:
            OSError: the listener is broken; without it the kernel refuses whatever is asked.
        """
        question = bytearray(_QUESTION.size)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, question)
            about, thread, _, number, _, _, *arguments = _QUESTION.unpack(question)
            may = self._may(self._names.get(number, ""), arguments, thread)
            # The thread's id may have been given away again between question and look.
            fcntl.ioctl(self.listener, _IS_VALID, struct.pack("=Q", about))
            reply = (about, 0, 0, _GO_ON) if may else (about, 0, -errno.EPERM, 0)
            fcntl.ioctl(self.listener, _SEND, _ANSWER.pack(*reply))
        except OSError as err:
            if err.errno not in {errno.ENOENT, errno.EINTR}:
                raise

    def _may(self, call: str, arguments: list[int], thread: int) -> bool:
        process, parent = family(thread)
        if process == self._broker:
            return call in calls.BROKERING and self._brokers(call, arguments)
        # THREAT T31: past its seal a worker starts, opens and looks at nothing.
        if parent != self._broker or process in self._sealed:
            return False
        if call == "execve":
            is_first = process not in self._executed
            self._executed.add(process)
            return is_first
        return call in calls.STARTING

    def _brokers(self, call: str, arguments: list[int]) -> bool:
        if call == "clone":  # what has ended may give its id to the one that now begins
            self._executed = {pid for pid in self._executed if self._is_worker(pid)}
            self._sealed &= self._executed
            # THREAT T30: each may use its whole address space, so there are few.
            return len(children(self._broker)) < MOST_WORKERS
        if call != "kill":
            return True
        target, signal = arguments[0] & 0xFFFF_FFFF, arguments[1] & 0xFFFF_FFFF
        if not self._is_worker(target):
            return False
        if signal == _SEAL:
            self._sealed.add(target)
        return True

    def _is_worker(self, process: int) -> bool:
        return family(process)[1] == self._broker


def family(thread: int) -> tuple[int, int]:
    """Return the process that `thread` is of, and that process's parent; zeros if it is gone."""
    try:
        status = os.open(f"/proc/{thread}/status", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return 0, 0
    try:
        found = _FAMILY.search(os.read(status, _STATUS))
    except OSError:  # it ended between the two calls
        return 0, 0
    finally:
        os.close(status)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def children(process: int) -> list[int]:
    """Return the processes whose parent is `process`, those that are not buried yet included."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (thread / "children").read_bytes().split())
    except OSError:  # a kernel that is built without these lists
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [other for other in everyone if family(other)[1] == process]
    return found
