"""`sealhold backup verify`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.backup_make import Place, backup_blocks
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import emit, fields_of
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.node import backing

Which = Annotated[
    str, typer.Option("--id", metavar="ID", help="Which backup; the newest if none is named.")
]
LogKey = Annotated[
    str | None,
    typer.Option(metavar="DIGEST", help="Of the log that must have signed: `status` shows it."),
]


def backup_verify(
    context: typer.Context, place: Place, which: Which = "", log_key: LogKey = None
) -> None:
    """Compare each part of a backup with what was signed.

    Needs no vault and no passphrase.
    """
    session = Session.of(context)
    with bar_of_objects(session) as watch:
        found, signer = backing.verify_backup(place, which, log_key, world_of(session), watch)
    emit(
        session,
        {**fields_of(found), "log_key": signer},
        *backup_blocks("Each part is what was written.", found, signer),
    )
