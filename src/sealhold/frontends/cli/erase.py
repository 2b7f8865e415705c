"""`sealhold erase`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.grant_list import grant_table
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Block, Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind
from sealhold.model.shown.erasing import ErasureView


def erase(
    context: typer.Context,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="Its id, from `sealhold search`.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Erase one item for good, with all that tells of it.

    What programs said of it, and of what shared a run with it, becomes their default. A task that
    counted it in a frozen set is retired: its grants end, and it cannot be allowed again. What left
    before stays out, and copies of the vault that you made before still hold it. Takes your
    passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        record = node.records.get(item).id
        look = node.erasing.look(record)
        name = short(Kind.RECORD, record)
        if dry_run:
            would = Line(f"Would erase {name} of {look.collection}; nothing was changed.")
            emit(session, look, *_ending(look, "These grants would end:"), would)
            return
        check_can_confirm(session, node)
        say(session, *_ending(look, "These grants end with it:"))
        gone = node.erasing.erase(
            record, confirmed(session, node, f"Passphrase, to erase {name}: ")
        )
    emit(session, gone, Line(f"Erased {name} of {gone.collection}.", "head"))


def _ending(look: ErasureView, words: str) -> list[Block]:
    return [Line(words), *grant_table(look.grants), Line("")] if look.grants else []
