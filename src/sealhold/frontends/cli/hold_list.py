"""`sealhold hold list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import day
from sealhold.model.holds import HoldView
from sealhold.model.ids import Kind


def hold_list(context: typer.Context) -> None:
    """List the duties to keep something when people are erased.

    Those that end first come first. Nothing of what is held is opened.
    """
    session = Session.of(context)
    with reading(session) as node:
        holds = node.holds.all()
    emit(session, holds, *_blocks(holds))


def _blocks(holds: tuple[HoldView, ...]) -> list[Block]:
    if not holds:
        return [Line("Nothing is held: who is erased goes whole.")]
    rows = [
        (
            short(Kind.HOLD, each.id),
            short(Kind.APP, each.app),
            f"17(3)({each.letter})",
            safe(each.law),
            day(each.until),
            "ending" if each.is_ending else f"{each.kept:,}",
        )
        for each in holds
    ]
    columns = (
        id_("Hold"),
        id_("App"),
        Column("Ground", whole=True),
        Column("Law"),
        Column("Until", whole=True),
        figure("Erased people"),
    )
    return [Table(columns, rows)]
