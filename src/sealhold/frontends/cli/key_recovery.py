"""`sealhold key recovery list`, `key recovery veto` and `key recovery alive`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, deciding, reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.quantities import Instant, rfc3339
from sealhold.model.shown.recovery import OwnRecoveryView
from sealhold.node.recoverywork import RecoveryWork

WHERE = "Holders judge by when they heard of it: theirs may end some hours earlier or later."


def key_recovery_list(context: typer.Context) -> None:
    """List the recoveries of your secret that holders of shares opened.

    If you asked for none, say no, and give shares of a new set: that ends it.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = RecoveryWork(node).own.every()
    if not found:
        emit(session, {"recoveries": found}, Line("No recovery was heard of."))
        return
    blocks = [block for each in found for block in _blocks(each)]
    hint = Line("Not you? sealhold key recovery veto, then: sealhold key share send", "hint")
    emit(session, {"recoveries": found}, *blocks, Line(WHERE), hint)


def key_recovery_veto(
    context: typer.Context,
    which: Annotated[
        str, typer.Argument(metavar="ID", help="How its id begins; else the one that is held.")
    ] = "",
) -> None:
    """Say no to a recovery of your secret, once: its window is doubled.

    It delays, and decides nothing: after the doubled window enough shares are handed out, and one
    share more is enough after the plain one. Every holder is shown which device said no. To end
    the recovery give shares of a new set, which takes the secret. Takes your passphrase, typed at
    the terminal for this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        check_can_confirm(session, node)
        given = confirmed(session, node, "Passphrase, to say no to the recovery: ")
        done = RecoveryWork(node).own.veto(which, given)
    if not done.is_new:
        head = f"{safe(done.recovery.vetoed_by)} had said no already: nothing changed."
        emit(session, done, Line(head), *_blocks(done.recovery))
        return
    head = f"You said no; {counted(done.holders, 'holder')} will be told, and which device it was."
    hint = Line("It goes with the next sync: sealhold device sync", "hint")
    emit(session, done, Line(head, "head"), *_blocks(done.recovery), hint)


def key_recovery_alive(context: typer.Context) -> None:
    """Have holders of your shares hear that you are there, so that an heir waits.

    A sync at which you typed the passphrase does so by itself, about once a week. Takes your
    passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        is_told = RecoveryWork(node).own.alive()
    words = "Holders hear of it with the next sync." if is_told else "Your set names no heir."
    emit(session, {"told": is_told}, Line(words, "good" if is_told else "plain"))


def _blocks(one: OwnRecoveryView) -> list[Block]:
    states = {"prevails": "its window is over", "ended": "ended: your root signed a newer set"}
    if one.by_heir:
        states["ended"] = "ended: you are there"
    if one.until is not None:
        held = f"held back until {rfc3339(Instant(one.until))}"
    else:
        held = "held back: too few holders opened it"
    facts = [
        ("State", states.get(one.course, held)),
        ("For", "your heir" if one.by_heir else "whoever says that they are you"),
        ("Opened by", f"{safe(', '.join(one.by))}; {one.needed} are needed"),
        ("Heard of", rfc3339(Instant(one.heard))),
    ]
    if one.vetoed_by:
        facts.append(("Vetoed by", safe(one.vetoed_by)))
    return [Line(f"Recovery {one.id[:12]}", "head"), Facts(facts)]
