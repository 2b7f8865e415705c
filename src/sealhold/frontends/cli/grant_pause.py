"""`sealhold grant pause`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind


def grant_pause(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
) -> None:
    """Let nothing happen under one grant until you resume it.

    What runs under it is ended, and whoever asks gets a plain no. Its term goes on running and
    what was charged stays charged. Pausing needs no proof that you are there: it only takes away.
    """
    session = Session.of(context)
    with reading(session) as node:
        held = node.grants.pause(grant)
    name = short(Kind.GRANT, held.id)
    emit(
        session,
        held,
        Line(f"{name} of {safe(held.app_name)} is paused: its next call is refused."),
        Line(f"Let it hold again: sealhold grant resume {name}", "hint"),
    )
