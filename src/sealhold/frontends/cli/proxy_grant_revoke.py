"""`sealhold proxy grant revoke`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import folder_of, reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import StoreBusyError
from sealhold.node.peerwork import PeerWork, revoke_beside


def proxy_grant_revoke(
    context: typer.Context,
    grant: Annotated[str, typer.Argument(metavar="ID", help="As `proxy grant list` tells it.")],
) -> None:
    """Take a query grant back: nothing more is answered under it.

    A proxy that serves from this vault is told, and does it before its next statement. Takes no
    more than reading does.
    """
    session = Session.of(context)
    try:
        with reading(session) as node:
            PeerWork(node).revoke(grant)
    except StoreBusyError:
        revoke_beside(folder_of(session), grant)
    emit(session, {"revoked": grant}, Line("The grant is revoked.", "head"))
