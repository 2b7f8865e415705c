"""`sealhold proxy alarms`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.proxies import alarm_table, held_table
from sealhold.frontends.cli.session import Session
from sealhold.node.proxyalarming import AlarmWork


def proxy_alarms(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at most.")] = 50,
) -> None:
    """List what a proxy found, why, and what undoes what followed.

    It reads the log of the vault, so the proxy has ended. While one is served it says each alarm
    as it comes.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = AlarmWork(node, name)
        alarms, held = work.recent(limit), work.held()
    emit(
        session,
        {"alarms": alarms, "held": held},
        alarm_table(alarms),
        Line("Held until it is let go of:", "head"),
        held_table(held),
    )
