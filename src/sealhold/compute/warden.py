"""The warden: answers the system calls that a broker's filter asks about.

- The broker may start one program (Landlock says which), end its own workers, and open nothing.
- A worker may be executed once and read the libraries that its loader needs, until the broker
  seals it by sending it signal 0; from then on each question of it is refused.
- A process that is neither, or that cannot be told apart, is refused.
- Who asks is the kernel's word (the thread's id), never the asker's; no memory of the asker is
  read, so nothing can be changed between look and leave.

Source: docs/spec/19-confinement.md section 4; seccomp_unotify(2).
"""

import ctypes
import errno
import fcntl
import platform
import re
import struct
from contextlib import suppress
from functools import cache
from pathlib import Path

from sealhold.compute import calls
from sealhold.compute.seccomp import NUMBERS

_RECEIVE, _SEND, _IS_VALID = 0xC050_2100, 0xC018_2101, 0x4008_2102  # ioctl requests
_SET_FLAGS, _ON_ONE_CPU = 0x4008_2104, 1
_QUESTION = struct.Struct("=QIIiIQ6Q")  # id, thread, flags, call, architecture, address, arguments
_ANSWER = struct.Struct("=QqiI")  # id, value, error, flags
_GO_ON = 1
_SEAL = 0  # the signal that kills nobody
MOST_WORKERS = 4  # at once; a broker that is sound has one
_PARENT = re.compile(rb"^PPid:\t(\d+)$", re.MULTILINE)
_TGKILL = (234, 131)  # x86_64, aarch64


class Warden:
    """Answers for the broker with process id `broker` and its workers, over `listener`."""

    def __init__(self, listener: int, broker: int) -> None:
        self.listener = listener
        self._broker = broker
        self._due = 0  # starts that were let through, and whose process has not asked yet
        self._workers: set[int] = set()
        self._executed: set[int] = set()
        self._sealed: set[int] = set()
        # Whoever asks waits for the answer, so both may share one processor: no other has to wake
        # up for it. Kernels before 6.6 do not know that.
        with suppress(OSError):
            fcntl.ioctl(listener, _SET_FLAGS, _ON_ONE_CPU)

    def answer(self) -> None:
        """Answer the question that waits; one whose asker has died meanwhile is dropped.

        Raises:
            OSError: the listener is broken; without it the kernel refuses whatever is asked.
        """
        question = bytearray(_QUESTION.size)
        try:
            fcntl.ioctl(self.listener, _RECEIVE, question)
            about, thread, _, number, _, _, *arguments = _QUESTION.unpack(question)
            may = self._may(_names().get(number, ""), arguments, thread)
            # The thread's id may have been given away again between question and look.
            fcntl.ioctl(self.listener, _IS_VALID, struct.pack("=Q", about))
            reply = (about, 0, 0, _GO_ON) if may else (about, 0, -errno.EPERM, 0)
            fcntl.ioctl(self.listener, _SEND, _ANSWER.pack(*reply))
        except OSError as err:
            if err.errno not in {errno.ENOENT, errno.EINTR}:
                raise

    def _may(self, call: str, arguments: list[int], thread: int) -> bool:
        if is_thread_of(self._broker, thread):
            return call in calls.BROKERING and self._brokers(call, arguments)
        worker = self._worker_of(thread)
        # THREAT T31: past its seal a worker starts, opens and looks at nothing.
        if worker is None or worker in self._sealed:
            return False
        if call == "execve":
            is_first = worker not in self._executed
            self._executed.add(worker)
            return is_first
        return call in calls.STARTING

    def _brokers(self, call: str, arguments: list[int]) -> bool:
        if call == "clone":
            return self._starts()
        if call != "kill":
            return True
        target, signal = arguments[0] & 0xFFFF_FFFF, arguments[1] & 0xFFFF_FFFF
        if signal == _SEAL:
            is_worker = target in self._workers
            self._sealed |= {target} & self._workers
            return is_worker
        return parent_of(target) == self._broker

    def _starts(self) -> bool:
        # What has ended may give its id to the one that now begins.
        self._workers = {worker for worker in self._workers if is_thread_of(worker, worker)}
        self._executed &= self._workers
        self._sealed &= self._workers
        # THREAT T30: each may use its whole address space, so there are few.
        if len(self._workers) + self._due >= MOST_WORKERS:
            return False
        self._due += 1
        return True

    def _worker_of(self, thread: int) -> int | None:
        """Return the worker that `thread` is of, None if it cannot be told.

        All that asks here is under the broker's filter, and nothing under it but the broker starts
        a process: what is no thread of those that are known is the process that was let start.
        """
        for worker in self._workers:
            if is_thread_of(worker, thread):
                return worker
        if not self._due or not is_thread_of(thread, thread):
            return None
        self._due -= 1
        self._workers.add(thread)
        return thread


def is_thread_of(process: int, thread: int) -> bool:
    """Return whether `thread` is one of `process`, by a signal that is looked at and not sent."""
    number = _TGKILL[0 if platform.machine() == "x86_64" else 1]
    return int(_libc().syscall(number, process, thread, 0)) == 0


def parent_of(process: int) -> int:
    """Return the parent of `process`, 0 if it is gone."""
    try:
        told = Path(f"/proc/{process}/status").read_bytes()
    except OSError:
        return 0
    found = _PARENT.search(told)
    return int(found[1]) if found else 0


@cache
def _names() -> dict[int | None, str]:
    column = 0 if platform.machine() == "x86_64" else 1
    return {numbers[column]: name for name, numbers in NUMBERS.items()}


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def children(process: int) -> list[int]:
    """Return the processes whose parent is `process`, those that are not buried yet included."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{process}/task").iterdir():
            found += map(int, (thread / "children").read_bytes().split())
    except OSError:  # a kernel that is built without these lists
        everyone = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
        return [other for other in everyone if parent_of(other) == process]
    return found
