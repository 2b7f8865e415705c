"""`sealhold budget show`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.quantities import show_bits
from sealhold.model.shown.budgets import CapView

OF = {
    "object": "one object, for life",
    "app": "each app, a year",
    "purpose": "each purpose, a year",
    "all": "all askers, a year",
}


def budget_show(context: typer.Context) -> None:
    """Show each cap, and what was told of it.

    A cap is the most that may be told: of any one object, ever, and to each app, for each purpose
    and to all askers together in a calendar year. What is spent is never given back.
    """
    session = Session.of(context)
    with reading(session) as node:
        caps = node.budgets.caps()
    emit(session, {"caps": caps}, *_caps(caps), *_told(caps))


def _caps(caps: tuple[CapView, ...]) -> list[Block]:
    columns = (
        Column("Cap", whole=True),
        Column("The most that is told", whole=True),
        figure("Bits"),
        figure("Default"),
        figure("Highest"),
    )
    rows = [
        (view.kind, OF[view.kind], *map(show_bits, (view.cap, view.default, view.highest)))
        for view in caps
    ]
    return [Table(columns, rows)]


def _told(caps: tuple[CapView, ...]) -> list[Block]:
    columns = (
        Column("Cap", whole=True),
        Column("Of"),
        figure("Told"),
        figure("Left"),
    )
    rows = [
        (
            view.kind,
            safe(each.label),
            show_bits(each.used),
            show_bits(type(each.cap)(max(0, each.cap - each.used))),
        )
        for view in caps
        for each in view.budgets
    ]
    return [
        Line(""),
        Table(columns, rows),
        Line(""),
        Line("Change one: sealhold budget set CAP BITS", "hint"),
    ]
