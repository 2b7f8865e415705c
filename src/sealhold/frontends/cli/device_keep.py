"""`sealhold device keep` and `sealhold device leave`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork

Collection = Annotated[str, typer.Argument(metavar="NAME", help="The collection of files.")]


def device_keep(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder of this device.")],
    name: Annotated[
        str, typer.Option("--as", metavar="NAME", help="The collection; by default its name.")
    ] = "",
) -> None:
    """Keep a folder equal on your devices, from the next sync on.

    A collection of that name is begun if there is none. What both sides have is compared by
    content; nothing that lies there is removed.
    """
    session = Session.of(context)
    called = name or folder.resolve().name
    with reading(session) as node:
        work = DeviceWork(node)
        if called not in [each.name for each in work.collections()]:
            work.create(called)
        bound = work.bind(called, folder)
    words = f"{safe(bound.folder)} is kept as {safe(bound.name)}."
    emit(session, bound, Line(words, "good"), Line("Now: sealhold device sync", "hint"))


def device_leave(context: typer.Context, name: Collection) -> None:
    """Keep a folder equal no more; its files stay where they are, here and elsewhere."""
    session = Session.of(context)
    with reading(session) as node:
        DeviceWork(node).unbind(name)
    emit(session, {"name": name}, Line("The folder is left as it is."))
