"""`sealhold schema show`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.ruling import App
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.people import SchemaView


def schema_show(context: typer.Context, app: App) -> None:
    """Show what an app may keep of its people, field by field."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.people.schema(app)
    emit(session, found, *_blocks(found))


def _blocks(found: SchemaView) -> list[Block]:
    if not found.version:
        return [Line("Nothing was laid down: this app keeps nobody.")]
    rows = [
        (
            safe(name),
            f"{safe(rule.category)}{', sensitive' if rule.sensitive else ''}",
            counted(rule.retention_days, "day") if rule.retention_days else "no end",
            rule.lookup.value,
            " ".join(sorted(rule.purposes)),
        )
        for name, rule in sorted(found.fields.items())
    ]
    columns = (
        Column("Field", whole=True),
        Column("Category"),
        Column("Term", whole=True),
        Column("Found by", whole=True),
        Column("Purposes"),
    )
    return [Line(f"Version {found.version}", "head"), Table(columns, rows)]
