"""`sealhold device profile show` and `set`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import MANY
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.relay_account_add import bytes_of
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.model.shown.pasts import ProfileView
from sealhold.node.devicework import DeviceWork
from sealhold.node.keptwork import KeptWork, profile_of

Of = Annotated[
    str, typer.Option("--of", metavar="NAME", help="Of one collection; by default of each.")
]


def device_profile_show(context: typer.Context, of: Of = "") -> None:
    """Show what this device keeps of each collection: contents, pins, and what cannot go."""
    session = Session.of(context)
    with reading(session) as node:
        found = KeptWork(DeviceWork(node)).profiles(of)
    emit(session, {"profiles": found}, *_blocks(found))


def device_profile_set(
    context: typer.Context,
    which: Annotated[
        str, typer.Argument(metavar="WHICH", help="all, index (names alone) or recent.")
    ],
    days: Annotated[
        int, typer.Option("--days", min=0, max=36_500, help="Of recent: how many days.")
    ] = 0,
    room: Annotated[
        str, typer.Option("--room", metavar="ROOM", help="At most so much: 500MB, 10GB.")
    ] = "",
    of: Of = "",
) -> None:
    """Say which contents this device keeps, from the next sync on; names it always has.

    A content leaves this device only once another one that keeps all said that it has it.

    Raises:
        UsageError: there is no such profile.
    """
    session = Session.of(context)
    if which not in {"all", "index", "recent"} or (which == "recent") != (days > 0):
        raise UsageError("a profile is all, index, or recent with --days")
    profile = profile_of(which, days, bytes_of(room) if room else None)
    with reading(session) as node:
        found = KeptWork(DeviceWork(node)).choose(profile, of)
    emit(session, {"profiles": found}, *_blocks(found), Line("Now: sealhold device sync", "hint"))


def _blocks(found: Sequence[ProfileView]) -> list[Block]:
    blocks: list[Block] = [] if found else [Line("No folder is synced yet.")]
    for each in found:
        kept = each.which if each.which != "recent" else f"of {counted(each.days, 'day')}"
        room = f", at most {each.budget:,} bytes" if each.budget else ""
        facts = [
            ("Keeps", f"{kept}{room}"),
            ("Here", f"{each.here:,} of {counted(each.files, 'file')}, {each.here_bytes:,} bytes"),
            ("Pinned", safe(", ".join(each.pinned)) or "nothing"),
        ]
        if each.which != "all" or each.budget:
            facts.append(("Relies on", safe(", ".join(each.relied_on)) or "no device yet"))
        blocks += [Line(f"{safe(each.collection)}:", "head"), Facts(facts)]
        if each.over:
            blocks.append(Line(f"{each.over:,} bytes too many cannot go yet.", "bad"))
        blocks += [
            Line(f"stays, as no device that keeps all has it: {safe(path)}", "hint")
            for path in each.stuck[:MANY]
        ]
    return blocks
