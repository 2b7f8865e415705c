"""`sealhold share link show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.links import link_facts
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.session import Session
from sealhold.node.linkwork import LinkWork


def share_link_show(
    context: typer.Context,
    link: Annotated[str, typer.Argument(metavar="LINK", help="How its id begins.")],
) -> None:
    """Show one link: until when it opens, and when it was opened.

    The link itself was said once and is kept nowhere.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = LinkWork(node).show(link)
    emit(session, found, *link_facts(found))
