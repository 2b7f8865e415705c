"""`sealhold contact add`, `list` and `show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.contacts import PERSON, contact_blocks, one_blocks, text_of
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork


def contact_add(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Their card; - reads it from standard input.")
    ],
    name: Annotated[
        str, typer.Option(metavar="NAME", help="How you call them; else as they do themselves.")
    ] = "",
) -> None:
    """Take in somebody's card; they are not verified before they read their words to you.

    Letters to them go to the places that the card names, and are called from your address. A card
    that does not follow the one that you have of them pauses all that you share with them.
    """
    session = Session.of(context)
    text = text_of(file)
    with reading(session) as node:
        work = ContactWork(DeviceWork(node))
        made = work.add(work.read(text), name)
    emit(session, made, Line("You know them now.", "good"), *one_blocks(made))


def contact_list(context: typer.Context) -> None:
    """List the people that you know."""
    session = Session.of(context)
    with reading(session) as node:
        found = ContactWork(DeviceWork(node)).every()
    emit(session, {"contacts": found}, *contact_blocks(found))


def contact_show(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="NAME", help=PERSON)],
) -> None:
    """Show what is known of somebody, and the words that they would read to you."""
    session = Session.of(context)
    with reading(session) as node:
        found = ContactWork(DeviceWork(node)).one(person)
    emit(session, found, *one_blocks(found))
