"""`sealhold snapshot diff`."""

import json
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.encoding import Plain


def snapshot_diff(
    context: typer.Context,
    one: Annotated[
        str, typer.Argument(metavar="ONE", help="A snapshot; by default the last but one.")
    ] = "",
    other: Annotated[
        str, typer.Argument(metavar="OTHER", help="Another; by default the newest.")
    ] = "",
) -> None:
    """Tell what differs between two snapshots."""
    session = Session.of(context)
    with reading(session) as node:
        newest = max((each.number for each in node.parts.snapshots.list()), default=0)
        after = other or f"{newest}"
        before = one or f"{max(newest - 1, 1)}"
        changes = node.parts.snapshots.diff(before, after)
    rows = [
        (each.change, safe(each.path), safe(_short(each.before)), safe(_short(each.after)))
        for each in changes
    ]
    columns = (Column("What"), Column("Path"), Column("Before"), Column("After"))
    blocks: list[Block] = [Table(columns, rows)] if rows else [Line("Nothing differs.")]
    emit(session, {"one": before, "other": after, "changes": changes}, *blocks)


_WIDTH = 60  # characters of a value; `--json` has all of it


def _short(value: Plain) -> str:
    text = "" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
