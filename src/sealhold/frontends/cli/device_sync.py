"""`sealhold device sync`."""

import gc
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import round_blocks, told
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment
from sealhold.model.blocks import keep_blocks
from sealhold.model.quantities import Instant
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicewatch import EVERY
from sealhold.node.devicework import DeviceWork

SOON = 1.0  # seconds until a file that somebody was writing is looked at again
FRESH = 50_000  # objects more, after which garbage is looked for
LATER = 60.0  # seconds until a place that was away is tried again
Deletes = Annotated[
    bool, typer.Option("--deletes", help="Many files that were deleted at once are meant.")
]


def device_sync(
    context: typer.Context,
    deletes: Deletes = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, round after round, until Ctrl-C.")
    ] = False,
    conflicts: Annotated[
        bool, typer.Option("--conflicts", help="Only list files with several versions.")
    ] = False,
) -> None:
    """Sync with your other devices: folders, exchanges, and what is wrong.

    What is held back, rolled back or forked on the way is told. What a place that is away lacks,
    waits here.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        if conflicts:
            _tell_conflicts(session, work)
            return
        gc.freeze()  # what is there by now stays, and need not be looked at again and again
        gc.set_threshold(FRESH)
        keep_blocks()
        with told(session) as tell, Rounds(work, watches=watch) as rounds:
            done = rounds.run(tell, deletes=deletes)
            tell.clear()
            emit(session, done, *round_blocks(done))
            if watch:
                with rounds.hints() as hints, heard() as over:
                    while not over.is_set():
                        is_busy = any(each.busy for each in done.folders)
                        wait = LATER if done.away else EVERY
                        is_local = hints.wait(SOON if is_busy else wait)
                        before = done.near
                        done = rounds.run(tell, looks=is_local or is_busy)
                        tell.clear()
                        is_news = done.taken or done.given or done.near != before
                        if is_news or done.troubles or done.away:
                            emit(session, done, *round_blocks(done))


@contextmanager
def heard() -> Iterator[Event]:
    """Return what is set once Ctrl-C came, also where the exception for it is swallowed."""
    over = Event()

    def hear(_number: int, _frame: object) -> None:
        over.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, hear)
    try:
        yield over
    finally:
        signal.signal(signal.SIGINT, before)


def _tell_conflicts(session: Session, work: DeviceWork) -> None:
    found = work.conflicts()
    rows = [
        (safe(each.path), safe(device), moment(Instant(int(at))), id_[:12])
        for each in found
        for id_, device, at in each.versions
    ]
    columns = (Column("File"), Column("By"), Column("When", whole=True), Column("Version"))
    blocks: list[Block] = (
        [Table(columns, rows)] if rows else [Line("No file has several versions.")]
    )
    emit(
        session,
        {"conflicts": found},
        *blocks,
        *([Line("Keep one: sealhold device resolve VERSION", "hint")] if rows else []),
    )
