"""`sealhold login list`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.web.formats import day
from sealhold.model.logins import LoginView


def login_list(context: typer.Context) -> None:
    """List who may sign in through a provider, and as whom."""
    session = Session.of(context)
    with reading(session) as node:
        found, names = node.logins.all(), node.login_names
    emit(session, {"providers": list(names), "logins": list(found)}, *_blocks(found, names))


def _blocks(found: tuple[LoginView, ...], names: tuple[str, ...]) -> list[Block]:
    known = ", ".join(map(safe, names)) or "none"
    providers = Line(f"Providers in config.toml: {known}.", "hint")
    if not found:
        return [Line("Nobody signs in through a provider."), providers]
    rows = [
        (
            safe(each.provider),
            safe(each.sub),
            each.role.value,
            day(each.added_at),
            "" if each.provider in names else "not set up any more",
        )
        for each in found
    ]
    columns = (
        Column("Provider", whole=True),
        Column("Account", whole=True),
        Column("Enters as"),
        Column("Added", whole=True),
        Column("Note"),
    )
    return [Table(columns, rows), providers]
