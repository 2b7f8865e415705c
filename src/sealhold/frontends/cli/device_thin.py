"""`sealhold device thin`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import told
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.historywork import HistoryWork


def device_thin(
    context: typer.Context,
    preview: Annotated[bool, typer.Option("--preview", help="Only tell what would go.")] = False,
    hold: Annotated[
        str,
        typer.Option("--hold", metavar="PATH", help="Keep every version of this file for good."),
    ] = "",
    release: Annotated[
        str, typer.Option("--release", metavar="PATH", help="Hold this file no more.")
    ] = "",
) -> None:
    """Let go of old versions: all of 30 days stay, one a day for a year, one a month before that.

    `device sync` does it once a day. Packs that hold mostly what went are written anew; the old
    ones are deleted at your places a day later, once all your devices know.
    """
    session = Session.of(context)
    with reading(session) as node, told(session) as tell:
        work = HistoryWork(DeviceWork(node))
        if hold or release:
            work.hold(work.spot(hold or release), is_held=bool(hold))
            words = "Every version of it stays." if hold else "It is held no more."
            emit(session, {"path": hold or release, "held": bool(hold)}, Line(words, "good"))
            return
        found = work.thin(preview=preview, tell=tell)
        tell.clear()
    rows = [
        (
            safe(each.collection),
            f"{each.versions:,} of {each.files:,}",
            f"{each.size:,}",
            f"{each.rewritten:,}",
            f"{each.deleted:,}, {each.freed:,} bytes",
            f"{each.waiting:,}",
        )
        for each in found
    ]
    columns = (
        Column("Collection"),
        Column("Versions of files", "right"),
        Column("Bytes", "right"),
        Column("Packs anew", "right"),
        Column("Packs deleted", "right"),
        Column("Packs that go", "right"),
    )
    head = "Would go:" if preview else "Went:"
    table: list[Block] = [Table(columns, rows, tall=True)] if rows else [Line("No folder is kept.")]
    troubles = [Line(f"{safe(each)}.", "bad") for one in found for each in one.troubles]
    emit(session, {"collections": found}, Line(head, "head"), *table, *troubles)
