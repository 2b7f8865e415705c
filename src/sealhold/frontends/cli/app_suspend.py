"""`sealhold app suspend`."""

import shlex
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session


def app_suspend(
    context: typer.Context,
    app: Annotated[str, typer.Argument(metavar="APP", help="Its name or id.")],
) -> None:
    """Stop an app: its token and grants are dead until it is resumed.

    Stopping needs no proof that you are there: it only takes away.
    """
    session = Session.of(context)
    with reading(session) as node:
        stopped = node.apps.suspend(app)
    name = safe(stopped.name)
    again = shlex.quote(safe(app))
    emit(
        session,
        stopped,
        Line(f"{name} is stopped: its next call is refused."),
        Line(f"Let it ask again: sealhold app resume {again}", "hint"),
    )
