"""`sealhold relay account remove`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.model.ids import Id16
from sealhold.node.relaying import Accounts

_WHOLE = re.compile(r"[0-9a-f]{32}")


def relay_account_remove(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the relay lies.")],
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Its id.")],
) -> None:
    """Forget an account: nothing more is put in its mailboxes; what is there can be read."""
    session = Session.of(context)
    Accounts(folder).remove(_id(account))
    emit(session, {"removed": account}, Line("Forgotten.", "head"))


def _id(account: str) -> Id16:
    if not _WHOLE.fullmatch(account):
        raise UsageError("an account has 32 hex digits; `relay account list` tells them")
    return Id16(bytes.fromhex(account))
