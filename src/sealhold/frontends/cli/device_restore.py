"""`sealhold device restore`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import MANY, SPOT, round_blocks, told
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, read_past
from sealhold.model.shown.pasts import RestoreView
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.historywork import HistoryWork


def device_restore(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="PATH|COLLECTION", help=SPOT)],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="As it was then: 2026-12-31, or 7d ago.")
    ],
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what would change.")
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="What was made since goes; its versions stay.")
    ] = False,
) -> None:
    """Put a file, a folder or a collection back to how it stood at a time.

    What was deleted since comes back, what changed shows its content of then, what moved lies where
    it lay. All of it is new versions, so nothing is lost, and another restore undoes this one.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        history = HistoryWork(work)
        time = read_past(at, node.parts.core.clock())
        blocks: list[Block] = []
        if preview:
            done = history.restore(history.spot(what), time, exact=exact, preview=True)
        else:
            with told(session) as tell, Rounds(work) as rounds:
                rounds.run(tell)  # what lies in the folder becomes versions first
                done = history.restore(history.spot(what), time, exact=exact, preview=False)
                blocks = round_blocks(rounds.run(tell))
    emit(session, done, *_blocks(done), *blocks)


def _blocks(done: RestoreView) -> list[Block]:
    rows = [
        (safe(each.path), each.what, f"{each.size:,}" if each.size else "") for each in done.changes
    ]
    head = "Put back." if done.is_done else "This would change:"
    if not rows:
        head = "Nothing differs from then."
    columns = (Column("Path"), Column("What"), Column("Bytes", "right"))
    blocks: list[Block] = [Line(head, "head"), *([Table(columns, rows)] if rows else [])]
    if done.same:
        blocks.append(Line(f"As it was then: {counted(done.same, 'file')}."))
    if done.made_since:
        words = "deleted" if done.made_since_goes else "kept"
        blocks.append(Line(f"Made since, and {words}: {counted(len(done.made_since), 'path')}."))
        blocks += [Line(f"  {safe(path)}") for path in done.made_since[:MANY]]
    blocks += [
        Line(f"Its content of then is gone: {safe(path)}", "bad") for path in done.lost[:MANY]
    ]
    return blocks
