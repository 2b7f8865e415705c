"""`sealhold proxy user remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.proxywork import ProxyWork


def proxy_user_remove(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `proxy user list` tells it.")],
) -> None:
    """Let somebody log in at the proxy no more.

    Takes no more than reading does.
    """
    session = Session.of(context)
    with reading(session) as node:
        ProxyWork(node).remove_user(name)
    emit(session, {"removed": name}, Line(f"`{safe(name)}` logs in no more.", "head"))
