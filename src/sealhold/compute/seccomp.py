"""System call filters: small rule lists, turned into the BPF programs that the kernel runs.

- A filter is an allow list: what no rule names is refused, and does not exist by accident.
- The architecture is checked first; a foreign one, and x32 numbers on x86_64, kill the process.
- `clone3` answers ENOSYS, because the C library then falls back to `clone`, whose flags a filter
  can see; EPERM would break the making of threads.
- `Verdict.ASK` hands the call to a supervisor that holds the filter's listener. When the
  supervisor is gone, the kernel answers ENOSYS, so losing it can only take rights away.

Source: docs/spec/19-confinement.md section 3; seccomp(2), seccomp_unotify(2).
"""

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache

from sealhold.model.errors import IsolationUnavailableError

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x4000_0000  # x32 calls on x86_64 carry it; they would slip past a list of numbers
_SET_MODE_FILTER = 1
_GET_ACTION_AVAIL = 2
_NEW_LISTENER = 8

_LOAD, _AND, _JUMP_EQUAL, _JUMP_AT_LEAST, _RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
_AT_NUMBER, _AT_ARCH, _AT_ARGS = 0, 4, 16  # offsets in struct seccomp_data
_LOW = 0xFFFF_FFFF


class Verdict(IntEnum):
    """What happens to a call; the value is the kernel's return code."""

    ALLOW = 0x7FFF_0000
    ASK = 0x7FC0_0000
    REFUSE = 0x0005_0000 | errno.EPERM
    ABSENT = 0x0005_0000 | errno.ENOSYS
    KILL = 0x8000_0000


@dataclass(frozen=True, slots=True)
class Argument:
    """Holds if `(argument[index] & mask) == value`; a mask below 2^32 looks at an int."""

    index: int
    mask: int
    value: int


@dataclass(frozen=True, slots=True)
class Rule:
    """Gives `call` its verdict if each argument test holds; else the next rule is asked."""

    call: str
    verdict: Verdict = Verdict.ALLOW
    tests: tuple[Argument, ...] = ()


# name: (x86_64, aarch64); None where the architecture has no such call
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "access": (21, None),
    "arch_prctl": (158, None),
    "brk": (12, 214),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close": (3, 57),
    "close_range": (436, 436),
    "dup": (32, 23),
    "dup2": (33, None),
    "dup3": (292, 24),
    "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21),
    "epoll_pwait": (281, 22),
    "epoll_wait": (232, None),
    "eventfd2": (290, 19),
    "execve": (59, 221),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fcntl": (72, 25),
    "fstat": (5, 80),
    "futex": (202, 98),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "getegid": (108, 177),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getpeername": (52, 205),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getrandom": (318, 278),
    "getrusage": (98, 165),
    "getsockname": (51, 204),
    "getsockopt": (55, 209),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "getuid": (102, 174),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "lseek": (8, 62),
    "lstat": (6, None),
    "madvise": (28, 233),
    "membarrier": (324, 283),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "nanosleep": (35, 101),
    "newfstatat": (262, 79),
    "open": (2, None),
    "openat": (257, 56),
    "pidfd_open": (434, 434),
    "pipe2": (293, 59),
    "poll": (7, None),
    "ppoll": (271, 73),
    "prctl": (157, 167),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "pselect6": (270, 72),
    "read": (0, 63),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "readv": (19, 65),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "restart_syscall": (219, 128),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "select": (23, None),
    "sendmsg": (46, 211),
    "sendto": (44, 206),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "setsockopt": (54, 208),
    "shutdown": (48, 210),
    "sigaltstack": (131, 132),
    "socketpair": (53, 199),
    "stat": (4, None),
    "statx": (332, 291),
    "time": (201, None),
    "uname": (63, 160),
    "wait4": (61, 260),
    "waitid": (247, 95),
    "write": (1, 64),
    "writev": (20, 66),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def assemble(rules: Iterable[Rule], machine: str) -> bytes:
    """Return the BPF program of `rules` for `machine`, `x86_64` or `aarch64`.

    Raises:
        IsolationUnavailableError: there is no table of calls for this machine.
    """
    arch = _AUDIT_ARCH.get(machine)
    if arch is None:
        raise IsolationUnavailableError(f"no table of system calls for `{machine}`")
    column = 0 if machine == "x86_64" else 1
    # THREAT T31: a call made in another architecture's numbers would be read as a harmless one.
    steps = [
        _step(_LOAD, _AT_ARCH),
        _step(_JUMP_EQUAL, arch, 1, 0),
        _step(_RETURN, Verdict.KILL),
        _step(_LOAD, _AT_NUMBER),
    ]
    if machine == "x86_64":
        steps += [_step(_JUMP_AT_LEAST, _X32_BIT, 0, 1), _step(_RETURN, Verdict.KILL)]
    for rule in rules:
        number = NUMBERS[rule.call][column]
        if number is not None:
            steps += _rule_steps(rule, number)
    # INVARIANT: a call that no rule names ends in a refusal.
    steps.append(_step(_RETURN, Verdict.REFUSE))
    return b"".join(steps)


def install(code: bytes) -> None:
    """Put this thread, and all it starts, under an assembled filter for good.

    Raises:
        IsolationUnavailableError: the kernel refuses the filter.
    """
    _set_filter(code, 0)


def listen(code: bytes) -> int:
    """Install a filter and return the descriptor through which its ASK verdicts are answered.

    Raises:
        IsolationUnavailableError: the kernel refuses the filter; also if one with a listener is
            already there.
    """
    return _set_filter(code, _NEW_LISTENER)


def _set_filter(code: bytes, flags: int) -> int:
    program = _Program(len(code) // 8, code)
    answer = _call(_SET_MODE_FILTER, flags, ctypes.byref(program))
    if answer < 0:
        reason = os.strerror(ctypes.get_errno()).lower()
        raise IsolationUnavailableError(f"the system call filter: {reason}")
    return answer


def offers(verdict: Verdict) -> bool:
    """Return whether this kernel has filters that can give `verdict`."""
    if platform.machine() not in _SECCOMP:
        return False
    action = ctypes.c_uint32(verdict & 0xFFFF_0000)
    return _call(_GET_ACTION_AVAIL, 0, ctypes.byref(action)) == 0


def _rule_steps(rule: Rule, number: int) -> list[bytes]:
    tests = [step for test in rule.tests for step in _test_steps(test)]
    body: list[bytes] = []
    for done, (code, value) in enumerate(tests):
        # A test that fails jumps over the tests that are left and over the verdict.
        past = len(tests) - done if code == _JUMP_EQUAL else 0
        body.append(_step(code, value, 0, past))
    body.append(_step(_RETURN, rule.verdict))
    if tests:
        body.append(_step(_LOAD, _AT_NUMBER))  # the tests overwrote the accumulator
    return [_step(_JUMP_EQUAL, number, 0, len(body)), *body]


def _test_steps(test: Argument) -> list[tuple[int, int]]:
    at = _AT_ARGS + 8 * test.index
    steps = [(_LOAD, at), (_AND, test.mask & _LOW), (_JUMP_EQUAL, test.value & _LOW)]
    if test.mask > _LOW:
        steps += [(_LOAD, at + 4), (_AND, test.mask >> 32), (_JUMP_EQUAL, test.value >> 32)]
    return steps


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("<HBBI", code, if_true, if_false, value)


def _call(*arguments: object) -> int:
    number = _SECCOMP[platform.machine()]
    return int(_libc().syscall(ctypes.c_long(number), *arguments))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
