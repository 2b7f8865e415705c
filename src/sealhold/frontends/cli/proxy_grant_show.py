"""`sealhold proxy grant show`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.querygrants import grant_facts
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.peerwork import MAX_GRANT, read_grant


def proxy_grant_show(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="GRANT", help="The file of a grant.")],
) -> None:
    """Show what a query grant lets be asked, whose it is and for whom.

    Its signature is checked by the key that it names. Whether that is the owner's is for you to
    know. Whether it was revoked, the owner's proxy alone knows.
    """
    session = Session.of(context)
    grant = read_grant(read_file(file, MAX_GRANT))
    emit(session, grant, grant_facts(grant))
