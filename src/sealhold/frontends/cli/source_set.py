"""`sealhold source set`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.sources import MODES, source_facts, source_value
from sealhold.model.errors import UsageError


def source_set(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which source.")],
    mode: Annotated[
        str, typer.Option(metavar="MODE", help="`archive`: keep it here; `federate`: leave it.")
    ] = "",
    every: Annotated[
        str | None,
        typer.Option(metavar="WHEN", help="Read it by itself: `6h`; empty: when you say so."),
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Only tell what would be done.")
    ] = False,
) -> None:
    """Keep its items here or leave them in place; say when it is read.

    Queries, grants and apps go on as they are. Turned to `federate`, what was kept of it is
    destroyed here, its history with it; turned to `archive`, it is read at once.

    Raises:
        UsageError: nothing to set.
    """
    session = Session.of(context)
    if not mode and every is None:
        raise UsageError("say what to set: `--mode` or `--every`")
    with reading(session) as node:
        source = node.standing.find(name)
        count = sum(each.items for each in node.sources.list() if each.id == source.id)
        if preview:
            now, then = MODES[source.mode], MODES.get(mode or source.mode, mode)
            told = {"items": count, "mode": source.mode, "to": mode or source.mode}
            lines = [Line(f"{count:,} items, {now}; then {then}.")]
            emit(session, told, Line("Nothing was changed: a preview.", "head"), *lines)
            return
        if every is not None:
            source = node.standing.schedule(source, every)
        if mode:
            source = node.standing.set_mode(source, mode)
    emit(session, source_value(source), Line("Set.", "head"), *source_facts(source))
