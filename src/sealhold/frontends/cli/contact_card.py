"""`sealhold contact card`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.contacts import in_rows, write_text
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork


def contact_card(
    context: typer.Context,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What others are to call you, from now on.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the card into this new file.")
    ] = None,
    qr: Annotated[
        bool, typer.Option("--qr", help="Show what verifies your card, to be scanned.")
    ] = False,
) -> None:
    """Show your card: what others need to write to you and to share with you.

    It tells your name, your devices and where letters reach you; no secret. Give it away by any
    means, and read the twelve words out to whoever has it: by phone, or face to face.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = ContactWork(DeviceWork(node))
        card = work.card(name)
        if qr and not session.as_json:
            sys.stderr.write(f"{work.picture()}\n")
    if file is not None:
        write_text(file, card.text)
    facts = [
        ("Name", safe(card.name)),
        ("Words", in_rows(card.words)),
        ("Devices", f"{card.devices}"),
        ("Letters reach you at", safe(", ".join(card.hosts)) or "folders and buckets alone"),
    ]
    shown = [Line(each) for each in card.text.splitlines()] if file is None and not qr else []
    emit(
        session,
        card,
        Facts(facts),
        *[Line(f"{safe(each)}.", "bad") for each in card.troubles],
        *([Line(card.short)] if qr else []),
        *([Line(f"Written into {safe(str(file))}.", "good")] if file is not None else shown),
    )
