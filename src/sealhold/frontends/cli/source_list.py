"""`sealhold source list`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import day
from sealhold.model.ids import Kind, canonical
from sealhold.model.shown import SourceView
from sealhold.node import JobRow

STATES = {
    "done": "in order",
    "done_with_rejects": "some skipped",
    "running": "not finished",
    "failed": "not read",
    "suspicious": "read, and odd",
    "undone": "taken back",
}


def source_list(
    context: typer.Context,
    jobs: Annotated[
        bool, typer.Option("--jobs", help="List each import with its id instead.")
    ] = False,
) -> None:
    """List where your data came from, and each import."""
    session = Session.of(context)
    with reading(session) as node:
        if jobs:
            rows = tuple(reversed(node.sources.jobs()))
            emit(session, [_job(row) for row in rows], *_job_blocks(rows))
        else:
            sources = node.sources.list()
            emit(session, sources, *_source_blocks(sources))


def _source_blocks(sources: Sequence[SourceView]) -> list[Block]:
    if not sources:
        return [Line("No file was imported yet."), Line("Next: sealhold import FILE...", "hint")]
    rows = [
        (
            short(Kind.SOURCE, each.id),
            safe(each.name),
            f"{each.items:,}",
            f"{each.rejected:,}",
            day(each.last_run) if each.last_run is not None else "",
            STATES.get(each.state, each.state),
        )
        for each in sources
    ]
    columns = (
        id_("Source"),
        Column("Name"),
        figure("Items"),
        figure("Skipped"),
        Column("Last read", whole=True),
        Column("State"),
    )
    return [Table(columns, rows), Line("Each import: sealhold source list --jobs", "hint")]


def _job_blocks(rows: Sequence[JobRow]) -> list[Block]:
    if not rows:
        return [Line("No file was imported yet."), Line("Next: sealhold import FILE...", "hint")]
    told = [
        (
            short(Kind.JOB, row.id),
            day(row.started),
            safe(row.file),
            f"{row.new:,}",
            f"{row.changed:,}",
            f"{row.rejected:,}",
            STATES.get(row.state, row.state),
        )
        for row in rows
    ]
    columns = (
        id_("Import"),
        Column("When", whole=True),
        Column("File"),
        figure("New"),
        figure("Changed"),
        figure("Skipped"),
        Column("State"),
    )
    return [Table(columns, told), Line("Take one back: sealhold import --undo IMPORT", "hint")]


def _job(row: JobRow) -> dict[str, object]:
    return {
        "id": canonical(row.id),
        "source": canonical(row.source),
        "file": row.file,
        "what": row.what,
        "state": row.state,
        "started": row.started,
        "ended": row.ended,
        "new": row.new,
        "changed": row.changed,
        "same": row.same,
        "rejected": row.rejected,
        "error": row.error,
    }
