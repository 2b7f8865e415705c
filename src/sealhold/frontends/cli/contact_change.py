"""`sealhold contact verify`, `allow`, `rename` and `remove`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.contacts import PERSON, one_blocks
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import VerificationNeededError
from sealhold.node.contactwork import ContactWork
from sealhold.node.devicework import DeviceWork

Person = Annotated[str, typer.Argument(metavar="NAME", help=PERSON)]
WORDS = "The twelve words that they read to you, or the text of the QR code that they show."


def contact_verify(
    context: typer.Context,
    person: Person,
    words: Annotated[list[str] | None, typer.Argument(metavar="WORDS", help=WORDS)] = None,
) -> None:
    """Take somebody for verified, by the twelve words that they read to you.

    Ask for them by phone or face to face, where you know them by voice or sight. Whoever passed
    their card on could have put another one in its place; those words would be other ones.

    Raises:
        VerificationNeededError: there are no words, and nobody is there to type them.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = ContactWork(DeviceWork(node))
        typed = " ".join(words or ())
        if not typed:
            work.one(person)
            if not session.shell.terminal.is_there():
                raise VerificationNeededError("somebody has to type the words that they hear")
            typed = session.shell.terminal.line("The twelve words that they read to you: ")
        found = work.verify(person, typed)
    emit(session, found, Line("Verified.", "good"), *one_blocks(found))


def contact_allow(context: typer.Context, person: Person) -> None:
    """Have letters to somebody go to the relays that their newest card names.

    A relay that a card names sees from which address and when you write.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = ContactWork(DeviceWork(node)).allow(person)
    emit(session, found, *one_blocks(found))


def contact_rename(
    context: typer.Context,
    person: Person,
    name: Annotated[str, typer.Argument(metavar="NEW-NAME", help="How you call them now.")],
) -> None:
    """Call somebody otherwise; they do not hear of it."""
    session = Session.of(context)
    with reading(session) as node:
        found = ContactWork(DeviceWork(node)).rename(person, name)
    emit(session, found, Line(f"You call them {safe(found.name)}.", "good"))


def contact_remove(context: typer.Context, person: Person) -> None:
    """Forget somebody: nothing of theirs is taken in any more, and nothing goes to them."""
    session = Session.of(context)
    with reading(session) as node:
        gone = ContactWork(DeviceWork(node)).remove(person)
    emit(session, gone, Line(f"You know {safe(gone.name)} no more."))
