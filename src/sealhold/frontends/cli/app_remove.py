"""`sealhold app remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted


def app_remove(
    context: typer.Context,
    app: Annotated[str, typer.Argument(metavar="APP", help="Its name or id.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Forget an app for good; its grants end with it.

    What it was told before stays told, and the log shows it.
    """
    session = Session.of(context)
    if dry_run:
        with reading(session) as node:
            found = node.apps.show(app)
        grants = counted(len(found.grants), "grant")
        emit(
            session,
            found,
            Line(f"Would forget {safe(found.name)} and end {grants}; nothing was changed."),
        )
        return
    with deciding(session) as (node, _):
        gone = node.apps.remove(app)
    emit(session, gone, Line(f"{safe(gone.name)} is forgotten."))
