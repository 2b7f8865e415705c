"""`sealhold audit verify`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.safetext import visible
from sealhold.model.errors import TamperedError


def audit_verify(context: typer.Context) -> None:
    """Read and recompute everything that is kept.

    Both databases page by page, each stored object against its name, the whole log, the seal of
    every record.

    Raises:
        TamperedError: something is not what was written; each is named.
    """
    session = Session.of(context)
    with reading(session) as node:
        state = node.audit.verify()
    if not state.whole:
        raise TamperedError("\n".join(visible(each) for each in state.faults))
    emit(
        session,
        state,
        Line("Everything that is kept is what was written.", "good"),
        Facts(
            [
                ("Entries", counted(state.size, "entry", "entries")),
                ("Log root", state.root),
                ("Log key", state.key_digest),
            ]
        ),
        Line("Against a home that was put back whole, keep a checkpoint elsewhere:", "hint"),
        Line("sealhold audit show --checkpoint", "hint"),
    )
