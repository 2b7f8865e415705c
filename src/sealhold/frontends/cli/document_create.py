"""`sealhold document create`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import COLLECTION, DocumentSteps


def document_create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the document is called.")],
    collection: Annotated[
        str, typer.Option("--in", metavar="COLLECTION", help="Where it stands; begun if need be.")
    ] = COLLECTION,
) -> None:
    """Begin a document that all your devices can edit, at once and offline."""
    session = Session.of(context)
    with reading(session) as node:
        made = DocumentSteps(DeviceWork(node)).create(name, collection)
    called = safe(made.name)
    emit(
        session,
        made,
        Line(f"{called} stands in {safe(made.collection)}.", "good"),
        Line(f"Now: sealhold document edit {called}", "hint"),
    )
