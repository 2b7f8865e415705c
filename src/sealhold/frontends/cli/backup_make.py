"""`sealhold backup make`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.formats import moment
from sealhold.model.shown.backups import BackupView
from sealhold.node import backing

Place = Annotated[
    str,
    typer.Argument(
        metavar="PLACE",
        help="A folder, folder:PATH for a stick, or s3://BUCKET/FOLDER?endpoint=https://HOST.",
    ),
]


def backup_make(
    context: typer.Context,
    place: Place,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be copied.")
    ] = False,
) -> None:
    """Copy your vault to a folder, a stick or a bucket, sealed as it is.

    Rows, packs and the key set go there, with a manifest that the log's key signs. The slot of the
    epoch and what your passphrase opens do not: keep those elsewhere with `sealhold backup slots`.
    Once the epoch is closed the key set in this backup opens nothing; make a new one then.
    """
    session = Session.of(context)
    with reading(session) as node:
        if dry_run:
            objects, size = node.parts.backups.look()
            told = {"objects": objects, "size": size, "epoch": node.service.gauges().epoch}
            words = f"Rows, keys and {counted(objects, 'pack')} of {size:,} bytes would go there."
            emit(session, told, Line(words), Line("Nothing was written."))
            return
        with bar_of_objects(session) as watch:
            made = backing.back_up(node, place, watch)
    emit(
        session,
        made,
        Line("The backup is made.", "head"),
        Facts(backup_facts(made)),
        Line("The slot is not in it. Copy it elsewhere: sealhold backup slots FOLDER", "hint"),
    )


def backup_facts(made: BackupView) -> list[tuple[str, str]]:
    """Return what is told of a backup."""
    return [
        ("Backup", made.id),
        ("Place", safe(made.where)),
        ("Made", moment(made.at)),
        ("Size", f"{counted(made.objects, 'object')}, {made.size:,} bytes"),
        ("Its keys open", f"until epoch {made.epoch} is closed"),
    ]


def backup_blocks(head: str, made: BackupView, signer: str) -> list[Block]:
    """Return what is told of a backup that was compared."""
    return [Line(head, "good"), Facts([*backup_facts(made), ("Signed by log key", signer)])]
