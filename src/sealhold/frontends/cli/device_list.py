"""`sealhold device list`."""

import typer

from sealhold.frontends.cli.devices import device_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.recoveryrounds import alarms_here


def device_list(context: typer.Context) -> None:
    """List your devices, what they sync, and the places that they sync through."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        devices, collections, places = work.every(), work.collections(), work.carriers()
        alarms = alarms_here(work)
    rows = [
        (
            safe(each.name),
            each.holds,
            f"{each.objects:,}",
            f"{each.devices}",
            f"{each.conflicts}",
            safe(each.folder) or "none",
        )
        for each in collections
    ]
    columns = (
        Column("Collection"),
        Column("Holds"),
        figure("Objects"),
        figure("Devices"),
        figure("Conflicts"),
        Column("Folder here"),
    )
    emit(
        session,
        {"devices": devices, "collections": collections, "places": places, "alarms": alarms},
        *device_blocks(devices),
        Table(columns, rows),
        *[Line(f"Syncs through {safe(each.address)}") for each in places],
        *[Line(f"{safe(each)}: sealhold key recovery list", "bad") for each in alarms],
    )
