"""`sealhold processing list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.processings import OWNER
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind
from sealhold.model.processing import ProcessingView


def processing_list(context: typer.Context) -> None:
    """List what apps do with their people's data."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.processings.list(OWNER)
    emit(session, found, *_blocks(found))


def _blocks(found: tuple[ProcessingView, ...]) -> list[Block]:
    if not found:
        return [Line("No app has registered a processing.")]
    rows = [
        (
            short(Kind.PROCESSING, each.processing),
            safe(each.terms.name),
            short(Kind.APP, each.app),
            each.state.value,
            each.terms.purpose,
            f"{each.edition}",
        )
        for each in found
    ]
    columns = (
        id_("Processing"),
        Column("Name"),
        id_("App"),
        Column("State", whole=True),
        Column("Purpose"),
        figure("Edition"),
    )
    return [Table(columns, rows)]
