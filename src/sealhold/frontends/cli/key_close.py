"""`sealhold key close-epoch`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Block, Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.shown.keys import ClosingView


def key_close(
    context: typer.Context,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Turn the keys over, so that older copies of them open nothing.

    All keys move under a new one, and the slot of the old one is destroyed. Copies of the key files
    that were made without the folder `slot` open for nobody then, whatever passphrase they know.
    Your data opens as before, and so do older copies of it, with what was erased since. A copy of
    the whole folder has its slot, so it opens still: take such copies away yourself. Takes your
    passphrase, typed at the terminal for this one decision. A kill in the middle loses nothing.
    """
    session = Session.of(context)
    with reading(session) as node:
        look = node.keys.look()
        if dry_run:
            emit(session, look, *_would(look), Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        say(session, *_would(look), Line(""))
        prompt = f"Passphrase, to close epoch {look.epoch}: "
        closed = node.keys.close(confirmed(session, node, prompt))
    emit(session, closed, *_done(closed))


def _would(look: ClosingView) -> list[Block]:
    keys, items = counted(look.keys, "key", "keys"), counted(look.erased, "item", "items")
    erased = f", with the {items} erased since then" if look.erased else ""
    return [
        Line(f"Closing epoch {look.epoch}: {keys} move to epoch {look.next}, and its slot goes."),
        Line("Copies of its keys that were made without `slot` open nothing any more."),
        Line(f"Older copies of your data open with the keys of today{erased}."),
    ]


def _done(closed: ClosingView) -> list[Block]:
    keys = counted(closed.keys, "key", "keys")
    return [
        Line(f"Epoch {closed.epoch} is closed. {keys} moved to epoch {closed.next}.", "head"),
        Line(f"Its slot is gone: {closed.method} ({closed.strength})."),
        Line("See all: sealhold key list", "hint"),
    ]
