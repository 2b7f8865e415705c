"""`sealhold backup slots`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import folder_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node import Node, backing


def backup_slots(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Where no backup is: a stick, a safe.")
    ],
) -> None:
    """Copy the slots, which are in no backup, to a place of their own.

    With them and the passphrase a backup opens. Slots of epochs that were closed meanwhile are
    overwritten there: call this again after each closing, and take other copies away yourself,
    for they open what was erased.
    """
    session = Session.of(context)
    made = backing.keep_slots(Node(folder_of(session)).home, folder)
    emit(
        session,
        {"folder": str(folder), "files": made},
        Line("The slots are copied. Keep them away from the backups.", "head"),
        Facts([("Folder", safe(str(folder))), ("Files", ", ".join(made))]),
    )
