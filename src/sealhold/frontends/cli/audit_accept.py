"""`sealhold audit accept`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.audit_verify import read_note
from sealhold.frontends.cli.opening import accepting
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session


def audit_accept(
    context: typer.Context,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A newer checkpoint that you kept elsewhere."),
    ] = None,
) -> None:
    """Go on with a database that is older than it was.

    What left since then is not known any more. So all budgets of the year count as spent, each
    object as having told all that it ever may, and every app is stopped. Keys of people who came
    since go, as soon as the vault is served. If you still have the newest files, put those back
    instead.
    """
    session = Session.of(context)
    with accepting(session, None if against is None else read_note(against)) as node:
        state = node.audit.state()
        emit(
            session,
            state,
            Line("The older database counts. All budgets are spent, all apps are stopped.", "head"),
            Line("Let one ask again: sealhold app resume APP", "hint"),
        )
