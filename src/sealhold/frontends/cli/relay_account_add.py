"""`sealhold relay account add`."""

import re
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Facts, Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.node.relaying import Accounts

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_ROOM = re.compile(r"([0-9]{1,18})([KMGT]?B)?")


def relay_account_add(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the relay lies.")],
    room: Annotated[str, typer.Argument(metavar="ROOM", help="How much room: 500MB, 10GB, 1TB.")],
) -> None:
    """Give somebody room at a relay, and say the token that opens mailboxes in it.

    The token is said once and kept nowhere. A relay that runs knows it at once.
    """
    session = Session.of(context)
    account, token = Accounts(folder).add(bytes_of(room), world_of(session).entropy)
    emit(
        session,
        {"account": account.hex(), "token": token},
        Line("An account with a token, said once:", "head"),
        Facts([("Account", account.hex()), ("Room", room)]),
        Line(token),
        Line("Whoever has it opens mailboxes, up to that room.", "hint"),
    )


def bytes_of(room: str) -> int:
    """Return how many bytes a room is.

    Raises:
        UsageError: it is none.
    """
    found = _ROOM.fullmatch(room)
    if found is None:
        raise UsageError("room is a number with a unit: 500MB, 10GB, 1TB")
    return int(found[1]) * UNITS[found[2] or ""]
