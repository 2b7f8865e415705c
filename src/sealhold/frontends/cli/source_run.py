"""`sealhold source run`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.ids import canonical
from sealhold.node import Taken

TOLD = 10  # files that nobody reads, by name


def source_run(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which source.")],
) -> None:
    """Read a source now.

    What came since the last time is taken in; a place that is left in place is only looked at.

    Raises:
        typer.Exit: nothing of it could be read; with the code of that.
    """
    session = Session.of(context)
    with reading(session) as node:
        taken = node.standing.pull(node.standing.find(name))
    emit(session, _value(taken), *_blocks(taken))
    if taken.pieces and taken.pieces == len(taken.broken) + len(taken.unread):
        raise typer.Exit(UnreadableSourceError.kind.value)


def _value(taken: Taken) -> dict[str, object]:
    return {
        "job": canonical(taken.job) if taken.job else None,
        "found": taken.what,
        "new": taken.new,
        "changed": taken.changed,
        "same": taken.same,
        "gone": taken.gone,
        "skipped": taken.rejected,
        "broken": list(taken.broken),
        "unread": list(taken.unread),
    }


def _blocks(taken: Taken) -> list[Block]:
    if taken.job is None:
        return [Line("It is left in place, and can be read.", "head"), Line(safe(taken.what))]
    facts = [
        ("New", f"{taken.new:,}"),
        ("Changed", f"{taken.changed:,}"),
        ("The same as before", f"{taken.same:,}"),
        ("Gone there", f"{taken.gone:,}"),
        ("Skipped", f"{taken.rejected:,}"),
    ]
    broken = [Line(safe(each), "bad") for each in taken.broken]
    unread = [Line(f"Not read: {safe(each)}") for each in taken.unread[:TOLD]]
    if len(taken.unread) > TOLD:
        unread.append(Line(f"{len(taken.unread) - TOLD:,} more were not read.", "hint"))
    return [Line("Read.", "head"), Facts(facts), *broken, *unread]
