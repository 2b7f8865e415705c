"""One run of the program: what surrounds it, and the switches that every command has.

- A `Shell` is what the process has around it: environment, terminal, clock and entropy. Tests
  bring their own, and nothing here reads the process's own behind its back.
- A `Session` hears the switches `--home`, `--json`, `--quiet` and `--no-color`, before a command
  or after it, and knows which command it is.

Source: docs/spec/20-faces.md section 8.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from sealhold.frontends.cli.terminal import OwnTerminal, Terminal

if TYPE_CHECKING:  # node takes as long to load as all else, and help needs nothing of it
    from sealhold.node import World

DEBUG = "SEALHOLD_DEBUG"
STOPPED = 130  # exit code: what shells say of a program that Ctrl-C ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """What surrounds the program."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    root: str | None = None  # what SEALHOLD_ROOT said, once it stood there no more
    terminal: Terminal = field(default_factory=OwnTerminal)
    world: "World | None" = None  # None: the machine's clock and entropy


class Session:
    """What was said on the command line besides the command's own words."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self.home: Path | None = None
        self.as_json = False
        self.quiet = False
        self.color = not shell.environment.get("NO_COLOR")
        self.command: tuple[str, ...] = ()  # `("request", "show")`

    @classmethod
    def of(cls, context: typer.Context) -> "Session":
        """Return the session that a command runs in."""
        session = context.find_object(cls)
        assert session is not None  # noqa: S101  reason: `main` puts it there before any command
        return session

    @property
    def is_debugged(self) -> bool:
        """Whether the reader asked for traces."""
        return bool(self.shell.environment.get(DEBUG))
