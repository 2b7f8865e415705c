"""`sealhold device pair`."""

import sys
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import TerminalScreen, device_blocks
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.pairingwork import Inviting

ROLES = "admin (takes others in), full, limited (some collections) or blind (holds no key)."


def device_pair(
    context: typer.Context,
    code: Annotated[bool, typer.Option("--code", help="Digits to type, not a QR code.")] = False,
    role: Annotated[str, typer.Option(metavar="ROLE", help=ROLES)] = "full",
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A collection of a limited device; again for more."),
    ] = None,
    words: Annotated[
        str, typer.Option(metavar="WORDS", help="The words of the other screen, for a script.")
    ] = "",
) -> None:
    """Take another device in: show it a code, compare six words, and it is one of yours.

    The code is good once and for ten minutes. On the other device, in a vault of its own: sealhold
    device join. Takes your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        work = DeviceWork(node)
        inviting = Inviting(work, by_code=code, role=role, only=tuple(only or ()))
        offer = inviting.offer
        if offer.picture:
            sys.stderr.write(f"{offer.picture}\n")
        sys.stderr.write(f"{offer.text}\n\nThe devices meet at {safe(offer.place)}.\n")
        joined = inviting.run(TerminalScreen(session, words))
        found = [each for each in work.every() if each.id == joined]
    emit(
        session,
        found[0],
        Line("It is one of your devices.", "good"),
        *device_blocks(found),
    )
