"""`sealhold collection list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.ruling import App
from sealhold.frontends.cli.session import Session
from sealhold.model.personrecords import CollectionView


def collection_list(context: typer.Context, app: App) -> None:
    """List the collections of records that an app may keep of its people."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.person_records.collections(app)
    emit(session, found, *_blocks(found))


def _blocks(found: tuple[CollectionView, ...]) -> list[Block]:
    rows = [
        (
            safe(each.collection),
            f"{each.version}",
            safe(each.rule.category),
            " ".join(sorted(each.rule.purposes)),
        )
        for each in found
        if each.rule is not None
    ]
    if not rows:
        return [Line("This app has no collection.")]
    columns = (
        Column("Collection", whole=True), figure("Version"), Column("Category"), Column("Purposes")
    )  # fmt: skip
    return [Table(columns, rows)]
