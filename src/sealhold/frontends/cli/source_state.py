"""`sealhold source pause`, `resume`, `accept` and `remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.sources import source_facts, source_value

_TAKE_BACK = "Take back what it brought: sealhold source list --jobs"
Name = Annotated[str, typer.Argument(metavar="NAME", help="Which source.")]


def source_pause(context: typer.Context, name: Name) -> None:
    """Stop reading a source for now."""
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.pause(node.standing.find(name))
    emit(session, source_value(source), Line("Paused.", "head"), *source_facts(source))


def source_resume(context: typer.Context, name: Name) -> None:
    """Go on reading a source."""
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.resume(node.standing.find(name))
    emit(session, source_value(source), Line("It is read again.", "head"), *source_facts(source))


def source_accept(context: typer.Context, name: Name) -> None:
    """Take the shape that a source has now for the right one, and read it again.

    A source is `broken` when what it gives lacks what all had, or holds another type. Nothing is
    taken in then. Look at the place before you accept it.
    """
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.accept(node.standing.find(name))
    emit(session, source_value(source), Line("Accepted.", "head"), *source_facts(source))


def source_remove(
    context: typer.Context,
    name: Name,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Forget a source; items that were kept stay.

    They are found and asked as before, and their imports can be taken back. Added again with the
    same kind and place, it is the same source, and nothing of it comes twice.
    """
    session = Session.of(context)
    with reading(session) as node:
        source = node.standing.find(name)
        if not preview:
            node.standing.remove(source)
    if preview:
        head: list[Block] = [Line("Nothing was changed: a preview.", "head"), *source_facts(source)]
    else:
        head = [Line(f"`{safe(name)}` is forgotten. What was kept of it stays.", "head")]
    emit(session, source_value(source), *head, Line(_TAKE_BACK, "hint"))
