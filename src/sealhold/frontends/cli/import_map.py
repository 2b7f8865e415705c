"""What the owner says about a table, before it is taken in as bookings."""

from collections.abc import Callable, Sequence
from pathlib import Path

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.encoding import Plain
from sealhold.model.errors import UsageError
from sealhold.model.quantities import Instant, utc
from sealhold.model.shown import MapPreview
from sealhold.node import Node

MapOf = Callable[[Session, Node, Sequence[Path]], MapPreview | None]  # None: the owner said no
_COLUMNS = ("at", "amount", "currency", "payee", "memo", "account")


def said_of(parts: Sequence[str]) -> dict[str, str]:
    """Return what was said: role to column, or to a text.

    Raises:
        UsageError: a part is not of the form `ROLE=COLUMN`, or a role is said twice.
    """
    said: dict[str, str] = {}
    for part in parts:
        role, sign, column = part.partition("=")
        if not sign or not column or role in said:
            raise UsageError(f"say `--map ROLE=COLUMN`, each role once, not `{safe(part)}`")
        said[role] = column
    return said


def preview(
    session: Session, node: Node, paths: Sequence[Path], parts: Sequence[str]
) -> MapPreview:
    """Show what a table would be as bookings, and return the mapping.

    Raises:
        UsageError: more than one file.
    """
    said = said_of(parts)
    if len(paths) != 1 or not paths[0].is_file():
        raise UsageError("name one table to say what its columns are")
    found = node.sources.map_preview(paths[0], said)
    say(session, *map_blocks(found))
    return found


def said_map(parts: Sequence[str]) -> MapOf:
    """Return what makes a mapping of the words of the command line."""
    return lambda session, node, paths: preview(session, node, paths, parts)


def try_map(session: Session, paths: Sequence[Path], parts: Sequence[str]) -> None:
    """Show what a table would be as bookings, and keep nothing."""
    with reading(session) as node:
        found = preview(session, node, paths, parts)
    emit(session, found, Line("Nothing was taken in.", "hint"))


def forget(session: Session, name: str, *, dry_run: bool) -> None:
    """Forget a mapping and say so."""
    with reading(session) as node:
        source = node.sources.maps.find(name)
        if not dry_run:
            node.sources.maps.forget(name)
    head = (
        "Nothing was changed: a preview." if dry_run else "Forgotten: such tables are rows again."
    )
    hint = "What came by it stays; `sealhold import --undo JOB` takes it back."
    emit(session, {"name": source.name}, Line(head, "head"), Line(hint, "hint"))


def map_blocks(found: MapPreview) -> list[Block]:
    """Return the first rows of a table as bookings."""
    rows = [tuple(_cell(name, fields[name]) for name in _COLUMNS) for fields in found.bookings]
    columns = tuple(figure(name) if name == "amount" else Column(name) for name in _COLUMNS)
    written = f"Days {found.settings['order']}, decimal {found.settings['sign']}."
    left = f"; {counted(found.skipped, 'row')} would be skipped" if found.skipped else ""
    return [
        Line(f"As {safe(found.name)}:", "head"),
        Table(columns, rows),
        Line(f"{written} Looked at {counted(found.rows, 'row')}{left}.", "hint"),
        Line(""),
    ]


def _cell(name: str, value: Plain) -> str:
    if name == "at" and isinstance(value, int):
        return f"{utc(Instant(value)):%Y-%m-%d}"
    return safe(str(value or ""))
