"""`sealhold audit verify`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.frontends.web.safetext import visible
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.node.logmarking import own_mark


def audit_verify(
    context: typer.Context,
    against: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A checkpoint that you kept elsewhere."),
    ] = None,
) -> None:
    """Read and recompute everything that is kept.

    Both databases page by page, each stored object against its name, the whole log, the seal of
    every record. With a checkpoint that was kept elsewhere, also that the log goes on from it.

    Raises:
        TamperedError: something is not what was written; each is named.
    """
    session = Session.of(context)
    with reading(session) as node:
        told = own_mark(node) if against is None else read_note(against)
        state = node.audit.verify(against=told)
    if not state.whole:
        raise TamperedError("\n".join(visible(each) for each in state.faults))
    hints = [
        Line("Against a home that was put back whole, keep a checkpoint elsewhere:", "hint"),
        Line("sealhold audit show --checkpoint", "hint"),
    ]
    if against is not None:
        hints = [Line("The log goes on from the checkpoint that you kept.", "good")]
    elif told is not None:
        hints = [Line("The log goes on from what your other devices have of it.", "good")]
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
        *hints,
    )


def read_note(path: Path) -> str:
    """Return the checkpoint in a file, as it was printed.

    Raises:
        NotFoundError: there is no such file, or it cannot be read as text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise NotFoundError(f"no checkpoint in `{path}`") from err
