"""`sealhold service print-grants`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import folder_of
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.onserver import grants_of


def service_grants(
    context: typer.Context,
    role: Annotated[str, typer.Argument(metavar="ROLE", help="Under which the vault works.")],
) -> None:
    """Print what lets a role of PostgreSQL work on your rows, and do no more.

    Who owns the tables runs it with psql, once and after each upgrade. Then the address in
    `stores.toml` may name the role.
    """
    session = Session.of(context)
    statements = grants_of(folder_of(session), role)
    emit(session, {"statements": statements}, *map(Line, statements))
