"""`sealhold device erase`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import MANY, SPOT, told
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.model.shown.pasts import EraseView
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork
from sealhold.node.erasingwork import ErasingWork
from sealhold.node.historywork import HistoryWork

LEFT = "Ids and times stay in the log; what somebody copied out of a folder is not reached."


def device_erase(
    context: typer.Context,
    what: Annotated[str, typer.Argument(metavar="PATH", help=SPOT)] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be erased.")
    ] = False,
    state: Annotated[bool, typer.Option("--state", help="Only tell how far erasures are.")] = False,
) -> None:
    """Erase a file, or a folder with all in it, on all your devices: every version, and the name.

    It leaves the folders of your devices as they sync. Once each of them said so, every byte that
    was ever sent and all keys of any of them open nothing of it; until then the ones that are
    outstanding are named. Takes your passphrase, typed at the terminal for this one decision.

    Raises:
        UsageError: nothing is named.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        erasing = ErasingWork(work)
        if state:
            found = erasing.state()
            lines: list[Block] = [line for each in found for line in _far(each)]
            emit(session, {"erasures": found}, *(lines or [Line("Nothing was erased.")]))
            return
        if not what:
            raise UsageError("say which file or folder: COLLECTION/PATH")
        history = HistoryWork(work)
        spot = history.spot(what)
        if not spot.path:
            raise UsageError("a collection is not erased at once: name a file or folder in it")
        look = erasing.look(spot)
        if dry_run:
            would = Line("Nothing was changed.", "hint")
            emit(session, look, Line("Would be erased:", "head"), *_what(look), would)
            return
        check_can_confirm(session, node)
        confirmed(session, node, f"Passphrase, to erase {safe(spot.path)} everywhere: ")
        with told(session) as tell, Rounds(work) as rounds:
            done = erasing.erase(spot, rounds, tell)
    emit(session, done, Line("Erased here.", "head"), *_what(done), *_far(done), Line(LEFT, "hint"))


def _what(look: EraseView) -> list[Block]:
    facts = [
        ("Files", counted(len(look.files), "file")),
        ("Versions", f"{look.versions:,}"),
        ("Sealed bytes at", safe(", ".join(look.places)) or "no place"),
    ]
    return [Facts(facts), *(Line(f"  {safe(path)}") for path in look.files[:MANY])]


def _far(done: EraseView) -> list[Block]:
    head = f"{safe(done.collection)}: {counted(done.erased, 'object')} erased"
    if not done.outstanding:
        return [Line(f"{head}; no device opens any of it.", "good")]
    return [Line(f"{head}; outstanding: {safe(', '.join(done.outstanding))}.", "bad")]
