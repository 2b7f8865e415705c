"""`sealhold source why`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.web.formats import day
from sealhold.model.errors import UsageError
from sealhold.model.ids import Kind
from sealhold.model.shown.origins import MadeView, OriginView


def source_why(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Its id, from a list.")] = "",
    connector: Annotated[
        str, typer.Option(metavar="NAME", help="List what this connector made instead.")
    ] = "",
    version: Annotated[
        str, typer.Option(metavar="N", help="Of that connector, one version alone.")
    ] = "",
) -> None:
    """Tell where an item is from, or which items a connector made.

    Of an item: its source, connector, place in the input, and the import of each version. An
    import is taken back with `sealhold import --undo`.

    Raises:
        UsageError: neither an item nor a connector, or both.
    """
    session = Session.of(context)
    if bool(item) is bool(connector) or (version and not connector):
        raise UsageError("name an item, or a connector with `--connector`")
    with reading(session) as node:
        if item:
            origin = node.records.origins.why(item)
            emit(session, origin, *_origin(origin))
            return
        made = node.records.origins.made_by(connector, version)
    emit(session, {"items": made}, *_made(made))


def _origin(origin: OriginView) -> list[Block]:
    facts = [
        ("Item", f"{short(Kind.RECORD, origin.id)} in {safe(origin.collection)}"),
        ("Source", safe(origin.source)),
        ("Connector", f"{safe(origin.connector)}, version {safe(origin.connector_version)}"),
        ("Where", safe(origin.position)),
    ]
    if origin.original_id is not None:
        facts.append(("Its own name", safe(origin.original_id)))
    facts += [
        ("Also seen by", f"{safe(each.source)}: {short(Kind.RECORD, each.id)}")
        for each in origin.also
    ]
    rows = [
        (
            f"{each.version}",
            short(Kind.JOB, each.job),
            day(each.at) if each.at is not None else "",
            safe(each.file),
            "" if each.snapshot is None else f"{each.snapshot}",
            each.input,
        )
        for each in origin.versions
    ]
    columns = (
        figure("Version"),
        id_("Import"),
        Column("When", whole=True),
        Column("File"),
        figure("Snapshot"),
        Column("Input"),
    )
    return [Facts(facts), Table(columns, rows)]


def _made(made: tuple[MadeView, ...]) -> list[Block]:
    rows = [
        (
            short(Kind.RECORD, each.id),
            safe(each.collection),
            safe(each.connector_version),
            short(Kind.JOB, each.job),
        )
        for each in made
    ]
    columns = (id_("Item"), Column("Collection"), Column("Version"), id_("Import"))
    told = Line(counted(len(rows), "item"), "hint")
    return [Table(columns, rows), told] if rows else [told]
