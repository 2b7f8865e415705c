"""`sealhold share ask`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.share_waiting import tell_waiting, waited
from sealhold.frontends.cli.shares import SHARE
from sealhold.model.shown.shares import GivenAnswer
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharedwithme import SharedWithMe


def share_ask(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    param: Annotated[
        str, typer.Option(metavar="NAME", help="Which parameter; else the first.")
    ] = "",
    selection: Annotated[
        str, typer.Option(metavar="NAME", help="Which selection of items; else the first.")
    ] = "",
    purpose: Annotated[str, typer.Option("--for", metavar="PURPOSE", help="What for.")] = "",
    wait: Annotated[
        int, typer.Option(metavar="SECONDS", help="How long to wait for the answer.", min=0)
    ] = 30,
) -> None:
    """Ask the program of a share: it runs at its owner's, and its answer comes back.

    What may be asked is listed by `share received SHARE`. If no device of its owner answers in
    time, the ask stays, and the same command goes on with it; each ask counts as one use.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        mine = SharedWithMe(work, ContactWork(work).names())
        with Rounds(work) as rounds:
            found = waited(rounds, wait, lambda: _asked(mine, share, param, selection, purpose))
            if found is not None:
                rounds.run(looks=False)
    if found is None:
        tell_waiting(session)
        return
    facts = [("Parameter", safe(found.param)), ("Selection", safe(found.selection))]
    facts += [("It reads", safe(found.reads))] if found.reads else []
    facts.append(("Use", f"{found.number}"))
    emit(session, found, Line(f"The answer is {found.value}.", "good"), Facts(facts))


def _asked(
    mine: SharedWithMe, share: str, param: str, selection: str, purpose: str
) -> GivenAnswer | None:
    """Ask, or go on with what was asked; return the answer if it is there."""
    opened, paper = mine.named(share)
    return mine.ask(opened, paper, param, selection, purpose)
