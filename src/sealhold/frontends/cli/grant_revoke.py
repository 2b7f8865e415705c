"""`sealhold grant revoke`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.grant_show import source_table
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, fields_of, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, short, spent_of
from sealhold.model.ids import Kind, canonical


def grant_revoke(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
) -> None:
    """End a grant now; what left before stays out.

    It binds the very next decision. Each source of the data is told, ends what runs there, and says
    so; one that is paused or away is told when it is back. Revoking needs no proof that you are
    there: it only takes away.
    """
    session = Session.of(context)
    with reading(session) as node:
        ended = node.grants.revoke(grant)
        _, sources = node.grants.show(canonical(ended.id))
    uses = counted(ended.uses, "time")
    emit(
        session,
        fields_of(ended) | {"sources": sources},
        Line(
            f"Ended {short(Kind.GRANT, ended.id)} of {safe(ended.app_name)}: used {uses},"
            f" {spent_of(ended.spent, ended.terms.budget)} told."
        ),
        *source_table(sources),
    )
