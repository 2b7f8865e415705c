"""`sealhold device rename`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import DEVICE, device_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork


def device_rename(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help=DEVICE)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called from now on.")],
) -> None:
    """Call one of your devices otherwise; the others hear of it."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        found = work.named(device)
        work.rename(found, name)
        shown = [each for each in work.every() if each.id == found.hex()]
    emit(session, shown[0], *device_blocks(shown))
