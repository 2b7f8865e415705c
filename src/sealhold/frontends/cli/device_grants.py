"""`sealhold device grants`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import day
from sealhold.model.ids import Id16, Kind
from sealhold.model.quantities import Instant
from sealhold.model.shown.devices import GrantElsewhereView
from sealhold.node.devicework import DeviceWork
from sealhold.node.grantsync import GrantSync


def device_grants(
    context: typer.Context,
    end: Annotated[
        str | None,
        typer.Option("--end", metavar="GRANT", help="End one, once its device hears of it."),
    ] = None,
) -> None:
    """List what you allowed on your other devices, and end it from here.

    Each stands as its device told it last. What is ended here holds there until both have synced;
    then the list says so.
    """
    session = Session.of(context)
    with reading(session) as node:
        grants = GrantSync(DeviceWork(node))
        ended = None if end is None else grants.end(end)
        found = grants.elsewhere() if ended is None else [ended]
    if ended is not None:
        name, told = short(Kind.GRANT, _id(ended)), safe(ended.app_name)
        line = Line(f"{name} of {told} ends once {safe(ended.device)} has synced.")
        emit(session, ended, line, Line("Now, here and there: sealhold device sync", "hint"))
    elif not found:
        emit(session, found, Line("No other device of yours told of anything that it allowed."))
    else:
        emit(session, found, *_table(found))


def _table(grants: list[GrantElsewhereView]) -> list[Block]:
    rows = [
        (
            short(Kind.GRANT, _id(each)),
            safe(each.device),
            safe(each.app_name),
            safe(each.what),
            day(Instant(each.until - 1)),
            "ends at its next sync" if each.is_ending else safe(each.state),
        )
        for each in grants
    ]
    columns = (
        id_("Grant"),
        Column("Device"),
        Column("App"),
        Column("What"),
        Column("Until", whole=True),
        Column("State"),
    )
    return [Table(columns, rows), Line("End one: sealhold device grants --end GRANT", "hint")]


def _id(grant: GrantElsewhereView) -> Id16:
    return Id16(bytes.fromhex(grant.id))
