"""`sealhold proxy user list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.proxies import user_table
from sealhold.frontends.cli.session import Session
from sealhold.node.proxywork import ProxyWork


def proxy_user_list(context: typer.Context) -> None:
    """List who may log in at the proxy, and what they may do there."""
    session = Session.of(context)
    with reading(session) as node:
        users = ProxyWork(node).users()
    emit(session, {"users": list(users)}, user_table(users))
