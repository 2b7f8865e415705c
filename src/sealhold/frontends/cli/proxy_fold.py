"""`sealhold proxy fold`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, figure
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import NotFoundError
from sealhold.node.proxying import proxying


def proxy_fold(
    context: typer.Context,
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="As the policy names it; all, if left out.")
    ] = "",
    policy: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
) -> None:
    """Put values into blocks at an agent, which adds them up and cannot read them.

    A proxy that is served does the same each minute. Rows that make no whole block stay out, and
    are opened for each sum.

    Raises:
        NotFoundError: nothing is added up at an agent.
    """
    session = Session.of(context)
    with (
        reading(session) as node,
        proxying(node, session.shell.environment, policy=policy) as proxy,
    ):
        if proxy.folder is None:
            raise NotFoundError("nothing of this policy is added up at an agent")
        done = proxy.folder.fold(table)
    rows = [
        (each.column, f"{each.blocks:,}", f"{each.rows:,}", "not asked any more" * each.quarantined)
        for each in done
    ]
    table_ = Table(
        (Column("Column", whole=True), figure("Blocks"), figure("Rows"), Column("")), rows
    )
    emit(session, {"folds": done}, table_, Line("Folded.", "head"))
