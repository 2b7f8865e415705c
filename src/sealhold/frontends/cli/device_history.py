"""`sealhold device history`."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import SPOT
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import read_past
from sealhold.frontends.web.formats import moment
from sealhold.model.quantities import Instant
from sealhold.model.shown.pasts import FileView, VersionView
from sealhold.node.devicework import DeviceWork
from sealhold.node.historywork import HistoryWork

_CONTENT = {"place": "at a place", "none": ""}


def device_history(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="PATH|COLLECTION", help=SPOT)],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="As it was then: 2026-12-31, or 7d ago.")
    ] = "",
) -> None:
    """Show the versions of a file, or the files of a folder or a collection.

    Of a file: when, on which device, how long, and whether the content can still be had. Of a
    collection: what there is, and what was deleted; with --at, what there was then.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = HistoryWork(DeviceWork(node))
        time = read_past(at, node.parts.core.clock()) if at else None
        found = work.history(work.spot(what), time)
    if found.versions:
        emit(
            session,
            found,
            _versions(found.versions),
            Line(f"Put one back: sealhold device restore {safe(what)} --at TIME", "hint"),
        )
        return
    blocks: list[Block] = [_files(found.files)] if found.files else [Line("There is no file.")]
    emit(session, found, *blocks)


def _versions(found: tuple[VersionView, ...]) -> Table:
    rows = [
        (
            _at(each.time),
            safe(each.device),
            f"{each.size:,}",
            each.stands,
            _CONTENT.get(each.content, each.content),
            each.id[:12],
        )
        for each in found
    ]
    return Table(
        (
            Column("When", whole=True),
            Column("By"),
            Column("Bytes", "right", whole=True),
            Column("Stands"),
            Column("Content"),
            Column("Version", whole=True),
        ),
        rows,
    )


def _at(time: int) -> str:
    """Return a time at which a version stood, as `--at` takes it."""
    return datetime.fromtimestamp(-(-time // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _files(found: tuple[FileView, ...]) -> Table:
    rows = [
        (
            safe(each.path),
            "deleted" if each.is_deleted else f"{each.size:,}",
            moment(Instant(each.time)),
            safe(each.device),
            str(each.versions),
        )
        for each in found
    ]
    return Table(
        (
            Column("File"),
            Column("Bytes", "right"),
            Column("Changed", whole=True),
            Column("By"),
            Column("Versions", "right"),
        ),
        rows,
    )
