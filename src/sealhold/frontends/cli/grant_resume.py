"""`sealhold grant resume`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind


def grant_resume(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
) -> None:
    """Let a paused grant hold again, as you allowed it.

    Takes your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with deciding(session) as (node, passphrase):
        held = node.grants.resume(grant, passphrase)
    emit(
        session,
        held,
        Line(f"{short(Kind.GRANT, held.id)} of {safe(held.app_name)} holds again."),
    )
