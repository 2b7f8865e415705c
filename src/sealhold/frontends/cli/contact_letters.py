"""`sealhold contact send`, `letters`, `take` and `dismiss`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.contacts import PERSON, letter_blocks, taken, text_of, write_text
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import counted
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork


def contact_send(
    context: typer.Context,
    person: Annotated[str, typer.Argument(metavar="NAME", help=PERSON)],
    file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the sealed letter into this new file instead."),
    ] = None,
) -> None:
    """Send your newest card to somebody you know, sealed: it goes with the next sync.

    A new card goes to all contacts by itself; this is for one who was away for long, or who has
    no place in common with you.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = ContactWork(DeviceWork(node))
        if file is None:
            work.send_card(person)
        else:
            write_text(file, work.card_letter(person))
    told = "It goes with the next sync." if file is None else f"Written into {safe(str(file))}."
    emit(session, {"file": "" if file is None else str(file)}, Line(told, "good"))


def contact_letters(context: typer.Context) -> None:
    """List letters that wait: to be left for somebody, or to be taken in."""
    session = Session.of(context)
    with reading(session) as node:
        found = ContactWork(DeviceWork(node)).waiting()
    emit(session, {"letters": found}, *letter_blocks(found))


def contact_take(
    context: typer.Context,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The letter; - reads it from standard input.")
    ],
) -> None:
    """Take in a sealed letter that came as a file."""
    session = Session.of(context)
    text = text_of(file)
    with reading(session) as node:
        done = ContactWork(DeviceWork(node)).bring(text)
    blocks = [Line(taken(done.taken), "good" if done.taken else "plain")]
    if done.kept:
        blocks.append(Line("It waits: sealhold contact letters", "hint"))
    emit(session, done, *blocks, *[Line(f"{safe(each)}.", "bad") for each in done.troubles])


def contact_dismiss(
    context: typer.Context,
    sender: Annotated[
        str, typer.Argument(metavar="SENDER", help="How the sender's id begins, as listed.")
    ],
) -> None:
    """Forget the letters that wait of a sender."""
    session = Session.of(context)
    with reading(session) as node:
        gone = ContactWork(DeviceWork(node)).dismiss(sender)
    emit(session, {"gone": gone}, Line(f"{counted(gone, 'letter')} forgotten."))
