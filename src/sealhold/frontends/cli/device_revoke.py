"""`sealhold device revoke`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import DEVICE, round_blocks, told
from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.model.quantities import Instant, rfc3339
from sealhold.node import rooting
from sealhold.node.devicerounds import Rounds
from sealhold.node.devicework import DeviceWork


def device_revoke(
    context: typer.Context,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help=DEVICE)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it has, and change nothing.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write the signed receipt of what it had."),
    ] = None,
) -> None:
    """Lock a device out for good: nothing that is written from now on opens there.

    Every collection that it was in gets new keys, which the others hear of. What it had, it has:
    this stops new data and does not reach into that machine. Takes your passphrase, typed at the
    terminal for this one decision.

    A receipt says what it had, as it was counted before, and who signed that; anybody checks it
    with `sealhold verify`. Done again for a device that is out, it writes the same receipt.

    Raises:
        UsageError: `--out` with `--dry-run`.
    """
    session = Session.of(context)
    if dry_run and out is not None:
        raise UsageError("nothing is signed by `--dry-run`: leave `--out` away")
    with deciding(session) as (node, _):
        work = DeviceWork(node)
        found = work.named(device)
        had = work.exposure(found) if dry_run else work.remove(found)
        blocks = []
        if not dry_run:
            with told(session) as tell, Rounds(work) as rounds:
                blocks = round_blocks(rounds.run(tell))
    head = "It is still one of your devices." if dry_run else "It is locked out."
    if out is not None:
        rooting.write_private([(out, had.receipt)], "receipt")
    facts = [
        ("Device", f"{safe(had.name)}, {had.device[:12]}"),
        ("It had", safe(", ".join(had.collections))),
        ("In them", f"{counted(had.objects, 'object')}, {counted(had.versions, 'version')}"),
        ("The others heard", f"{counted(had.entries, 'entry', 'entries')} of it"),
    ]
    if had.last is not None:
        facts.append(("Last heard of", rfc3339(Instant(had.last))))
    if had.partly:
        facts.append(("Kept some alone", safe(", ".join(had.partly))))
    if had.still:
        facts.append(("Goes on getting", f"{safe(', '.join(had.still))}, until its owner hears"))
    if had.issuer:
        facts.append(("Signed by", had.issuer))
    if out is not None:
        facts.append(("Receipt", f"sealhold verify {safe(str(out))} --key {had.issuer}"))
    emit(
        session,
        had,
        Line(head, "head"),
        Facts(facts),
        *blocks,
        Line("This stops new data; it does not reach into that machine.", "hint"),
    )
