"""`sealhold share ask`."""

import time
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
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
            found = _answer(mine, rounds, (share, param, selection, purpose), wait)
            if found is not None:
                rounds.run(looks=False)
    if found is None:
        told = "No device of its owner has answered yet. The ask stays; try again later."
        emit(session, {"state": "waiting"}, Line(told, "hint"))
        return
    facts = [("Parameter", safe(found.param)), ("Selection", safe(found.selection))]
    facts += [("It reads", safe(found.reads))] if found.reads else []
    facts.append(("Use", f"{found.number}"))
    emit(session, found, Line(f"The answer is {found.value}.", "good"), Facts(facts))


def _answer(
    mine: SharedWithMe, rounds: Rounds, asked: tuple[str, str, str, str], wait: int
) -> GivenAnswer | None:
    """Return the answer, after waiting for it; None: none came in time."""
    share, param, selection, purpose = asked
    end, left = time.monotonic() + wait, 1.0
    while True:
        opened, paper = mine.named(share)
        found = mine.ask(opened, paper, param, selection, purpose)
        if found is not None or left <= 0:
            return found
        rounds.run(looks=False)  # what was asked goes out, and what was answered comes
        left = end - time.monotonic()
        if left > 0:
            with rounds.hints() as hints:
                hints.wait(min(left, 2.0))
