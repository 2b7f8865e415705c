"""`sealhold source kinds`."""

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Column, Facts, Line, Table, emit
from sealhold.frontends.cli.session import Session
from sealhold.node import kinds


def source_kinds(context: typer.Context) -> None:
    """List the kinds of places that a source may be."""
    session = Session.of(context)
    found = kinds(world_of(session).clock)
    value = [
        {"kind": e.kind, "about": e.about, "place": e.place, "options": dict(e.options)}
        for e in found
    ]
    table = Table(
        (Column("Kind"), Column("What"), Column("Place")),
        [(each.kind, each.about, each.place) for each in found],
    )
    options = [
        block
        for each in found
        if each.options
        for block in (Line(f"Options of {each.kind}:", "head"), Facts([*each.options.items()]))
    ]
    emit(session, value, table, *options)
