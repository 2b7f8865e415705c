"""`sealhold schema list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind, canonical
from sealhold.model.people import SchemaView


def schema_list(context: typer.Context) -> None:
    """List what apps may keep of their people, in numbers."""
    session = Session.of(context)
    with reading(session) as node:
        names = {each.id: each.name for each in node.apps.list()}
        found = [node.people.schema(canonical(app)) for app in names]
    laid = tuple(each for each in found if each.version)
    emit(session, laid, *_blocks(laid, {canonical(app): name for app, name in names.items()}))


def _blocks(laid: tuple[SchemaView, ...], names: dict[str, str]) -> list[Block]:
    if not laid:
        hint = Line("Next: sealhold schema put APP FILE --dry-run", "hint")
        return [Line("No app keeps people here."), hint]
    rows = [
        (
            short(Kind.APP, each.app),
            safe(names[canonical(each.app)]),
            f"{each.version}",
            f"{len(each.fields)}",
            f"{sum(rule.sensitive for rule in each.fields.values())}",
        )
        for each in laid
    ]
    columns = (
        id_("App"), Column("Name"), figure("Version"), figure("Fields"), figure("Sensitive")
    )  # fmt: skip
    return [Table(columns, rows)]
