"""`sealhold source login`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.sources import secret_of, source_facts, source_value


def source_login(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which source.")],
) -> None:
    """Give the password or token of a source's account anew.

    It is tried first, and kept only if the place takes it.
    """
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.find(name)
        source = node.standing.login(source, secret_of(session))
    emit(
        session, source_value(source), Line("The account is taken.", "head"), *source_facts(source)
    )
