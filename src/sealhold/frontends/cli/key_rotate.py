"""`sealhold key rotate`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.jobs import MAKE_ANEW, WORDS, job_facts
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Block, Line, emit, safe, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.model.ids import Kind
from sealhold.model.shown.jobs import JobView

OF_LOG = (
    "Papers that are out stay as they are, and hold under the old key.",
    "Whoever has that key must learn the new one: who checks your receipts and audit proofs,",
    "who keeps checkpoints, and you, where you noted the log key for backups.",
)
TELL = "Give them the way from key to key: sealhold audit keys --out FILE"


def key_rotate(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="One of those below."),
    ],
    scope: Annotated[
        str,
        typer.Argument(metavar="SCOPE", help="`owner`, `all`, a person, an app, or APP/FIELD."),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done.")
    ] = False,
    compromised: Annotated[
        bool, typer.Option("--compromised", help="Keep nothing of the old keys for backups.")
    ] = False,
    throttle: Annotated[
        int, typer.Option(metavar="ROWS", help="At most so many in a second; 0 for no limit.")
    ] = 0,
) -> None:
    """Turn keys over, while everything stays readable.

    `subject` makes a new key for one person, or for you; `subjects` for all people of an app, or
    for everybody; `app` for an app. `bodies` seals contents anew, `index` what people are found by.
    `tokens` makes a new key for access tokens: those that are out hold for another 30 days. `log`
    makes a new key that signs for the log; the old one names it, and is destroyed at once.
    Old keys of subjects open older backups for another 30 days, unless you say that somebody else
    may know them. Takes your passphrase, typed at the terminal for this one decision. A kill in the
    middle loses nothing: `sealhold job resume` goes on.
    """
    session = Session.of(context)
    with reading(session) as node:
        planned = node.rotation.plan(kind, scope)
        if dry_run:
            emit(session, planned, *_would(planned), Line("Nothing was changed."))
            return
        check_can_confirm(session, node)
        say(session, *_would(planned), Line(""))
        passphrase = confirmed(session, node, "Passphrase, to turn the keys over: ")
        job = node.rotation.begin(
            kind, scope, passphrase, compromised=compromised, throttle=throttle
        )
        done = node.rotation.run(short(Kind.JOB, job.id))
    hint = TELL if kind == "log" else "See all: sealhold job list"
    emit(session, done, *job_facts(done), Line(hint, "hint"))


def _would(job: JobView) -> list[Block]:
    what = f"{WORDS[job.kind]}, of {safe(job.scope)}"
    if not job.total and job.kind in MAKE_ANEW:
        return [Line(f"To be turned over: {what}: nothing lies under it yet.")]
    if not job.total:
        return [Line(f"To be turned over: {what}: there is none, so there is nothing to do.")]
    more = OF_LOG if job.kind == "log" else ()
    return [Line(each) for each in (f"To be turned over: {what}: {job.total:,}.", *more)]
