"""`sealhold policy token revoke`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import confirmed, reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.policytokens import token_facts
from sealhold.frontends.cli.session import Session


def policy_token_revoke(
    context: typer.Context,
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="Its id, from `sealhold policy token show`.")
    ],
) -> None:
    """End a policy token, wherever it is.

    Grants that were bound to it stay bound: they hold while another of their tokens is there, or
    not at all. What it took out holds again, so ending a token that narrows takes your passphrase,
    typed at the terminal.
    """
    session = Session.of(context)
    with reading(session) as node:
        narrows = node.parts.media.door.find(token).effect == "narrow"
        passphrase = confirmed(session, node) if narrows else ""
        ended = node.parts.media.door.revoke(token, passphrase)
    emit(session, ended, token_facts(ended), Line("Ended.", "head"))
