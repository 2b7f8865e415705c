"""An unlock secret in the environment, for a service that nobody is there to unlock.

- SEALHOLD_ROOT is 32 random bytes in base64. What is plainly not random is refused, and so is any
  value that stands on a page of ours.
- Deleting a variable leaves it readable in /proc/PID/environ. So the process starts itself anew
  without it and gets the value over a pipe that is then empty; no child inherits it.
- From then on the process is not dumpable: others of its user can read neither its environment
  nor its memory, and it leaves no core.
- Until then, some tens of milliseconds, and wherever it was set, the value can be read by this
  user. Whoever sets it must keep it elsewhere.

Source: docs/spec/03-keys.md section 8.1; proc(5), prctl(2).
"""

import base64
import binascii
import ctypes
import os
import sys
from collections.abc import MutableMapping
from itertools import pairwise
from typing import NoReturn

from sealhold.crypto.roots.keyfile import MIN_VARIETY
from sealhold.crypto.seal import KEY_BYTES
from sealhold.crypto.secret import Secret
from sealhold.model.errors import UnavailableError, WeakRootError

NAME = "environment"
VARIABLE = "SEALHOLD_ROOT"
PIPE = "SEALHOLD_ROOT_PIPE"  # the number of the pipe's end, between two starts
LONGEST = 256  # bytes that go through the pipe; a right value has 44
PUBLISHED = frozenset({"D4q37eiro/YH+bKUEHdNYMGn6Cb572eeT+cCznA7lK4="})  # in our vectors
_PRINTABLE = range(0x20, 0x7F)
_PR_SET_DUMPABLE = 4


def parse(text: str) -> Secret:
    """Return the secret that `text` is: 32 random bytes in base64.

    Raises:
        WeakRootError: it is not, or the value is known to everybody.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as err:
        raise WeakRootError(f"{VARIABLE} is not base64") from err
    if len(value) != KEY_BYTES or base64.b64encode(value).decode() != text:
        raise WeakRootError(f"{VARIABLE} is not {KEY_BYTES} bytes in base64")
    # THREAT T210: a value that was typed, counted up, or copied from a page
    steps = {(after - before) % 256 for before, after in pairwise(value)}
    is_text = all(byte in _PRINTABLE for byte in value)
    if is_text or len(set(value)) < MIN_VARIETY or len(steps) < MIN_VARIETY:
        raise WeakRootError(f"{VARIABLE} is not random")
    if text in PUBLISHED:
        raise WeakRootError(f"{VARIABLE} stands on a page that everybody can read")
    return Secret(value, "root value")


def withdraw(environment: MutableMapping[str, str] = os.environ) -> str | None:
    """Return the value, unchecked, once it stands nowhere in the process's environment.

    The first time this starts the process anew and does not return. Call it before any thread,
    child or file of ours exists.

    Raises:
        UnavailableError: the pipe is not there, or the system does not close the process.
    """
    if PIPE in environment:
        text = _received(environment.pop(PIPE))
        _close_to_others()
        return text
    if VARIABLE in environment:
        _start_anew(environment)
    return None


def _start_anew(environment: MutableMapping[str, str]) -> NoReturn:
    # THREAT T210: what execve is given is all that /proc/PID/environ will show, and children get
    reading, writing = os.pipe()
    os.write(writing, os.fsencode(environment[VARIABLE])[:LONGEST])
    os.close(writing)
    os.set_inheritable(reading, True)  # noqa: FBT003  # its own form
    rest = {name: value for name, value in environment.items() if name != VARIABLE}
    os.execve(sys.executable, sys.orig_argv, rest | {PIPE: str(reading)})  # noqa: S606  # ourselves


def _received(number: str) -> str:
    try:
        with os.fdopen(int(number), "rb") as pipe:
            return pipe.read(LONGEST + 1).decode("utf-8", "replace")
    except (OSError, ValueError) as err:
        raise UnavailableError(f"{PIPE} names no pipe") from err


def _close_to_others() -> None:
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise UnavailableError("the system does not close the process to others")
