"""Runs a broker, or closes a reader's jail, on a kernel that lacks something.

`jail_masked.py MASKED MODE`, where MODE is one of the broker's, or `reader`.

A filter makes the masked system call answer ENOSYS, as an older kernel would; processes started
from here see the same kernel. The outcome is one line on standard output.
"""

import ctypes
import errno
import platform
import struct
import sys

from sealhold.compute import jail
from sealhold.compute.broker import Broker, Mode
from sealhold.compute.spec import Limits
from sealhold.model.errors import IsolationUnavailableError

CALLS = {
    "landlock": (444, 444),
    "seccomp": (317, 277),
    "namespaces": (272, 97),
}
ALLOW, ABSENT = 0x7FFF0000, 0x00050000 | errno.ENOSYS
PROGRAM = b"def evaluate(obj, res):\n    return 7\n"


class Program(ctypes.Structure):
    """The kernel's `struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def mask(number: int) -> None:
    """Make the system call `number` answer ENOSYS from here on."""
    steps = ((0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, ABSENT), (0x06, 0, 0, ALLOW))
    code = b"".join(struct.pack("<HBBI", *step) for step in steps)
    libc = ctypes.CDLL(None, use_errno=True)
    program = Program(len(steps), code)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(program), 0, 0):
        raise OSError(ctypes.get_errno(), "the mask cannot be laid")


def main(masked: str, mode: str) -> None:
    """Mask one call, run one object, and say how it went."""
    if masked in CALLS:
        mask(CALLS[masked][0 if platform.machine() == "x86_64" else 1])
    can_confine = jail.can_confine()
    try:
        if mode == "reader":
            jail.confine(jail.Profile.reader())
        with Broker(Mode(mode)) as broker:
            limits = Limits(ms_per_partition=1000, memory_mib=16)
            answers = broker.evaluate(PROGRAM, {"param": 0, "resources": {}}, [{}], limits)
            told = f"{answers} {broker.isolation}"
    except IsolationUnavailableError as err:
        told = f"refused: {err}"
    sys.stdout.write(f"{told}; can confine: {can_confine}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
