"""`sealhold backup check`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.backup_make import Place
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Facts, Line, emit
from sealhold.frontends.cli.progress import bar_of_objects
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.node import backing


def backup_check(
    context: typer.Context,
    place: Place,
    read_data: Annotated[
        bool, typer.Option("--read-data", help="Read every part, not a sample.")
    ] = False,
) -> None:
    """Look that all backups of a place are there, and read a sample.

    Each part is looked for; one in twenty is drawn, read and compared with what was signed. Needs
    no vault and no passphrase. What no backup names, as a kill leaves it, is no fault.
    """
    session = Session.of(context)
    with bar_of_objects(session) as watch:
        found = backing.check_backups(place, world_of(session), watch, read_data=read_data)
    emit(
        session,
        found,
        Line("All that was looked at is what was written.", "good"),
        Facts(
            [
                ("Backups", f"{found.backups:,}"),
                ("There", f"{counted(found.parts, 'part')}, {found.size:,} bytes"),
                ("Read", f"{counted(found.read, 'part')}, {found.read_size:,} bytes"),
            ]
        ),
    )
