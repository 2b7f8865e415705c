"""`sealhold policy token show`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Line, emit
from sealhold.frontends.cli.policytokens import token_facts
from sealhold.frontends.cli.session import Session


def policy_token_show(context: typer.Context) -> None:
    """Show the policy tokens, and which of them are there.

    Looking is done at this moment: one that came is taken in, and the log tells so.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = node.parts.media.door.all()
    blocks: list[Block] = [token_facts(each) for each in found]
    emit(session, {"tokens": found}, *(blocks or [Line("There is no policy token.")]))
