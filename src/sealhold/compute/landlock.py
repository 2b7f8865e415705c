"""Landlock: the kernel's rules on files, TCP and scopes that a process lays on itself for good.

- Every file right that the kernel knows is taken away; what a `Rule` names is given back.
- From ABI 4 on no TCP port can be bound or reached; from ABI 6 on no signal and no abstract
  socket leads out of the domain.
- What Landlock has no word for (`stat`, UDP, `chdir`) is the system call filter's matter.

Source: docs/spec/19-confinement.md section 2; landlock(7).
"""

import ctypes
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from functools import cache
from pathlib import Path

from sealhold.model.errors import IsolationUnavailableError

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_GET_VERSION = 1
_PATH_BENEATH = 1
NETWORK_ABI = 4
SCOPE_ABI = 6
_ALL_TCP = 0b11  # bind, connect
_ALL_SCOPES = 0b11  # abstract sockets, signals

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # from this ABI on: that many rights


class Access(IntFlag):
    """What a rule gives back; no rule gives a right to write."""

    EXECUTE = 1
    READ_FILE = 4
    READ_DIR = 8


@dataclass(frozen=True, slots=True)
class Rule:
    """Gives `access` to `path` and all beneath it."""

    path: Path
    access: Access


def version() -> int:
    """Return the kernel's Landlock ABI, 0 if it has none or none is enabled."""
    found = _call(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_GET_VERSION))
    return max(found, 0)


def ruleset(rules: Iterable[tuple[int, Access]]) -> int:
    """Return a descriptor of what leaves a process no file, TCP and scope right but `rules`.

    `rules` names each path by an open descriptor. The ruleset is closed on exec; processes that
    are forked from here can each be restricted by it.

    Raises:
        IsolationUnavailableError: the kernel has no Landlock or refuses a rule.
    """
    abi = version()
    if abi == 0:
        raise IsolationUnavailableError("the kernel offers no Landlock")
    made = _checked(_create(abi), "ruleset")
    try:
        for opened, access in rules:
            beneath = struct.pack("=Qi", access, opened)
            given = _call(
                _ADD_RULE,
                ctypes.c_int(made),
                ctypes.c_int(_PATH_BENEATH),
                ctypes.c_char_p(beneath),
                ctypes.c_uint32(0),
            )
            _checked(given, "rule")
    except BaseException:
        os.close(made)
        raise
    return made


def restrict(made: int) -> None:
    """Lay the ruleset on this thread, for good; `no_new_privs` must be set.

    Raises:
        IsolationUnavailableError: the kernel refuses it.
    """
    _checked(_call(_RESTRICT_SELF, ctypes.c_int(made), ctypes.c_uint32(0)), "restriction")


def file_access(access: Access) -> Access:
    """Return the part of `access` that a rule on a plain file may have."""
    return access & ~Access.READ_DIR


def _create(abi: int) -> int:
    rights = (1 << max(count for since, count in _FILE_RIGHTS.items() if since <= abi)) - 1
    fields = [rights]
    if abi >= NETWORK_ABI:
        fields.append(_ALL_TCP)
    if abi >= SCOPE_ABI:
        fields.append(_ALL_SCOPES)
    wanted = struct.pack(f"={len(fields)}Q", *fields)
    return _call(
        _CREATE_RULESET,
        ctypes.c_char_p(wanted),
        ctypes.c_size_t(len(wanted)),
        ctypes.c_uint32(0),
    )


def _checked(answer: int, what: str) -> int:
    if answer < 0:
        reason = os.strerror(ctypes.get_errno()).lower()
        raise IsolationUnavailableError(f"Landlock {what}: {reason}")
    return answer


def _call(number: int, *arguments: object) -> int:
    return int(_libc().syscall(ctypes.c_long(number), *arguments))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
