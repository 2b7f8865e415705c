"""`sealhold share received`, `accept` and `open`."""

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.share_waiting import WAITING, tell_waiting, waited
from sealhold.frontends.cli.shares import SHARE, line_blocks, program_blocks, received_rows
from sealhold.model.errors import CarrierAwayError, NotFoundError, UsageError
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.node import Node
from sealhold.node.sharedwithme import SharedWithMe


def _mine(node: Node) -> tuple[DeviceWork, SharedWithMe]:
    work = DeviceWork(node)
    return work, SharedWithMe(work, ContactWork(work).names())


def share_received(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)] = "",
) -> None:
    """List what others share with you, or show one share with its rules and objects."""
    session = Session.of(context)
    with reading(session) as node:
        _, mine = _mine(node)
        if share:
            shown = mine.view(*mine.named(share))
            objects: list[Block] = [Line(safe(each), indent=2) for each in shown.objects]
            facts = [("From", safe(shown.owner)), ("Standing", shown.standing), ("Id", shown.id)]
            head = Line(shown.label, "head")
            objects += [] if shown.program is None else program_blocks(shown.program)
            emit(session, shown, head, Facts(facts), *line_blocks(shown.lines), *objects)
            return
        found, offers = mine.every(), mine.offers()
        names = ContactWork(DeviceWork(node)).names()
    blocks = [
        Line(
            f"{safe(names.get(each.sender, each.sender.hex()[:12]))} invites you to"
            f" `{safe(each.name)}`, at {safe(', '.join(each.places)) or 'no place yet'}."
            f" Say yes: sealhold share accept {each.space.hex()[:12]}",
            "hint",
        )
        for each in offers
    ]
    told = [
        {"id": each.space.hex(), "name": each.name, "from": each.sender.hex(), "at": each.places}
        for each in offers
    ]
    emit(session, {"shares": found, "invitations": told}, *received_rows(found), *blocks)


def share_accept(
    context: typer.Context,
    invitation: Annotated[
        str, typer.Argument(metavar="INVITATION", help="Its name, or how its id begins.")
    ],
) -> None:
    """Take an invitation on: the places that it names are called from now on.

    Raises:
        NotFoundError: no such invitation waits.
    """
    session = Session.of(context)
    with reading(session) as node:
        work, mine = _mine(node)
        found = [
            each
            for each in mine.offers()
            if each.name == invitation or each.space.hex().startswith(invitation)
        ]
        if len(found) != 1:
            raise NotFoundError("no such invitation, or several: say its id")
        mine.take(found[0])
        with Rounds(work) as rounds:
            rounds.run(looks=False)
        views = [each for each in mine.every() if each.name == found[0].name]
    emit(session, {"shares": views}, Line("You take part.", "good"), *received_rows(views))


def share_open(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    path: Annotated[str, typer.Argument(metavar="OBJECT", help="As `share received` lists it.")],
    purpose: Annotated[str, typer.Option("--for", metavar="PURPOSE", help="What for.")] = "",
    action: Annotated[str, typer.Option(metavar="ACTION", help="What you do with it.")] = "view",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it there; else to standard output.")
    ] = None,
    wait: Annotated[
        int, typer.Option(metavar="SECONDS", help="At T2: how long to wait for the answer.", min=0)
    ] = 30,
) -> None:
    """Open something that is shared with you; each use is told to its owner where that is agreed.

    At T2 a device of its owner gives the key for this one use: if none answers in time, the ask
    stays, and the same command goes on with it.

    Raises:
        UsageError: the file is there already, or cannot be written, or none is named with --json.
        CarrierAwayError: nobody answered, and it was to go to standard output.
    """
    session = Session.of(context)
    if out is not None and out.exists():
        raise UsageError(f"`{out}` is there already")
    if out is None and session.as_json:
        raise UsageError("with --json it goes into a file: name one with --out")
    with reading(session) as node:
        work, mine = _mine(node)
        with Rounds(work) as rounds:
            content = waited(rounds, wait, lambda: _content(mine, share, path, action, purpose))
            if content is None and out is None:
                raise CarrierAwayError(WAITING)  # standard output is for what was to be opened
            if content is None:
                tell_waiting(session)
                return
            size = _written(content, out)
            rounds.run(looks=False)
    if out is not None:
        emit(session, {"state": "opened", "bytes": size}, Line(f"{size:,} bytes in {out}.", "good"))


def _content(
    mine: SharedWithMe, share: str, path: str, action: str, purpose: str
) -> Iterator[bytes] | None:
    """Return what is wanted, if it is there; at T2 it is asked for."""
    opened, paper = mine.named(share)
    wish = mine.wish(paper, mine.object(opened, path), action, purpose)
    return mine.open(opened, paper, wish)


def _written(content: Iterator[bytes], out: Path | None) -> int:
    """Write content out; return how many bytes it has.

    Raises:
        UsageError: the file cannot be written.
    """
    size = 0
    try:
        with nullcontext(sys.stdout.buffer) if out is None else out.open("xb") as file:
            for piece in content:
                size += file.write(piece)
            file.flush()
    except OSError as err:
        raise UsageError(f"`{out}` cannot be written") from err
    return size
