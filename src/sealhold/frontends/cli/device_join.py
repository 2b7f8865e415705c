"""`sealhold device join`."""

import sys
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import NAME, TerminalScreen, default_name, device_blocks
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.pairingwork import Joining


def device_join(
    context: typer.Context,
    offer: Annotated[
        str, typer.Argument(metavar="OFFER", help="What the other screen shows: text or digits.")
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help=NAME)] = "",
    place: Annotated[
        str,
        typer.Option(
            metavar="PLACE", help="Where the two meet: folder:PATH, s3://..., https://..."
        ),
    ] = "",
    words: Annotated[
        str, typer.Option(metavar="WORDS", help="The words of the other screen, for a script.")
    ] = "",
) -> None:
    """Become one of somebody's devices: yours, by what another of them shows.

    This vault keeps what it has. It is told where the two meet before anything is connected to.
    Takes your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        work = DeviceWork(node)
        joining = Joining(work, text=offer, name=name or default_name(), place=place)
        sys.stderr.write(f"The devices meet at {safe(joining.place)}.\n")
        joining.run(TerminalScreen(session, words))
        found = work.every()
    emit(session, found[0], Line("This is one of your devices.", "good"), *device_blocks(found))
