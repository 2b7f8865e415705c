"""`sealhold document restore`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.documents import Name, document_blocks, read_at
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_restore(
    context: typer.Context,
    name: Name,
    at: Annotated[
        str, typer.Argument(metavar="WHEN", help="A version of `document history`, a time, or 2h.")
    ],
) -> None:
    """Have a document say again what it said then; what was written since stays in its past."""
    session = Session.of(context)
    with reading(session) as node:
        found = DocumentSteps(DeviceWork(node)).restore(name, read_at(session, at))
    words = f"{safe(found.name)} says again what it said then."
    emit(session, found, Line(words, "good"), *document_blocks([found]))
