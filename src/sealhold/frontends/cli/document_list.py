"""`sealhold document list`."""

import typer

from sealhold.frontends.cli.documents import document_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_list(context: typer.Context) -> None:
    """List your documents, when each was changed last and by which device."""
    session = Session.of(context)
    with reading(session) as node:
        found = DocumentSteps(DeviceWork(node)).every()
    none = Line("No document yet: sealhold document create NAME")
    emit(session, {"documents": found}, *(document_blocks(found) if found else [none]))
