"""`sealhold source withdraw`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment


def source_withdraw(
    context: typer.Context,
    connector: Annotated[str, typer.Argument(metavar="CONNECTOR", help="Which, by its name.")],
    version: Annotated[str, typer.Argument(metavar="VERSION", help="Which version of it.")],
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Take back all that one version of a connector brought.

    Each of its imports is undone, the newest first. A named source is then read again from its
    beginning by itself; a file is imported again with `sealhold import`.
    """
    session = Session.of(context)
    if preview:
        with reading(session) as node:
            view = node.sources.withdrawn(connector, version, preview=True)
    else:
        with deciding(session) as (node, _):
            view = node.sources.withdrawn(connector, version, preview=False)
    rows = [
        (
            each.job,
            moment(each.at),
            safe(each.source),
            safe(each.file),
            f"{each.items}",
            "by itself" if each.by_itself else "when it is imported",
        )
        for each in view.readings
    ]
    columns = (
        id_("Import"),
        Column("When", whole=True),
        Column("Source"),
        Column("File"),
        figure("Items"),
        Column("Read again"),
    )
    items = counted(view.items, "item")
    head = f"Took back {items}." if view.done else f"Would take back {items}; nothing was changed."
    emit(session, view, Line(head, "head"), Table(columns, rows))
