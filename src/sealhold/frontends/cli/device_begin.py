"""`sealhold device begin`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import NAME, default_name, device_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork


def device_begin(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help=NAME)] = "",
) -> None:
    """Make this vault the first of your devices.

    It draws the root that all your devices hang on, and certifies itself as one that may take
    others in. With a recovery secret the root is sealed to it; without one it stays in this vault.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        made = work.begin(name or default_name())
        hint = (
            "Its root is sealed to your recovery secret."
            if work.devices.me.root_here is None
            else "Its root stays in this vault: make a recovery secret for the day it is lost."
        )
    emit(
        session,
        made,
        Line("This vault is the first of your devices.", "head"),
        *device_blocks([made]),
        Line(hint, "hint"),
        Line("Say where devices meet: sealhold device place add folder:/media/stick", "hint"),
    )
