"""`sealhold share link create`."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.devices import Telling, told
from sealhold.frontends.cli.links import passphrase_of, preview_blocks
from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Block, Line, emit, fields_of, safe, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.share_answers import said_yes
from sealhold.frontends.cli.words import read_time
from sealhold.model.errors import UsageError
from sealhold.model.shown.links import LinkPreview, LinkView
from sealhold.node.linkobjects import Choice
from sealhold.node.linkwork import LinkWork, Terms

UNTIL = "7d"


Thing = Annotated[
    str, typer.Argument(metavar="OBJECT", help="A file, COLLECTION:PATH, or a record's id.")
]
Until = Annotated[
    str, typer.Option(metavar="TIME", help="Until when: a date or `30d`, 90 days at most.")
]
Passphrase = Annotated[
    bool, typer.Option("--passphrase", help="Ask for a passphrase, too, which you choose.")
]
Openings = Annotated[
    int, typer.Option(metavar="N", help="At most so many openings; 0: any number.", min=0)
]
Sender = Annotated[str, typer.Option(metavar="NAME", help="Who you are, as the page says it.")]
Omit = Annotated[
    list[str] | None, typer.Option(metavar="FIELD", help="Leave a field of a record out.")
]
Precision = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Make it coarser: `round(km, 10)`.")
]
AsText = Annotated[bool, typer.Option("--as-text", help="A record as lines of text; else as JSON.")]
At = Annotated[
    str, typer.Option(metavar="URL", help="The relay; else the first that you sync through.")
]
TokenFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The token of your account there.")
]
Answers = Annotated[
    str, typer.Option(metavar="SIGN,...", help="Findings that are meant so, by their signs.")
]
AsShown = Annotated[
    str, typer.Option(metavar="PREVIEW", help="Only if it is what that preview showed.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Make it without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the preview alone.")]


def share_link_create(  # noqa: PLR0913, PLR0917  # reason: typer reads options from parameters
    context: typer.Context,
    thing: Thing,
    until: Until = UNTIL,
    passphrase: Passphrase = False,
    openings: Openings = 0,
    sender: Sender = "",
    omit: Omit = None,
    precision: Precision = None,
    as_text: AsText = False,
    at: At = "",
    token_file: TokenFile = None,
    answers: Answers = "",
    as_shown: AsShown = "",
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Make a link by which somebody without a vault opens a copy of one object.

    Whoever has the link has the key. It is said once and kept nowhere. First you see what the page
    will show, and what is odd about it; each finding has to be answered before anything leaves.

    Raises:
        UsageError: the token cannot be read.
        VerificationNeededError: nobody is there to say yes.
    """
    session = Session.of(context)
    choice = Choice(
        object=thing, omit=tuple(omit or ()), precision=tuple(precision or ()), as_text=as_text
    )
    typed = passphrase_of(session, is_new=True) if passphrase else ""
    with reading(session) as node, told(session) as telling:
        terms = Terms(
            until=read_time(until, world_of(session).clock()),
            sender=sender,
            most=openings,
            passphrase=typed,
            host=at,
            token=_token(token_file),
        )
        work = LinkWork(node)
        planned = work.plan(choice, terms)
        if dry_run:
            emit(session, planned.view, *preview_blocks(planned.view))
            return
        say(session, *preview_blocks(planned.view))
        signs = [each for each in answers.split(",") if each]
        meant = tuple(signs if yes else _asked(session, planned.view, signs))
        made, link = work.make(planned, meant, as_shown, partial(_went, telling))
    emit(session, {**fields_of(made), "link": link}, *_said_once(made, link))


def _said_once(made: LinkView, link: str) -> list[Block]:
    return [
        Line("The link, said once:", "head"),
        Line(link),
        Line(f"Openings: sealhold share link show {made.id[:12]}", "hint"),
        Line(f"Take it back: sealhold share link revoke {made.id[:12]}", "hint"),
    ]


def _went(telling: Telling, done: int, whole: int) -> None:
    telling(f"{done:,} of {whole:,} bytes went")


def _asked(session: Session, shown: LinkPreview, signs: Sequence[str]) -> list[str]:
    """Return the signs that the owner says are meant so, if they go on; errors of `said_yes`."""
    found = [(each.sign, f"{each.sign}: {safe(each.says)}") for each in shown.findings]
    return said_yes(session, found, signs, "Make the link?")


def _token(path: Path | None) -> str:
    try:
        return "" if path is None else path.read_text().strip()
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"`{path}` cannot be read") from err
