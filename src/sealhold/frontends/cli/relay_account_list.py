"""`sealhold relay account list`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.out import Line, Table, emit, figure, id_
from sealhold.frontends.cli.session import Session
from sealhold.node.relaying import Accounts


def relay_account_list(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the relay lies.")],
) -> None:
    """List the accounts of a relay, and how much room each has."""
    session = Session.of(context)
    accounts = Accounts(folder).all()
    value = [{"account": each.hex(), "room": room} for each, room in accounts.items()]
    rows = [(each.hex(), f"{room:,}") for each, room in accounts.items()]
    block = Table([id_("Account"), figure("Bytes of room")], rows) if rows else Line("None yet.")
    emit(session, value, block)
