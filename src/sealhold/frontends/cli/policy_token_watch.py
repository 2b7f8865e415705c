"""`sealhold policy token watch`."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Timer
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.policytokens import what_hangs
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.policytokens import PolicyTokenView
from sealhold.model.quantities import rfc3339
from sealhold.node import Node
from sealhold.node.mediawatch import MediaWatch

_CAME = {"widen": "what hangs on it holds", "narrow": "what it narrows does not hold"}
_WENT = {
    "widen": "what hangs on it is refused, and what ran under it ended",
    "narrow": "what it narrows holds again",
}
_REFUSED = {
    "forged": "is not what this vault signed",
    "old_counter": "is an older copy",
    "other_medium": "lies on another medium",
    "second": "is there a second time",
    "link": "is a link, or no plain file",
}


def policy_token_watch(
    context: typer.Context,
    *,
    seconds: Annotated[
        int, typer.Option(metavar="N", help="End after so long; 0: at Ctrl-C.", min=0)
    ] = 0,
) -> None:
    """Say in words which policy tokens come and go, until Ctrl-C.

    What comes is taken in and what goes is let go, as at a decision, and the log tells so. With
    `--json` each of them is a line of its own. A vault that is served looks by itself.
    """
    session = Session.of(context)
    with reading(session) as node:
        watch = MediaWatch(node, lambda: _tell(session, node))
        for each in node.parts.media.door.all():
            _say(session, each, "there" if each.present else "not_there")
        node.parts.media.tokens.news()  # said just now
        with _ending(watch, seconds):
            watch.run()


@contextmanager
def _ending(watch: MediaWatch, seconds: int) -> Iterator[None]:
    """End the watch after some seconds, or at Ctrl-C."""
    before = signal.signal(signal.SIGINT, lambda _number, _frame: watch.stop())
    timer = Timer(seconds, watch.stop)
    timer.daemon = True
    if seconds:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)


def _tell(session: Session, node: Node) -> None:
    for token, why in node.parts.media.tokens.news():
        _say(session, token, why)


def _say(session: Session, token: PolicyTokenView, why: str) -> None:
    at = world_of(session).clock()
    told = Line(f"{moment(at)}  {words(token, why)}")
    emit(session, {"at": rfc3339(at), "what": why, "token": token}, told)
    sys.stdout.flush()


def words(token: PolicyTokenView, why: str) -> str:
    """Return what became of a token, as a sentence."""
    name, on_it = short(Kind.TOKEN, token.id), what_hangs(token)
    said = {
        "there": f"is there ({on_it})",
        "not_there": f"is away ({on_it})",
        "present": f"came: {_CAME[token.effect]} ({on_it})",
        "away": f"went: {_WENT[token.effect]} ({on_it})",
        "made": "was made",
        "revoked": "was revoked",
        "moved_on": "moved on, so that its copy is old",
    }
    return f"{name} {said.get(why) or f'was refused: what lies there {_REFUSED[why]}'}."
