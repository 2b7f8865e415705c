"""`sealhold backup prune`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.backup_make import Place
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Block, Facts, Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.shown.backups import PruneView
from sealhold.node import backing


def backup_prune(
    context: typer.Context,
    place: Place,
    keep: Annotated[int, typer.Option(min=1, help="How many backups stay.")] = 7,
    yes: Annotated[bool, typer.Option("--yes", help="Do it, and do not only tell.")] = False,
) -> None:
    """Let go of old backups of a place, and tell first which.

    The newest stay, of each key that signed. What only the others need is noted, and goes when this
    is called again a day later. Call it while no backup is made there.
    """
    session = Session.of(context)
    told = backing.prune_backups(place, keep, world_of(session), is_meant=yes)
    emit(session, told, *_blocks(told))


def _blocks(told: PruneView) -> list[Block]:
    head = "Old backups went." if told.is_done else "What would go:"
    blocks: list[Block] = [
        Line(head, "head"),
        Facts(
            [
                ("Backups that stay", f"{told.kept:,}"),
                ("Backups that go", ", ".join(told.dropped) or "none"),
                ("Objects that go", f"{told.deleted:,}, of {told.freed:,} bytes"),
                ("That go in a day", counted(told.waiting, "object")),
            ]
        ),
    ]
    if not told.is_done:
        blocks.append(Line("Nothing was changed. Do it: --yes", "hint"))
    return blocks
