"""`sealhold relay init`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node import Places
from sealhold.node.relaying import make


def relay_init(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the relay is to lie.")],
    records: Annotated[
        str, typer.Option(metavar="PLACE", help="A PostgreSQL server for its rows.")
    ] = "",
    objects: Annotated[
        str, typer.Option(metavar="PLACE", help="A bucket for what devices put.")
    ] = "",
) -> None:
    """Make a relay: mailboxes in which devices leave sealed bytes for each other.

    It reads nothing of what it keeps; what it can see stands in docs/spec/relay-view.toml.
    """
    session = Session.of(context)
    make(folder, Places(records=records, objects=objects), world_of(session))
    named = safe(str(folder))
    emit(
        session,
        {"folder": str(folder)},
        Line(f"A relay lies in {named}.", "head"),
        Line(f"Give somebody room: sealhold relay account add {named} 10GB", "hint"),
        Line(f"Let it run: sealhold relay serve {named}", "hint"),
    )
