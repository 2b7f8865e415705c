"""`sealhold policy remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.shown import RequestState


def policy_remove(
    context: typer.Context,
    rule: Annotated[
        str, typer.Argument(metavar="RULE", help="Its id, from `sealhold policy list`.")
    ],
) -> None:
    """Take a rule back; what it allowed stays until you revoke it.

    Takes your passphrase, since without a rule that denies more may pass.
    """
    session = Session.of(context)
    with deciding(session) as (node, passphrase):
        gone = node.dataware.policies.remove(rule, passphrase)
    left = sum(each.state is RequestState.ALLOWED for each in gone.answered)
    emit(
        session,
        gone,
        Line(f"Taken back: {safe(gone.sentence)}.", "head"),
        Line(f"By it {counted(left, 'grant is', 'grants are')} in force."),
        Line("See them: sealhold grant list", "hint"),
    )
