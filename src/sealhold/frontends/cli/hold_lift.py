"""`sealhold hold lift`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.holds import hold_facts, items_in_words
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, short
from sealhold.model.holds import HoldShown
from sealhold.model.ids import Kind, canonical

OWNER = ""  # no token: the owner


def hold_lift(
    context: typer.Context,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, from `sealhold hold list`.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
) -> None:
    """End a duty to keep: all that is held under it goes for good.

    The keys of what is held are destroyed first, then the rows go. Takes your passphrase, typed at
    the terminal for this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        look = node.holds.show(hold)
        shown = [*hold_facts(look.hold), *_would(look)]
        if dry_run:
            emit(session, look, *shown, Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        say(session, *shown, Line(""))
        name = short(Kind.HOLD, look.hold.id)
        passphrase = confirmed(session, node, f"Passphrase, to end {name}: ")
        ended = node.holds.lift(OWNER, canonical(look.hold.id), passphrase)
    emit(session, ended, Line(f"Ended {name}; what it held is gone.", "head"))


def _would(look: HoldShown) -> list[Line]:
    people = counted(len(look.keepings), "person", "people")
    return [
        Line(f"What is held of {people} who were erased goes:"),
        *(Line(f"  {items_in_words(each.items)}") for each in look.keepings),
    ]
