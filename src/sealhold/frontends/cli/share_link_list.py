"""`sealhold share link list`."""

import typer

from sealhold.frontends.cli.links import link_rows
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.session import Session
from sealhold.node.linkwork import LinkWork


def share_link_list(context: typer.Context) -> None:
    """List the links that you made, and how often each was opened."""
    session = Session.of(context)
    with reading(session) as node:
        found = LinkWork(node).every()
    emit(session, found, *link_rows(found))
