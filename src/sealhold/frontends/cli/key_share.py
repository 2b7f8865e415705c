"""`sealhold key share send` and `sealhold key share list`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.quantities import DAY, Instant, rfc3339
from sealhold.model.shown.recovery import ShareSetView
from sealhold.node import recovery_in
from sealhold.node.recoverywork import RecoveryWork

LIMIT = (
    "Vaults wait, words do not: {} printed shares, or changed programs, give the secret at once.",
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
    window: Annotated[
        int,
        typer.Option(
            "--window", metavar="DAYS", help="So long holders hold back: 0, at once, to 30."
        ),
    ] = 3,
    heir: Annotated[
        str,
        typer.Option("--heir", metavar="NAME", help="One of them, who may recover once you rest."),
    ] = "",
    after: Annotated[
        int,
        typer.Option(
            "--after", metavar="DAYS", help="Without a use of your devices, before the heir may."
        ),
    ] = 90,
) -> None:
    """Give people you know a share each of the recovery secret, of which some are enough.

    Fewer than are needed tell nothing of it. Each share goes sealed, in a letter, with the next
    sync, and their vault keeps it for you. It is done on your first device. Whoever has a share of
    the set before and gets none is asked to let it go.

    Whoever asks for a share later waits: the holder opens a recovery, all your devices hear of it,
    and the share stays there until the window is over. A device of yours may double it, once. An
    heir is told by nobody: say so to them.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        made = RecoveryWork(node).share(
            recovery_in(secret), to, need, window=window, heir=heir, waiting=after
        )
    head = f"{counted(len(made.holders), 'share')}; any {made.needed} give the secret."
    emit(
        session,
        made,
        Line(head, "head"),
        _table(made),
        *_terms(made),
        Line("They go with the next sync: sealhold device sync", "hint"),
    )


def key_share_list(context: typer.Context) -> None:
    """Tell who was given a share of the recovery secret."""
    session = Session.of(context)
    with reading(session) as node:
        found = RecoveryWork(node).shared()
    head = f"Any {found.needed} of these give the secret; given {rfc3339(Instant(found.at))}."
    emit(session, found, Line(head, "head"), _table(found), *_terms(found))


def _terms(found: ShareSetView) -> list[Line]:
    days = counted(found.window // DAY, "day")
    waits = f"Each holds back for {days} once a recovery was opened, and you hear of it."
    lines = [Line(waits if found.window else "Each hands it out at once, on being asked.")]
    if found.heir:
        after = counted(found.waiting // DAY, "day")
        lines.append(Line(f"{safe(found.heir)} is the heir, {after} after your last use."))
    return [*lines, Line(LIMIT[0].format(found.needed)), Line(LIMIT[1])]


def _table(found: ShareSetView) -> Table:
    rows = [
        (safe(each.name) or each.id[:16], "sent" if each.is_sent else "waits to be left")
        for each in found.holders
    ]
    return Table((Column("Who", whole=True), Column("Share")), rows)
