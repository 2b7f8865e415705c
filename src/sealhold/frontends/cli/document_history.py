"""`sealhold document history`."""

import typer

from sealhold.frontends.cli.documents import Name, version_table
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_history(context: typer.Context, name: Name) -> None:
    """List the versions of a document: when, by which device, and how much changed.

    What was written before words were erased from it is one version.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = DocumentSteps(DeviceWork(node)).history(name)
    emit(
        session,
        {"versions": found},
        *version_table(found),
        Line("One of them: sealhold document show NAME --at VERSION", "hint"),
    )
