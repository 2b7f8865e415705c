"""`sealhold share link open`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.links import passphrase_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import moment
from sealhold.node.linkwork import asks, save


def share_link_open(
    context: typer.Context,
    link: Annotated[str, typer.Argument(metavar="LINK", help="All of it, in quotes.")],
    to: Annotated[Path, typer.Option(metavar="FOLDER", help="Where the file is written.")] = Path(),
    name: Annotated[
        str, typer.Option(metavar="NAME", help="What it is called; else as its sender says.")
    ] = "",
) -> None:
    """Open somebody's link without the page of its host, and save what it shares.

    It needs no vault. The host counts this as an opening.
    """
    session = Session.of(context)
    typed = passphrase_of(session, is_new=False) if asks(link) else ""
    head, path = save(link, typed, to, name)
    emit(
        session,
        {
            "path": str(path),
            "name": head.name,
            "size": head.size,
            "sender": head.sender,
            "until": head.until,
            "label": head.label,
        },
        Line(f"Saved as {safe(str(path))}.", "good"),
        Facts(
            [
                ("Name", safe(head.name)),
                ("Size", f"{head.size:,} bytes"),
                ("From", safe(head.sender) or "not said"),
                ("Ends", moment(head.until)),
                ("Label", safe(head.label)),
            ]
        ),
        Line("Who it says it is from, nothing here proves.", "hint"),
    )
