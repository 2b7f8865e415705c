"""`sealhold proxy secret remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.proxywork import ProxyWork


def proxy_secret_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `proxy status` tells it.")],
) -> None:
    """Forget the password by which the proxy logs in at a provider."""
    session = Session.of(context)
    with reading(session) as node:
        ProxyWork(node).remove_secret(name)
    emit(session, {"removed": name}, Line(f"`{safe(name)}` is forgotten.", "head"))
