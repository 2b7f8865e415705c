"""`sealhold login add`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.logins import login_facts, may
from sealhold.frontends.cli.opening import deciding, reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session


def login_add(
    context: typer.Context,
    provider: Annotated[
        str, typer.Argument(metavar="PROVIDER", help="Its name in `config.toml`: `[login.NAME]`.")
    ],
    account: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT", help="What the provider calls the account: its `sub`, no address."
        ),
    ],
    officer: Annotated[
        str, typer.Option(metavar="ID", help="Let them in as this officer, not as the owner.")
    ] = "",
    preview: Annotated[
        bool, typer.Option("--preview", help="Show what they may do then; change nothing.")
    ] = False,
) -> None:
    """Let an account of an OpenID provider sign in on the pages.

    Whoever tries without being let in is shown what their account is called. Takes your
    passphrase, typed at the terminal for this one decision; a preview only reads.
    """
    session = Session.of(context)
    if preview:
        with reading(session) as node:
            view = node.logins.preview(provider, account, officer)
        head = Line("Not added: a preview.", "head")
    else:
        with deciding(session) as (node, passphrase):
            view = node.logins.add(provider, account, officer, passphrase)
        head = Line("They may sign in now.", "head")
    value = {"login": view, "added": not preview, "may": may(view)}
    emit(session, value, head, login_facts(view), *[Line(each) for each in may(view)])
