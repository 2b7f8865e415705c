"""`sealhold hold add`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.holds import hold_facts, items_in_words
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted, read_time, short
from sealhold.model.holds import HoldWish
from sealhold.model.ids import Kind

OWNER = ""  # no token: the owner
Ground = Annotated[
    str, typer.Option(metavar="TERM", help="Of Article 17(3): `LegallyRequired`, `LegalClaims`...")
]
Law = Annotated[str, typer.Option(metavar="TEXT", help="Which law, contract or proceedings.")]
Until = Annotated[str, typer.Option(metavar="TIME", help="Until when: a date, or `3650d`.")]
OnePerson = Annotated[
    str, typer.Option(metavar="ID", help="Of one person; else of all people of the app.")
]
Fields = Annotated[list[str] | None, typer.Option(metavar="NAME", help="A field of profiles.")]
Collections = Annotated[
    list[str] | None, typer.Option(metavar="NAME", help="All records of a collection.")
]
Records = Annotated[
    list[str] | None,
    typer.Option(metavar="COLLECTION/ID", help="One record of the one person."),
]


def hold_add(  # noqa: PLR0913, PLR0917  # reason: what a duty to keep says
    context: typer.Context,
    app: Annotated[str, typer.Argument(metavar="APP", help="Its name or id.")],
    ground: Ground,
    law: Law,
    until: Until,
    person: OnePerson = "",
    field: Fields = None,
    collection: Collections = None,
    record: Records = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be held.")
    ] = False,
) -> None:
    """Declare a duty to keep something when people are erased.

    Nothing changes while people are here. When somebody is erased, what the duty names is sealed
    anew under a key of its own; all else goes. It is read by the data protection officer alone, for
    that duty alone, and goes when the duty ends. Takes your passphrase, typed at the terminal for
    this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        wish = HoldWish(
            app=app,
            subject=person,
            collections=tuple(collection or ()),
            records=tuple(record or ()),
            fields=tuple(field or ()),
            ground=ground,
            law=law,
            until=read_time(until, node.world.clock()),
        )
        plan = node.holds.plan(wish)
        shown = [
            *hold_facts(plan.hold),
            Line(f"Today it names {items_in_words(plan.items)} of {_people(plan.people)}."),
        ]
        if dry_run:
            emit(session, plan, *shown, Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        say(session, *shown, Line(""))
        passphrase = confirmed(session, node, "Passphrase, to declare the duty: ")
        made = node.holds.add(OWNER, wish, passphrase)
    name = short(Kind.HOLD, made.id)
    hint = Line(f"End it: sealhold hold lift {name}", "hint")
    emit(session, made, Line(f"It binds from now on: {name}."), hint)


def _people(number: int) -> str:
    return counted(number, "person", "people")
