"""`sealhold device fetch`, `pin` and `unpin`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import SPOT, round_blocks, told
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.historywork import HistoryWork
from sealhold.node.keptwork import KeptWork

What = Annotated[str, typer.Argument(metavar="PATH", help=SPOT)]


def device_fetch(context: typer.Context, what: What) -> None:
    """Write a file or folder into the folder here, now; it stays a day, or as the profile says."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        spot = HistoryWork(work).spot(what)
        KeptWork(work).fetch(spot)
        with told(session) as tell, Rounds(work) as rounds:
            done = rounds.run(tell)
    emit(session, done, Line(f"Asked for {safe(what)}.", "head"), *round_blocks(done))


def device_pin(context: typer.Context, what: What) -> None:
    """Keep a file, or a folder with all in it, on this device whatever its profile says."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        KeptWork(work).pin(HistoryWork(work).spot(what))
    hint = Line("Now: sealhold device sync", "hint")
    emit(session, {"path": what, "pinned": True}, Line("It stays on this device.", "good"), hint)


def device_unpin(context: typer.Context, what: What) -> None:
    """Keep a file or folder as the profile says: what was pinned or fetched may go again."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        KeptWork(work).unpin(HistoryWork(work).spot(what))
    emit(session, {"path": what, "pinned": False}, Line("It is kept as the profile says.", "good"))
