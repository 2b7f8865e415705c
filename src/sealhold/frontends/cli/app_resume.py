"""`sealhold app resume`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session


def app_resume(
    context: typer.Context,
    app: Annotated[str, typer.Argument(metavar="APP", help="Its name or id.")],
) -> None:
    """Let a stopped app ask again.

    What it was allowed before holds again, until it ends.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        resumed = node.apps.resume(app)
    emit(session, resumed, Line(f"{safe(resumed.name)} may ask again."))
