"""`sealhold share people`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.share_options import split
from sealhold.frontends.cli.shares import SHARE, share_blocks
from sealhold.model.errors import UsageError
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharechanges import ShareChanges
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork


def share_people(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    add: Annotated[
        list[str] | None, typer.Option(metavar="PERSON", help="Who comes in: a contact.")
    ] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="PERSON", help="Who leaves.")] = None,
    may: Annotated[
        str, typer.Option(metavar="ACTION,...", help="What those who come in may: view, or edit.")
    ] = "view",
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Also somebody whose words nobody read.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell who would be in it, and change nothing.")
    ] = False,
) -> None:
    """Let people into a share of documents, or let them go.

    Who is let go keeps what they have, and reads nothing that is written later. What they wrote
    that nobody had by then is a suggestion: see document decide.

    Raises:
        UsageError: nobody comes and nobody leaves.
    """
    session = Session.of(context)
    if not add and not remove:
        raise UsageError("say who comes in with `--add`, or who leaves with `--remove`")
    with reading(session) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        changes = ShareChanges(work.devices, shares)
        record = changes.changed(
            shares.record(share),
            add=tuple(add or ()),
            remove=tuple(remove or ()),
            may=split(may),
            unverified=unverified,
        )
        if not dry_run:
            changes.put(record)
        found = ShareReport(work, shares).view(record)
    people = safe(", ".join(found.people))
    if dry_run:
        emit(session, found, Line(f"In it would be: {people}."))
        return
    told = Line("It is done. The next sync brings it to them: sealhold device sync", "good")
    emit(session, found, told, *share_blocks(found))
