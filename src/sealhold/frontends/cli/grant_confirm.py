"""`sealhold grant confirm`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind


def grant_confirm(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
) -> None:
    """Say that you still allow a grant, after the vault went back to an older day.

    What you withdrew since that day is not known to it any more, so each grant waits for this.
    Takes your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with deciding(session) as (node, passphrase):
        held = node.grants.confirm(grant, passphrase)
    emit(
        session,
        held,
        Line(f"{short(Kind.GRANT, held.id)} of {safe(held.app_name)} holds again."),
    )
