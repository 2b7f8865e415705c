"""`sealhold proxy grant list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.querygrants import grant_table
from sealhold.frontends.cli.session import Session
from sealhold.node.peerwork import PeerWork


def proxy_grant_list(context: typer.Context) -> None:
    """List what the proxies of others may ask this vault's, and what they might once."""
    session = Session.of(context)
    with reading(session) as node:
        grants = PeerWork(node).all()
    emit(session, {"grants": list(grants)}, grant_table(grants))
