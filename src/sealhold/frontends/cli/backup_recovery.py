"""`sealhold backup recovery`."""

import typer

from sealhold.frontends.cli.backup_make import Place
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.node import backing


def backup_recovery(context: typer.Context, place: Place) -> None:
    """Keep beside your backups what your recovery cards open, and nothing else does.

    With it a backup comes back on a bare machine: `sealhold restore PLACE --recovery`. Each later
    `sealhold backup make` there replaces it, so call that after an epoch was closed. A place that
    does not delete is refused: there an old one would open what you erase from now on.
    """
    session = Session.of(context)
    with reading(session) as node:
        epoch = backing.keep_recovery(node, place)
    emit(
        session,
        {"place": place, "epoch": epoch},
        Line("Enough cards and a backup made from now on bring the vault back.", "head"),
        Facts([("Place", safe(place)), ("Opens", f"until epoch {epoch} is closed")]),
    )
