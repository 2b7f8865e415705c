"""`sealhold login remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.logins import login_facts
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session


def login_remove(
    context: typer.Context,
    provider: Annotated[
        str, typer.Argument(metavar="PROVIDER", help="Its name, as `login list` tells it.")
    ],
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", help="The account, as `login list` tells it.")
    ],
) -> None:
    """Let an account of a provider sign in no more.

    The token that an officer has by it ends at once. Takes no more than reading does.
    """
    session = Session.of(context)
    with reading(session) as node:
        view = node.logins.remove(provider, account)
    emit(session, view, Line("They sign in no more.", "head"), login_facts(view))
