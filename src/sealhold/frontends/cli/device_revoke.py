"""`sealhold device revoke`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.devices import DEVICE, round_blocks, told
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork


def device_revoke(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help=DEVICE)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it has, and change nothing.")
    ] = False,
) -> None:
    """Lock a device out for good: nothing that is written from now on opens there.

    Every collection that it was in gets new keys, which the others hear of. What it had, it has:
    this stops new data and does not reach into that machine. Takes your passphrase, typed at the
    terminal for this one decision.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        work = DeviceWork(node)
        found = work.named(device)
        had = work.exposure(found) if dry_run else work.remove(found)
        blocks = []
        if not dry_run:
            with told(session) as tell, Rounds(work) as rounds:
                blocks = round_blocks(rounds.run(tell))
    head = "It is still one of your devices." if dry_run else "It is locked out."
    facts = [
        ("Device", f"{safe(had.name)}, {had.device[:12]}"),
        ("It had", safe(", ".join(had.collections))),
        ("In them", counted(had.objects, "object")),
        ("The others heard", f"{counted(had.entries, 'entry', 'entries')} of it"),
    ]
    emit(
        session,
        had,
        Line(head, "head"),
        Facts(facts),
        *blocks,
        Line("This stops new data; it does not reach into that machine.", "hint"),
    )
