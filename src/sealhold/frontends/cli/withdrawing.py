"""Taking the root value out of the environment, where others of this user could read it.

- Deleting a variable leaves it in /proc/PID/environ. So the process starts itself anew without
  it and gets the value over a pipe, which is empty then; no child inherits it.
- From then on the process is not dumpable: others of its user can read neither its environment
  nor its memory, and it leaves no core.
- Until then, while the interpreter starts, and wherever it was set, the value can be read by
  this user. Whoever sets it must keep it elsewhere.

Source: docs/spec/03-keys.md section 8.1; proc(5), prctl(2).
"""

import ctypes
import os
import sys
from collections.abc import MutableMapping
from typing import NoReturn

from sealhold.model.errors import UnavailableError

VARIABLE = "SEALHOLD_ROOT"
PIPE = "SEALHOLD_ROOT_PIPE"  # the number of the pipe's end, between the two starts
LONGEST = 256  # bytes that go through the pipe; a right value has 44
_PR_SET_DUMPABLE = 4


def withdraw(environment: MutableMapping[str, str]) -> str | None:
    """Return the value, unchecked, once it stands nowhere in the process's environment.

    The first time this starts the process anew and does not return. Call it before there is any
    thread, child or open file of ours.

    Raises:
        UnavailableError: the pipe is not there, or the system does not close the process.
    """
    if VARIABLE in environment:
        _start_anew(environment)
    if PIPE not in environment:
        return None
    value = _received(environment.pop(PIPE))
    _close_to_others()
    return value


def _start_anew(environment: MutableMapping[str, str]) -> NoReturn:
    reading, writing = os.pipe()
    os.write(writing, os.fsencode(environment[VARIABLE])[:LONGEST])
    os.close(writing)
    os.set_inheritable(reading, True)
    # THREAT T210: what execve is given is all that /proc/PID/environ shows and children inherit
    rest = {name: value for name, value in environment.items() if name != VARIABLE}
    arguments = sys.orig_argv
    os.execve(sys.executable, arguments, rest | {PIPE: str(reading)})  # noqa: S606  reason: ourselves


def _received(number: str) -> str:
    try:
        with os.fdopen(int(number), "rb") as pipe:
            return pipe.read(LONGEST).decode("utf-8", "replace")
    except (OSError, ValueError) as err:
        raise UnavailableError(f"{PIPE} names no pipe") from err


def _close_to_others() -> None:
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise UnavailableError("the system does not close the process to others")
