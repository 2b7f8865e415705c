"""`sealhold document remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.documents import Name
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_remove(
    context: typer.Context,
    name: Name,
    erase: Annotated[
        bool, typer.Option("--erase", help="Destroy its keys everywhere: nothing opens it again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell which document would go.")
    ] = False,
) -> None:
    """Take a document out of the lists of all your devices.

    Where another device edits it meanwhile, it stands again, and nothing that was written is lost.
    With --erase its keys are destroyed as the other devices sync; that cannot be undone, and takes
    your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        steps = DocumentSteps(DeviceWork(node))
        look = steps.named(name)
        called = f"{safe(look.name)} of {safe(look.collection)}"
        if dry_run:
            emit(session, look, Line(f"Would remove {called}; nothing was changed."))
            return
        if erase:
            check_can_confirm(session, node)
            confirmed(session, node, f"Passphrase, to erase {safe(look.name)} for good: ")
        gone = steps.remove(name, destroy=erase)
    emit(session, gone, Line(f"{'Erased' if erase else 'Removed'} {called}.", "head"))
