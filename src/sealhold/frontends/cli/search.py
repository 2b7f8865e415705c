"""`sealhold search`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Column, Line, Table, emit, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, short
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.shown import Hits


def search(
    context: typer.Context,
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help="Words; `dent*` finds a beginning.")
    ],
    limit: Annotated[
        int, typer.Option(metavar="N", help="How many to show.", min=1, max=1000)
    ] = 20,
) -> None:
    """Find items that hold all of the words.

    Searching your own data costs nothing. The words go into no log: it keeps their keyed digest.
    """
    session = Session.of(context)
    with reading(session) as node:
        hits = node.records.search(" ".join(words), None, limit)
    emit(session, hits, *_blocks(hits))


def _blocks(hits: Hits) -> list[Line | Table]:
    if not hits.items:
        return [
            Line("Nothing holds all of these words."),
            Line("A word may end in *: sealhold search 'dent*'", "hint"),
        ]
    rows = [
        (
            short(Kind.RECORD, item.id),
            moment(item.at) if item.at is not None else "",
            item.collection,
            "\n".join(filter(None, (safe(item.title), safe(item.snippet)))),
        )
        for item in hits.items
    ]
    columns = (
        id_("Item"),
        Column("When", whole=True),
        Column("Kind", whole=True),
        Column("Title, and where it stands"),
    )
    found = ", ".join(f"{number:,} {name}" for name, number in sorted(hits.by_collection.items()))
    told = counted(hits.total, "item") + (f": {found}" if len(hits.by_collection) > 1 else "")
    more = f"; the newest {len(hits.items)} are shown" if hits.cursor else ""
    return [Table(columns, rows), Line(told + more, "hint")]
