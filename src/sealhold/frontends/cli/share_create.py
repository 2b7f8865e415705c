"""`sealhold share create`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.shares import preview_blocks, share_blocks
from sealhold.frontends.cli.words import read_time
from sealhold.model.errors import UsageError, VerificationNeededError
from sealhold.model.shown.shares import PreviewView
from sealhold.node.devicework import DeviceWork
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork


def share_create(  # noqa: PLR0913, PLR0917  # reason: typer reads options from parameters
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="How they see it called.")],
    objects: Annotated[
        list[str] | None,
        typer.Argument(metavar="OBJECT...", help="COLLECTION/PATH: file, folder, document, all."),
    ] = None,
    to: Annotated[
        list[str] | None, typer.Option(metavar="PERSON", help="With whom: a contact.")
    ] = None,
    purpose: Annotated[
        list[str] | None, typer.Option("--for", metavar="PURPOSE", help="What for; repeat it.")
    ] = None,
    until: Annotated[
        str, typer.Option(metavar="TIME", help="Until when: a date or `30d`; else without end.")
    ] = "",
    may: Annotated[
        str, typer.Option(metavar="ACTION,...", help="view, search, compute, edit, export, reshare")
    ] = "view",
    count: Annotated[int, typer.Option(metavar="N", help="At most so many uses.", min=0)] = 0,
    per: Annotated[
        str, typer.Option(metavar="WORD", help="Counted over: grant, person or day.")
    ] = "grant",
    tier: Annotated[
        str, typer.Option(metavar="TIER", help="T0 to T3; else T2 with a count, T1 without.")
    ] = "",
    dataset: Annotated[
        str, typer.Option(metavar="DATASET", help="Records instead of files, as they come.")
    ] = "",
    rows: Annotated[str, typer.Option(metavar="FILTER", help="Which of them.")] = "all",
    omit: Annotated[
        list[str] | None, typer.Option(metavar="FIELD", help="Leave a field out.")
    ] = None,
    precision: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Make it coarser: `round(km, 10)`.")
    ] = None,
    task: Annotated[
        str, typer.Option(metavar="DIGEST", help="At T3: the program that answers.")
    ] = "",
    delete_after: Annotated[
        int, typer.Option(metavar="DAYS", help="They are to delete it after so many days.", min=0)
    ] = 0,
    unverified: Annotated[
        bool, typer.Option("--unverified", help="Also with somebody whose words nobody read.")
    ] = False,
    answers: Annotated[
        str, typer.Option(metavar="SIGN,...", help="Findings that are meant so, by their signs.")
    ] = "",
    fix: Annotated[
        str, typer.Option(metavar="SIGN,...", help="Findings whose fix is to be taken.")
    ] = "",
    as_shown: Annotated[
        str, typer.Option(metavar="PREVIEW", help="Only if it is what that preview showed.")
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Make it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the preview alone.")] = False,
) -> None:
    """Share files, folders or records with somebody on another vault.

    First you see who would see what, what makes each rule hold, and what is odd about it; each
    finding has to be answered or fixed before anything is given. What is in a shared folder later
    is shared, too. The next sync brings it to them.

    Raises:
        VerificationNeededError: nobody is there to say yes.
        UsageError: they said no.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        now = world_of(session).clock()
        form = ShareForm(
            people=tuple(to or ()),
            objects=tuple(objects or ()),
            dataset=dataset,
            rows=rows,
            actions=tuple(each for each in may.split(",") if each),
            purposes=tuple(purpose or ()),
            ends=read_time(until, now) if until else None,
            count=count,
            per=per,
            omit=tuple(omit or ()),
            precision=tuple(precision or ()),
            reshare=1 if "reshare" in may.split(",") else 0,
            delete_after=delete_after or None,
            tier=tier,
            task=task,
        )
        draft = shares.draft(name, clauses_of(form, shares, now), unverified=unverified)
        draft = shares.fixed(draft, [each for each in fix.split(",") if each])
        shown = shares.shown(draft)
        if dry_run:
            emit(session, shown, *preview_blocks(shown))
            return
        say(session, *preview_blocks(shown))
        signs = [each for each in answers.split(",") if each]
        signs = signs if yes else _asked(session, shown, signs)
        meant = [each for each in draft.found if each.sign.value in signs]
        digest = bytes.fromhex(as_shown) if _is_digest(as_shown) else draft.effect.digest
        grant = shares.create(draft, digest, meant)
        made = ShareReport(work, shares).view(shares.record(grant.hex()))
    emit(
        session,
        made,
        Line("It is shared. The next sync brings it to them: sealhold device sync", "good"),
        *share_blocks(made),
    )


def _is_digest(text: str) -> bool:
    if not text:
        return False
    try:
        return len(bytes.fromhex(text)) > 0
    except ValueError as err:
        raise UsageError("a preview is told by 64 hexadecimal digits") from err


def _asked(session: Session, shown: PreviewView, signs: Sequence[str]) -> list[str]:
    """Return the signs that the owner says are meant so, if they go on.

    Raises:
        VerificationNeededError: nobody is there to ask.
        UsageError: they said no.
    """
    terminal = session.shell.terminal
    if session.as_json or not terminal.is_there():
        raise VerificationNeededError("somebody has to say yes to the preview, or `--yes` does")
    meant = list(signs)
    for each in shown.findings:
        if each.sign not in meant:
            _yes(session, f"{each.sign}. Meant so? yes or no: ")
            meant.append(each.sign)
    _yes(session, "Share it? yes or no: ")
    return meant


def _yes(session: Session, question: str) -> None:
    if session.shell.terminal.line(question).strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was shared")
