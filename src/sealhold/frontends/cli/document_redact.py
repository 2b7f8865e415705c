"""`sealhold document redact`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.documents import Name
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Block, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.model.shown.documents import RedactionView
from sealhold.node.devicework import DeviceWork
from sealhold.node.documentsteps import DocumentSteps


def document_redact(
    context: typer.Context,
    name: Name,
    words: Annotated[
        str, typer.Argument(metavar="WORDS", help="What is to go, exactly as it is written.")
    ] = "",
    deleted: Annotated[
        bool, typer.Option("--deleted", help="Instead: all that was ever deleted or replaced.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell how much would go.")
    ] = False,
) -> None:
    """Erase words from a document and from its whole past, on all your devices.

    The words go from the text and the values that hold them; in all versions they are blank from
    then on, and the keys of before are destroyed as the other devices sync. It cannot be undone.
    What left before (an export, a copy on paper) stays out. Takes your passphrase, typed at the
    terminal for this one decision.

    Raises:
        UsageError: neither words nor --deleted, or both.
    """
    if bool(words) == deleted:
        raise UsageError("say either the words that are to go, or --deleted")
    session = Session.of(context)
    with reading(session) as node:
        steps = DocumentSteps(DeviceWork(node))
        look = steps.redact(name, words, really=False)
        if dry_run:
            emit(session, look, *_blocks(look), Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        confirmed(session, node, f"Passphrase, to erase from {safe(look.name)} for good: ")
        gone = steps.redact(name, words)
    emit(
        session,
        gone,
        *_blocks(gone),
        Line("Your other devices follow as they sync: sealhold device sync", "hint"),
    )


def _blocks(found: RedactionView) -> list[Block]:
    what = "are blank" if found.is_done else "would be blank"
    units = counted(found.units, "character or value", "characters or values")
    blocks: list[Block] = [Line(f"{units} of {safe(found.name)} {what} in all versions.", "head")]
    blocks += [
        Line(f"A field is called so, and its name stays: {safe(key)}.", "bad") for key in found.keys
    ]
    return blocks
