"""`sealhold app list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import day
from sealhold.model.ids import Kind
from sealhold.model.quantities import show_bits
from sealhold.model.shown import AppView


def app_list(context: typer.Context) -> None:
    """List the apps that may ask."""
    session = Session.of(context)
    with reading(session) as node:
        apps = node.apps.list()
    emit(session, apps, *_blocks(apps))


def _blocks(apps: tuple[AppView, ...]) -> list[Block]:
    if not apps:
        return [
            Line("No app knows you."),
            Line("Next: sealhold app register NAME --key HEX", "hint"),
        ]
    rows = [
        (
            short(Kind.APP, app.id),
            safe(app.name),
            app.state,
            f"{len(app.grants)}",
            show_bits(app.meter.used),
            day(app.last_used) if app.last_used is not None else "never",
        )
        for app in apps
    ]
    columns = (
        id_("App"),
        Column("Name"),
        Column("State"),
        figure("Grants"),
        figure("Bits told"),
        Column("Last answered", whole=True),
    )
    return [Table(columns, rows)]
