"""`sealhold proxy release`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.node.proxyalarming import KINDS, AlarmWork


def proxy_release(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
    table: Annotated[str, typer.Option(metavar="TABLE", help="A table: it is written again.")] = "",
    user: Annotated[str, typer.Option(metavar="USER", help="A user: they log in again.")] = "",
    provider: Annotated[
        str, typer.Option(metavar="ID", help="A provider: it is asked again.")
    ] = "",
    rotation: Annotated[
        str, typer.Option(metavar="TABLE", help="A table whose keys were to be rotated.")
    ] = "",
) -> None:
    """Let go of a table, user or provider that a proxy holds back.

    What was found stays in the log. See to it first: `sealhold proxy alarms` tells the cause.

    Raises:
        UsageError: none of them is named, or several.
    """
    session = Session.of(context)
    given = {"table": table, "user": user, "provider": provider, "rotation": rotation}
    named = [kind for kind in KINDS if given[kind]]
    if len(named) != 1:
        raise UsageError("one of `--table`, `--user`, `--provider`, `--rotation`")
    with deciding(session) as (node, _):
        held = AlarmWork(node, name).release(named[0], given[named[0]])
    emit(
        session,
        {"released": held},
        Line(f"The {held.kind} `{safe(held.name)}` is let go of.", "head"),
        Line(f"It was held because of: {safe(held.cause)}.", "hint"),
    )
