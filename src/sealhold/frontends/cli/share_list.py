"""`sealhold share list`, `show`, `receipts` and `revoke`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.shares import SHARE, share_blocks, share_rows, use_rows
from sealhold.frontends.cli.words import counted
from sealhold.model.errors import UsageError
from sealhold.node.devicework import DeviceWork
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork


def share_list(context: typer.Context) -> None:
    """List what you share with people."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        found = ShareReport(work, ShareWork(work)).every()
    emit(session, {"shares": found}, *share_rows(found))


def share_show(
    context: typer.Context, share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)]
) -> None:
    """Show a share: its rules, what makes each hold, and how it stands."""
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        found = ShareReport(work, shares).view(shares.record(share))
    emit(session, found, *share_blocks(found))


def share_receipts(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write them there, to be checked."),
    ] = None,
) -> None:
    """List the uses of a share, and what is signed of each.

    A receipt is checked anywhere, without this vault: sealhold verify FILE.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        report, record = ShareReport(work, shares), shares.record(share)
        found, papers = report.uses(record), report.papers(record)
    if out is not None:
        _write(out, papers)
    told = f"{counted(len(papers), 'receipt')} in {out}." if out is not None else ""
    emit(session, {"uses": found}, *use_rows(found), *([Line(told)] if told else []))


def share_revoke(
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what it would do, and change nothing.")
    ] = False,
) -> None:
    """Take a share back: nothing new is given from now on; the next sync tells them."""
    session = Session.of(context)
    with reading(session) as node:
        shares = ShareWork(DeviceWork(node))
        record = shares.record(share)
        told = shares.revocation(record) if dry_run else shares.revoke(record)
    facts = [
        ("Stops now", told.stops),
        ("Was given", told.given),
        ("Is asked", told.asked),
        ("Cannot be known", told.unknown),
    ]
    head = "It is shared still." if dry_run else "It is taken back."
    emit(session, told, Line(head, "head"), Facts(facts))


def _write(folder: Path, papers: list[bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, paper in enumerate(papers, 1):
            (folder / f"use-{number:04d}.receipt").write_bytes(paper)
    except OSError as err:
        raise UsageError(f"`{folder}` cannot be written") from err
