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
    that were made without `slot` open for nobody then, with the passphrase or without. Nothing else
    changes: your data opens as before, older copies of it too. A copy of the whole folder keeps its
    slot, so it opens still: erase such copies. Takes your passphrase, typed at the terminal for
    this one decision. A kill in the middle loses nothing: the next opening ends it.
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
    keys = counted(look.keys, "key", "keys")
    items = counted(look.erased, "item", "items")
    return [
        Line(f"Epoch {look.epoch}: {keys} would move to epoch {look.next}, and its slot go."),
        Line(f"{items} erased in it would open no more from copies of keys without a slot."),
    ]


def _done(closed: ClosingView) -> list[Block]:
    keys = counted(closed.keys, "key", "keys")
    return [
        Line(f"Epoch {closed.epoch} is closed. {keys} moved to epoch {closed.next}.", "head"),
        Line(f"Its slot is gone: {closed.method}, {closed.strength}."),
        Line("See all: sealhold key list", "hint"),
    ]
