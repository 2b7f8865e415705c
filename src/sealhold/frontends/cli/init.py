"""`sealhold init`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import folder_of, new_passphrase, world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import TakenError
from sealhold.node import Places, create, opened

Rows = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Rows on a PostgreSQL server: postgresql://USER@HOST/DATABASE?schema=NAME.",
    ),
]
Packs = Annotated[
    str,
    typer.Option(
        metavar="URL", help="Packs in a bucket: s3://BUCKET/FOLDER?endpoint=https://HOST."
    ),
]


def init(
    context: typer.Context,
    headless: Annotated[
        bool,
        typer.Option(
            "--headless",
            help="For a machine without a terminal: SEALHOLD_PASSPHRASE also decides. Said in"
            " every receipt.",
        ),
    ] = False,
    records: Rows = "",
    objects: Packs = "",
) -> None:
    """Make a new, empty vault.

    The passphrase opens it and is kept nowhere: whoever forgets it has lost the vault. It is
    typed twice, or taken from SEALHOLD_PASSPHRASE. Without a terminal the vault is headless.
    Servers are not trusted: they keep sealed bytes, and the keys stay in the folder.

    Raises:
        TakenError: the folder holds something already; told before anything is asked.
    """
    places = Places(records=records, objects=objects)
    session = Session.of(context)
    folder, world = folder_of(session), world_of(session)
    if folder.is_dir() and any(folder.iterdir()):
        raise TakenError(f"`{safe(str(folder))}` is not empty")
    is_headless = headless or not session.shell.terminal.is_there()
    passphrase = new_passphrase(session)
    create(folder, passphrase, headless=is_headless, places=places, world=world)
    with opened(folder, passphrase, world) as node:
        state = node.audit.state()
    value = {
        "home": str(folder),
        "headless": is_headless,
        "log_key": state.key_digest,
        "checkpoint": state.checkpoint,
    }
    how = (
        "headless: SEALHOLD_PASSPHRASE decides, too; every receipt says so"
        if is_headless
        else "by you alone, at a terminal"
    )
    emit(
        session,
        value,
        Line("Your vault is made.", "head"),
        Facts(
            [
                ("Folder", safe(str(folder))),
                ("Decided", how),
                ("Log key", state.key_digest),
            ]
        ),
        Line("There is no way in without the passphrase: write it down on paper.", "plain"),
        Line("Next: sealhold import FILE...", "hint"),
    )
