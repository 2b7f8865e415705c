"""`sealhold device resolve`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork


def device_resolve(
    context: typer.Context,
    version: Annotated[
        str, typer.Argument(metavar="VERSION", help="How its id begins: device sync --conflicts.")
    ],
) -> None:
    """Show this version of a file everywhere; the others stay behind it."""
    session = Session.of(context)
    with reading(session) as node:
        DeviceWork(node).choose(version)
    emit(session, {"version": version}, Line("It is the one that is shown.", "good"))
