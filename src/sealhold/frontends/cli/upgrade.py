"""`sealhold upgrade`."""

from dataclasses import asdict, replace
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import (
    ASK,
    deciding,
    folder_of,
    given_to,
    reading,
    typed,
    world_of,
)
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.errors import ConflictError, LockedError, UsageError
from sealhold.model.shown.snapshots import RollbackView
from sealhold.node import Node, backing


def upgrade(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Go back to the form from before the last upgrade.")
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

    With `--rollback` the rows of today get the form from before. Nothing gets older: what was
    spent, revoked and erased stays so. Every app is stopped and every yes waits for your word.
    """
    session = Session.of(context)
    if rollback:
        _go_back(session, records, dry_run=dry_run)
        return
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
    was_going_to = backing.switching_to(folder)
    node = Node(folder, world)
    given = given_to(session, node) or typed(session, node, LockedError, ASK)
    with bar_of_objects(session) as watch:
        form = backing.upgrade(folder, world, given, records=records, watch=watch)
    if was_going_to is not None:
        emit(session, value, Line(f"What was begun is ended: the vault has form {form}.", "head"))
        return
    emit(session, value, *blocks, Line("The vault has today's form.", "head"))


def _go_back(session: Session, records: str, *, dry_run: bool) -> None:
    """Go back from the last upgrade, or tell what that would be.

    Raises:
        UsageError: an upgrade or a way back was begun and not ended.
    """
    folder, world = folder_of(session), world_of(session)
    if backing.switching_to(folder) is not None:
        raise UsageError("something was begun and not ended: run `sealhold upgrade` first")
    if dry_run:
        with reading(session) as node:
            view = backing.rollback_look(node)
        emit(session, asdict(view), *_told(view), Line("Nothing was changed."))
        return
    with deciding(session) as (node, given):
        view = backing.rollback_look(node)
    backing.roll_back(folder, world, given, view.form, records=records)
    done = Line(f"The vault has form {view.form}; open it with the sealhold of that form.", "head")
    emit(session, asdict(replace(view, done=True)), *_told(view), done)


def _told(view: RollbackView) -> list[Block]:
    rows = [f"{safe(name)}: {count}" for name, count in view.rows.items()]
    facts = [
        ("Back to", f"form {view.form}, as before {moment(view.at)}, snapshot {view.snapshot}"),
        *(("Taken back", safe(step)) for step in view.steps),
        ("Rows that go", ", ".join(rows) or "none"),
        ("Stopped", counted(view.apps, "app")),
        ("To be said again", counted(view.consents, "consent")),
        ("Ended", counted(view.tokens, "token")),
        ("Set since, and kept", ", ".join(map(safe, view.changed)) or "nothing"),
    ]
    return [Facts(facts)]
