"""`sealhold source show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.sources import source_facts, source_value


def source_show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which source.")],
) -> None:
    """Show one source."""
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.find(name)
    emit(session, source_value(source), *source_facts(source))
