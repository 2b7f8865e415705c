"""`sealhold key share send`, `key share list`, `key held list` and `key held show`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.key_cards import card_text
from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.shown.recovery import ShareSetView
from sealhold.node import recovery_in, rooting
from sealhold.node.recoverywork import RecoveryWork

LIMIT = (
    "Nothing holds them back: whoever brings {} shares together has your secret at once.",
    "Shares of older sets stay good until the secret itself changes: key change-root.",
)


def key_share_send(
    context: typer.Context,
    secret: Annotated[
        Path, typer.Argument(metavar="SECRET", help="The file with the vault's recovery secret.")
    ],
    to: Annotated[
        list[str], typer.Option("--to", metavar="NAME", help="A verified contact; once for each.")
    ],
    need: Annotated[
        int, typer.Option("--need", metavar="K", help="So many of them give the secret.")
    ] = 2,
) -> None:
    """Give people you know a share each of the recovery secret, of which some are enough.

    Fewer than are needed tell nothing of it. Each share goes sealed, in a letter, with the next
    sync, and their vault keeps it for you. It is done on your first device. Whoever has a share of
    the set before and gets none is asked to let it go.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        made = RecoveryWork(node).share(recovery_in(secret), to, need)
    head = f"{counted(len(made.holders), 'share')}; any {made.needed} give the secret."
    emit(
        session,
        made,
        Line(head, "head"),
        _table(made),
        Line(LIMIT[0].format(made.needed)),
        Line(LIMIT[1]),
        Line("They go with the next sync: sealhold device sync", "hint"),
    )


def key_share_list(context: typer.Context) -> None:
    """Tell who was given a share of the recovery secret."""
    session = Session.of(context)
    with reading(session) as node:
        found = RecoveryWork(node).shared()
    head = f"Any {found.needed} of these give the secret; given {rfc3339(Instant(found.at))}."
    lines = (Line(LIMIT[0].format(found.needed)), Line(LIMIT[1]))
    emit(session, found, Line(head, "head"), _table(found), *lines)


def key_held_list(context: typer.Context) -> None:
    """List the shares that are held here for people you know."""
    session = Session.of(context)
    with reading(session) as node:
        found = RecoveryWork(node).held()
    rows = [
        (safe(each.name), each.standing, f"{each.place} of {each.count}", str(each.needed))
        for each in found
    ]
    table = Table((Column("Of", whole=True), Column(""), Column("Share"), Column("Needed")), rows)
    nothing = Line("No share is held here.")
    last = Line("Hand one back: sealhold key held show NAME --out FILE", "hint")
    emit(session, {"held": found}, *([table, last] if rows else [nothing]))


def key_held_show(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="NAME", help="Whose share, or their id.")],
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Write the share there, as a card.")
    ],
) -> None:
    """Write a share that is held here on a card, to hand it back to whose it is.

    Be sure who asks: meet them, or hear them. Whoever brings as many shares together as are needed
    opens that person's vault, and nothing delays it.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        found, words = RecoveryWork(node).show(person)
    text = card_text(words, found.place, found.count, found.needed)
    rooting.write_private([(out, text)], "recovery card")
    emit(
        session,
        found,
        Line(f"The share of {safe(found.name)} is in {safe(str(out))}.", "head"),
        Line("Hand it to them alone, then delete the file. They join cards: key recover", "hint"),
    )


def _table(found: ShareSetView) -> Table:
    rows = [
        (safe(each.name) or each.id[:16], "sent" if each.is_sent else "waits to be left")
        for each in found.holders
    ]
    return Table((Column("Who", whole=True), Column("Share")), rows)
