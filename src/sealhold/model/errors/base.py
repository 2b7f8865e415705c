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

    Over HTTP: try again; if it stays so, tell whoever runs the vault.
    """

    kind: ClassVar[ErrorKind] = ErrorKind.BUG

    @classmethod
    def remedy(cls) -> str:
        """Return what the reader can do next, from the class docstring."""
        return _advice(cls, "Remedy: ")

    @classmethod
    def remedy_over_http(cls) -> str:
        """Return what whoever calls the API can do next: another thing only where it is said."""
        return _advice(cls, "Over HTTP: ") or cls.remedy()

    @classmethod
    def code(cls) -> str:
        """Return the name that programs match on: `LEAK_EXHAUSTED` for LeakExhaustedError."""
        words = "".join(f"_{c}" if c.isupper() else c.upper() for c in cls.__name__)
        return words.strip("_").removesuffix("_ERROR")


def _advice(error: type[SealholdError], word: str) -> str:
    paragraphs = inspect.cleandoc(error.__doc__ or "").split("\n\n")
    found = (each.removeprefix(word) for each in paragraphs if each.startswith(word))
    return next(found, "").replace("\n", " ")


class UsageError(SealholdError):
    """The command or call was not put together as it must be.

    Remedy: see `sealhold COMMAND --help`.

    Over HTTP: see what the address takes in `GET /v1/openapi.json`.
    """

    kind = ErrorKind.USAGE
