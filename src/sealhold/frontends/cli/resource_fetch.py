"""`sealhold resource fetch`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.progress import bar_of_bytes
from sealhold.frontends.cli.resource_list import resource_blocks
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import ErrorKind


def resource_fetch(context: typer.Context) -> None:
    """Fetch third parties' files now, as far as programs may get them.

    A vault that is served fetches by itself when a file is due. What is kept already and may not
    change is not asked for. Exit code 7 if one did not come.

    Raises:
        Exit: with code 7 if a file did not come.
    """
    session = Session.of(context)
    with reading(session) as node, bar_of_bytes(session) as watch:
        failed = node.resources.fetch(
            lambda resource, count: watch(resource.id, count, resource.max_bytes)
        )
        views = node.resources.list()
    blocks = resource_blocks(views)
    if failed:
        blocks.append(Line(f"{counted(len(failed), 'file')} did not come.", "bad"))
    emit(session, {"resources": views, "failed": len(failed)}, *blocks)
    if failed:
        raise typer.Exit(ErrorKind.UNAVAILABLE)
