"""How a no is told: three lines for a person, one object for a program, an exit code for both.

- What happened, why in one clause, and what to try. No trace, and no personal data, ever; a trace
  is for who sets SEALHOLD_DEBUG=1.
- The exit code is the kind of the error.

Source: docs/spec/20-faces.md section 8.
"""

import inspect
from dataclasses import dataclass

from sealhold.frontends.cli.served import instead
from sealhold.frontends.web.safetext import visible
from sealhold.model.errors import (
    ErrorKind,
    HeldBackError,
    InvalidIdError,
    InvalidQueryError,
    NoFileError,
    NoHomeError,
    NotFoundError,
    SealBrokenError,
    SealholdError,
    StoreBusyError,
    UsageError,
    WrongKeyFileError,
    WrongPassphraseError,
)

LISTS = {  # where the ids that a command takes are found
    "app": "sealhold app list",
    "audit": "sealhold audit show",
    "grant": "sealhold grant list",
    "import": "sealhold source list --jobs",
    "proof": "sealhold audit show",
    "request": "sealhold request list",
    "run": "sealhold grant list",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error as it is told."""

    kind: ErrorKind
    code: str
    message: str
    why: str
    remedy: str
    id: str | None  # of a fault of ours: this one occurrence
    until: int | None = None  # when to ask again, in ms since 1970, where that is known

    def lines(self) -> list[str]:
        """Return the lines for a person."""
        first, *more = visible(self.message).splitlines()
        told = [f"error: {first}", *(f"  {line}" for line in more)]
        if self.why.rstrip(".").casefold() != self.message.casefold():
            told.append(f"  {self.why}")
        told.append(f"  try: {self.remedy}")
        if self.id is not None:
            told.append(f"  this occurrence has the id {self.id}")
        return told

    def document(self) -> dict[str, dict[str, str | int | None]]:
        """Return the object for a program."""
        told: dict[str, str | int | None] = {
            "kind": self.kind.name.lower(),
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "id": self.id,
        }
        return {"error": told if self.until is None else {**told, "until": self.until}}


def trouble(err: SealholdError, command: tuple[str, ...], *, number: str | None = None) -> Trouble:
    """Return `err`, raised by `command`, as it is told; `number` names this one occurrence."""
    why = inspect.cleandoc(type(err).__doc__ or "").partition("\n\n")[0].replace("\n", " ")
    why = why.partition("; ")[0].rstrip(".") + "."
    message = str(err).rstrip(".") or why[:1].lower() + why[1:].rstrip(".")
    return Trouble(
        kind=err.kind,
        code=err.code(),
        message=message,
        why=why,
        remedy=_remedy(err, command),
        id=number,
        until=err.until if isinstance(err, HeldBackError) else None,
    )


def usage(message: str, command: tuple[str, ...]) -> Trouble:
    """Return what is told where the words of the command line make no command."""
    text = message.strip().rstrip(".").replace("'", "`")
    return Trouble(
        kind=ErrorKind.USAGE,
        code="USAGE",
        message=text[:1].lower() + text[1:],
        why="The command was not put together as it must be.",
        remedy=" ".join(("sealhold", *command, "--help")),
        id=None,
    )


def _remedy(err: SealholdError, command: tuple[str, ...]) -> str:
    help_ = " ".join(("sealhold", *command, "--help"))
    of_files = command[:1] == ("task",) or command == ("request", "add")
    match err:
        case NoHomeError():
            told = "sealhold init"
        case WrongKeyFileError():
            told = err.remedy()
        case WrongPassphraseError():
            told = "once more: Caps Lock and the keyboard layout are the usual causes"
        case SealBrokenError() if command == ("app", "open"):
            told = "get the answer again, and name the folder of the app that asked with `--keys`"
        case StoreBusyError():
            also = instead(command)
            told = f"{also}; else {err.remedy()}" if also else err.remedy()
        case InvalidQueryError():
            told = "sealhold query --tables"
        case UsageError():
            told = help_
        case NotFoundError() if of_files or isinstance(err, NoFileError):
            told = NoFileError.remedy()
        case InvalidIdError() | NotFoundError() if command and command[0] in LISTS:
            told = LISTS[command[0]]
        case _:
            told = err.remedy()
    return told
