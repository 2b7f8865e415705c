"""Commands that are loaded when they are chosen, so that help comes at once.

- A group knows of each of its commands the name, one line and an example; the code is loaded when
  the command is on the command line, and not for a list of commands.
- Every command has the same four switches; they are heard here, once.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer._click import Command, Context, HelpFormatter  # what typer's own methods take
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from sealhold import __version__
from sealhold.frontends.cli.session import Session

WIDTH = 100  # columns of a help text at most

Function = Callable[..., None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command before it is loaded."""

    about: str  # the first line of its help
    example: str  # without the leading `sealhold`
    load: Callable[[], Function]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Commands under one word."""

    about: str
    entries: Mapping[str, "Entry | Group"]


def _home(context: typer.Context, value: Path | None) -> None:
    if value is not None:
        Session.of(context).home = value


def _json(context: typer.Context, value: bool) -> None:
    Session.of(context).as_json |= value


def _quiet(context: typer.Context, value: bool) -> None:
    Session.of(context).quiet |= value


def _no_color(context: typer.Context, value: bool) -> None:
    Session.of(context).color &= not value


def _switches(
    home: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The vault's folder; else SEALHOLD_HOME, else the platform's.",
            callback=_home,
            expose_value=False,
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option("--json", help="Print one JSON object.", callback=_json, expose_value=False),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            help="Print the result alone: no hints, no progress.",
            callback=_quiet,
            expose_value=False,
        ),
    ] = False,
    no_color: Annotated[
        bool,
        typer.Option(
            "--no-color", help="Print without colours.", callback=_no_color, expose_value=False
        ),
    ] = False,
) -> None:
    """Hold the switches of every command; each is heard by its callback."""


def _version(value: bool) -> None:
    if value:
        typer.echo(f"sealhold {__version__}")
        raise typer.Exit


def _root_switches(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Print the version and exit.",
            callback=_version,
            is_eager=True,
            expose_value=False,
        ),
    ] = False,
) -> None:
    """Hold the one switch that only the program itself has."""


class PlainCommand(TyperCommand):
    """A command whose help names its own words first, and the common switches in one line."""

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        """Return `REQUEST`, `[PATH...]`: the words of the command, and that there are options."""
        del ctx  # the words are the same wherever the command stands
        pieces = []
        for each in self._arguments():
            word = _word(each)
            pieces.append(word if each.required else f"[{word}]")
        return [*pieces, "[OPTIONS]"] if self._options() else pieces

    def format_options(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what each word and option is."""
        words = [(_word(each), each.help or "") for each in self._arguments()]
        if words:
            with formatter.section("Words"):
                formatter.write_dl(words)
        options = [told for each in self._options() if (told := each.get_help_record(ctx))]
        if options:
            with formatter.section("Options"):
                formatter.write_dl(options)
        with formatter.section("Always"):
            formatter.write_text("--home DIR, --json, --quiet, --no-color: see `sealhold --help`")

    def _arguments(self) -> list[TyperArgument]:
        return [each for each in self.params if isinstance(each, TyperArgument)]

    def _options(self) -> list[TyperOption]:
        return [each for each in self.params if isinstance(each, TyperOption) and each.expose_value]


def _word(argument: TyperArgument) -> str:
    word = argument.metavar or (argument.name or "").upper()
    return word if argument.nargs == 1 or word.endswith("...") else f"{word}..."


class LazyGroup(TyperGroup):
    """A group whose commands are stand-ins until one is chosen."""

    def __init__(self, name: str, group: Group, *, is_root: bool = False) -> None:
        super().__init__(
            name=name,
            commands={each: _stand_in(each, entry) for each, entry in group.entries.items()},
            help=group.about,
            params=_command(_switches).params
            + (_command(_root_switches).params if is_root else []),
            rich_markup_mode=None,
            context_settings={"max_content_width": WIDTH, "help_option_names": ["--help", "-h"]},
        )
        self._entries = group.entries

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Show the help where no command is named.

        Raises:
            Exit: with the code of a usage error, then.
        """
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, Command | None, list[str]]:
        """Load the command that `args` begin with."""
        name = args[0]
        entry = self._entries.get(name)
        if entry is not None:
            session = ctx.find_object(Session)
            if session is not None:
                session.command = (*session.command, name)
            self.commands[name] = _loaded(name, entry)
        return super().resolve_command(ctx, args)


def _stand_in(name: str, entry: Entry | Group) -> TyperCommand:
    return TyperCommand(name, help=entry.about, short_help=entry.about, rich_markup_mode=None)


def _loaded(name: str, entry: Entry | Group) -> Command:
    if isinstance(entry, Group):
        return LazyGroup(name, entry)
    command = _command(entry.load(), name, f"\b\nFor example:\n  sealhold {entry.example}")
    command.params += _command(_switches).params
    return command


def _command(function: Function, name: str = "", epilog: str | None = None) -> Command:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(
        name,
        cls=PlainCommand,
        help=(inspect.getdoc(function) or "").partition("\n\nRaises:")[0],
        epilog=epilog,
        context_settings={"max_content_width": WIDTH, "help_option_names": ["--help", "-h"]},
    )(function)
    return get_command(app)
