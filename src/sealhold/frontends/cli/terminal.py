"""The owner's terminal: where secrets are typed, and questions answered.

- A secret is read from /dev/tty with the echo off, never from standard input, which a pipe may be.
- An answer is read from there too, and seen as it is typed.

Source: docs/spec/20-faces.md section 8.
"""

import os
import warnings
from getpass import GetPassWarning, getpass
from pathlib import Path
from typing import Protocol

from sealhold.model.errors import VerificationNeededError

TTY = "/dev/tty"


class Terminal(Protocol):
    """Where an owner can be asked."""

    def is_there(self) -> bool:
        """Return whether somebody can type."""
        ...

    def ask(self, prompt: str) -> str:
        """Return what the owner types, unseen.

        Raises:
            EOFError: the owner ended the input instead.
        """
        ...

    def line(self, prompt: str) -> str:
        """Return what the owner types, seen.

        Raises:
            EOFError: the owner ended the input instead.
        """
        ...


class OwnTerminal:
    """The terminal that controls this process."""

    def is_there(self) -> bool:
        """Return whether the process has one."""
        try:
            os.close(os.open(TTY, os.O_RDWR | os.O_NOCTTY))
        except OSError:
            return False
        return True

    def ask(self, prompt: str) -> str:
        """Return a line that is typed at it with the echo off.

        Raises:
            VerificationNeededError: the echo cannot be turned off.
        """
        with warnings.catch_warnings():
            # If the echo cannot be turned off, nothing is asked at all.
            warnings.simplefilter("error", GetPassWarning)
            try:
                return getpass(prompt)
            except GetPassWarning as err:
                raise VerificationNeededError("what is typed here would be seen") from err

    def line(self, prompt: str) -> str:
        """Return a line that is typed at it.

        Raises:
            EOFError: the input was ended instead.
        """
        # a terminal cannot be sought in, so one end is opened to write and another to read
        with Path(TTY).open("w") as told, Path(TTY).open() as typing:
            told.write(prompt)
            told.flush()
            typed = typing.readline()
        if not typed:
            raise EOFError
        return typed.rstrip("\n")
