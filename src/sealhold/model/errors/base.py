"""What all errors have: a kind, a code that programs match on, a remedy; and a call put wrongly.

Source: docs/spec/01-encoding.md section 5.
"""

import inspect
from enum import IntEnum
from typing import ClassVar


class ErrorKind(IntEnum):
    """What sort of no it is; the value is the exit code of the command line."""

    BUG = 1
    USAGE = 2
    DENIED = 3
    NOTFOUND = 4
    INVALID = 5
    TAMPERED = 6
    UNAVAILABLE = 7
    EXHAUSTED = 8
    CONFLICT = 9


class SealholdError(Exception):
    """Something went wrong that sealhold did not foresee.

    Remedy: report it with the output of `sealhold status --json`.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.BUG

    @classmethod
    def remedy(cls) -> str:
        """Return what the reader can do next, from the class docstring."""
        return inspect.cleandoc(cls.__doc__ or "").partition("Remedy: ")[2].replace("\n", " ")

    @classmethod
    def code(cls) -> str:
        """Return the name that programs match on: `LEAK_EXHAUSTED` for LeakExhaustedError."""
        words = "".join(f"_{c}" if c.isupper() else c.upper() for c in cls.__name__)
        return words.strip("_").removesuffix("_ERROR")


class UsageError(SealholdError):
    """The command or call was not put together as it must be.

    Remedy: see `sealhold COMMAND --help`.
    """

    kind = ErrorKind.USAGE
