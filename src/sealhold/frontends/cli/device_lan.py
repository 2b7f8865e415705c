"""`sealhold device lan on`, `off` and `status`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.relay_account_add import bytes_of
from sealhold.frontends.cli.session import Session
from sealhold.model.shown.devices import LanView
from sealhold.node.devicework import DeviceWork
from sealhold.node.nearwork import shown, turn_off, turn_on


def device_lan_on(
    context: typer.Context,
    address: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS", help="Of this machine; again for more. Else all that are private."
        ),
    ] = None,
    room: Annotated[
        str, typer.Option(metavar="ROOM", help="For what is kept for the others: 16GB, 500MB.")
    ] = "16GB",
) -> None:
    """Sync straight with your devices of one network, beside any place.

    While `sealhold device sync --watch` runs this device listens there, lets your own devices in
    alone, and keeps a sealed copy for them. Whoever listens in that network sees that the program
    runs here, and how much passes when: leave it off where that is too much.
    """
    session = Session.of(context)
    with reading(session) as node:
        made = turn_on(DeviceWork(node), address or (), bytes_of(room))
    hint = Line("Now, on each of your devices: sealhold device sync --watch", "hint")
    emit(session, made, *_blocks(made), hint)


def device_lan_off(context: typer.Context) -> None:
    """Listen in no network, and look for nobody there; what is kept for the others stays."""
    session = Session.of(context)
    with reading(session) as node:
        made = turn_off(DeviceWork(node))
    emit(session, made, *_blocks(made))


def device_lan_status(context: typer.Context) -> None:
    """Tell whether your devices meet in the home network, and which are there now."""
    session = Session.of(context)
    with reading(session) as node:
        found = shown(DeviceWork(node), looks=True)
    there = Facts([("There now", safe(", ".join(found.near)) or "no other device")])
    emit(session, found, *_blocks(found), *([there] if found.is_on else []))


def _blocks(found: LanView) -> list[Block]:
    if not found.can:
        words = "This device is a limited one: it meets the others at places, not in a network."
        return [Line(words)]
    if not found.is_on:
        return [
            Line("The home network is off.", "head"),
            Facts([("Kept here", f"{found.kept:,} bytes")]),
        ]
    where = ", ".join(found.addresses) or "none: this machine is in no such network now"
    return [
        Line("The home network is on.", "head"),
        Facts(
            [
                ("Listens at", f"{where}, while you watch"),
                ("Kept here", f"{found.kept:,} of {found.room:,} bytes"),
            ]
        ),
    ]
