"""`sealhold share link revoke`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.node.linkwork import LinkWork


def share_link_revoke(
    context: typer.Context,
    link: Annotated[str, typer.Argument(metavar="LINK", help="How its id begins.")],
) -> None:
    """Take a link back: it opens no more, and what lies at its host is deleted.

    A copy that somebody opened before stays with them.
    """
    session = Session.of(context)
    with reading(session) as node:
        gone = LinkWork(node).revoke(link)
    times = counted(gone.opened, "time")
    told = f"The link to {safe(gone.name)} opens no more. It was opened {times}."
    emit(session, gone, Line(told, "head"))
