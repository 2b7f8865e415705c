"""`sealhold upgrade`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import ASK, folder_of, given_to, typed, world_of
from sealhold.frontends.cli.out import Block, Line, emit, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import ConflictError, LockedError
from sealhold.node import Node, backing


def upgrade(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    records: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="Of rows on a server: where a role that may change their tables gets at them.",
        ),
    ] = "",
) -> None:
    """Bring a vault of an older sealhold to today's form.

    A copy of the rows is changed and checked, and takes their place when it is whole; it needs as
    much room again for that time. Rows on a server are changed in place, all or not at all. If
    anything does not fit, the old rows stay as they are.
    """
    session = Session.of(context)
    folder, world = folder_of(session), world_of(session)
    try:
        steps = backing.steps_of(folder)
    except ConflictError:
        emit(session, {"steps": [], "done": False}, Line("The vault has today's form already."))
        return
    value = {"steps": [{"to": step.to, "about": step.about} for step in steps], "done": not dry_run}
    blocks: list[Block] = [Line(f"To form {step.to}: {safe(step.about)}") for step in steps]
    if dry_run:
        emit(session, value, *blocks, Line("Nothing was changed."))
        return
    node = Node(folder, world)
    given = given_to(session, node) or typed(session, node, LockedError, ASK)
    with bar_of_objects(session) as watch:
        backing.upgrade(folder, world, given, records=records, watch=watch)
    emit(session, value, *blocks, Line("The vault has today's form.", "head"))
