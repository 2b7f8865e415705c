"""What the commands about documents share: words, times, tables, and texts as they are shown."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Column, Line, Table, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, read_past
from sealhold.frontends.web.formats import moment
from sealhold.frontends.web.safetext import visible
from sealhold.model.errors import InvalidError, NoFileError
from sealhold.model.quantities import Instant
from sealhold.model.shown.documents import ArrivedView, DocumentView, VersionView, WriterView

MAX_BYTES = 64 << 20  # of a file that a text is read from
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The document: its name, COLLECTION/NAME or id.")
]
At = Annotated[
    str,
    typer.Option(
        "--at", metavar="WHEN", help="A version of `document history`, a time, or 2h for ago."
    ),
]
_VERSION = re.compile(r"0|[0-9a-f]{8}-\d+")


def read_at(session: Session, text: str) -> str | Instant:
    """Return the version or time that is meant; nothing is now.

    Raises:
        UsageError: neither.
    """
    if not text or _VERSION.fullmatch(text):
        return text
    return read_past(text, world_of(session).clock())


def read_text(path: Path) -> str:
    """Return the text in a file, or in what comes through a pipe if it is `-`.

    Raises:
        NoFileError: it cannot be read.
        InvalidError: too large, or not UTF-8.
    """
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise NoFileError(f"`{path}` cannot be read: {err.strerror}") from err
    if len(data) > MAX_BYTES:
        raise InvalidError(f"`{path}` has more than {MAX_BYTES:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as err:
        raise InvalidError(f"`{path}` is no text in UTF-8") from err


def read_value(text: str) -> Any:  # noqa: ANN401  reason: a plain value of any form
    """Return what was typed for a value: JSON, and what is no JSON is a text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def by(writer: WriterView) -> str:
    """Return who wrote, for a person."""
    device = safe(writer.name) or writer.device[:12] or "unknown"
    return f"{safe(writer.person)} ({device})" if writer.person else device


def document_blocks(found: Sequence[DocumentView]) -> list[Block]:
    """Return documents as a table, and what waits in them."""
    rows = [
        (
            safe(each.name),
            safe(each.collection),
            f"{each.size:,}" if each.is_here else "away",
            moment(each.at),
            by(each.by),
            each.id[:12],
        )
        for each in found
    ]
    columns = (
        Column("Document"),
        Column("In"),
        figure("Characters"),
        Column("Changed", whole=True),
        Column("By"),
        Column("Id", whole=True),
    )
    blocks: list[Block] = [Table(columns, rows)]
    for each in found:
        name = safe(each.name)
        if each.waiting:
            blocks.append(Line(f"{name}: {counted(each.waiting, 'edit')} wait for others.", "bad"))
        if each.suggestions:
            words = f"{name}: {counted(each.suggestions, 'edit')} of who was removed wait for you:"
            blocks.append(Line(f"{words} sealhold document decide {name}", "bad"))
        blocks += [Line(f"{name}: refused: {safe(why)}.", "bad") for why in each.refused]
    return blocks


def version_table(found: Sequence[VersionView]) -> list[Block]:
    """Return versions as a table, the newest first."""
    # THREAT T511: what a device says of the past may be written by another one
    rows = [
        (safe(each.version), moment(each.at), by(each.by), each.by.role, _what(each))
        for each in reversed(found)
    ]
    columns = (
        Column("Version", whole=True),
        Column("When", whole=True),
        Column("By"),
        Column("Role"),
        Column("What"),
    )
    return [Table(columns, rows)]


def arrived_lines(found: Sequence[ArrivedView]) -> list[Block]:
    """Return what a round brought to documents."""
    return [
        Line(f"{counted(each.edits, 'edit')} by {by(each.by)} in {safe(each.document)}.")
        for each in found
    ]


def show_text(session: Session, text: str) -> None:
    """Print a text as it stands, but for characters that could hide or command."""
    if text and not session.as_json:
        # THREAT T511: a text that another device wrote does not command the terminal
        sys.stdout.write(visible(text) + ("" if text.endswith("\n") else "\n"))
        sys.stdout.flush()


def _what(each: VersionView) -> str:
    if each.why:
        return safe(each.why)
    told = [
        f"{number} {word}"
        for number, word in (
            (each.inserted, "typed"),
            (each.deleted, "deleted"),
            (each.values, "values"),
        )
        if number
    ]
    return ", ".join(told)
