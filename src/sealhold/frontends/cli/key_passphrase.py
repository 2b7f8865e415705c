"""`sealhold key change-passphrase`."""

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, next_passphrase, reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session


def key_passphrase(context: typer.Context) -> None:
    """Change your passphrase.

    The root key gets a new slot, which the new passphrase opens; nothing else is sealed anew. An
    older copy of the folder `unlock` still opens with the old passphrase, and gives the same root
    key: if somebody may have both, turn the epoch over as well. In a headless home the new one is
    read from SEALHOLD_NEW_PASSPHRASE.
    """
    session = Session.of(context)
    with reading(session) as node:
        check_can_confirm(session, node)
        given = confirmed(session, node, "Your passphrase until now: ")
        node.change_passphrase(given, next_passphrase(session, node))
    said = Line("Your passphrase is changed.", "head")
    emit(session, {"changed": True}, said, Line("Older keys too: sealhold key close-epoch", "hint"))
