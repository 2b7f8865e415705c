"""`sealhold grant revoke`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, short, spent_of
from sealhold.model.ids import Kind


def grant_revoke(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
) -> None:
    """End a grant now; what left before stays out.

    It binds the very next decision. Revoking needs no proof that you are there: it only takes
    away.
    """
    session = Session.of(context)
    with reading(session) as node:
        ended = node.grants.revoke(grant)
    uses = counted(ended.uses, "time")
    emit(
        session,
        ended,
        Line(
            f"Ended {short(Kind.GRANT, ended.id)} of {safe(ended.app_name)}: used {uses},"
            f" {spent_of(ended.spent, ended.terms.budget)} told."
        ),
    )
