"""`sealhold source add`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.sources import secret_of, settings_of, source_facts, source_value


def source_add(  # noqa: PLR0913, PLR0917  # reason: each is a word of the command line
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.")],
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="What it is: see `sealhold source kinds`.")
    ],
    place: Annotated[str, typer.Argument(metavar="PLACE", help="Where it lies.")],
    options: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="NAME=VALUE", help="An option of its kind; repeatable."),
    ] = None,
    mode: Annotated[
        str,
        typer.Option(metavar="MODE", help="`archive`: keep it here; `federate`: leave it there."),
    ] = "archive",
    every: Annotated[
        str,
        typer.Option(
            metavar="WHEN", help="Read it by itself: `6h`, or `daily 03:00 Europe/Paris`."
        ),
    ] = "",
    login: Annotated[
        bool, typer.Option("--login", help="It has an account: ask for its password or token.")
    ] = False,
    preview: Annotated[
        bool, typer.Option("--preview", help="Look whether it can be read; keep nothing.")
    ] = False,
) -> None:
    """Add a place that your data comes from again and again.

    It is looked at first: what cannot be read is not added. A password or token is typed at the
    terminal, or taken from SEALHOLD_SOURCE_SECRET.
    """
    session = Session.of(context)
    settings = settings_of(place, options or [])
    secret = secret_of(session) if login else ""
    with reading(session) as node:
        if preview:
            health = node.standing.check(kind, settings, secret)
            emit(
                session,
                {"found": health.sentence, "settings": dict(health.settings)},
                Line("Not added: a preview.", "head"),
                Line(safe(health.sentence)),
            )
            return
        source = node.standing.add(name, kind, settings, secret, mode=mode, schedule=every)
    then = "Read it: sealhold source run " + safe(name)
    ask = "Ask it: sealhold query"
    token = "Let a program push: sealhold source token " + safe(name)
    ways = {"federate": ask, "archive": token if kind == "push" else then}
    hint = Line(ways[source.mode], "hint")
    emit(session, source_value(source), Line("Added.", "head"), *source_facts(source), hint)
