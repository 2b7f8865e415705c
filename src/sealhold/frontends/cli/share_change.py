"""`sealhold share change`."""

from typing import Annotated

import typer

from sealhold.frontends.cli import share_options as options
from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.share_create import asked, digest_of
from sealhold.frontends.cli.share_options import split
from sealhold.frontends.cli.shares import SHARE, preview_blocks, share_blocks
from sealhold.frontends.cli.words import read_time
from sealhold.node.devicework import DeviceWork
from sealhold.node.shareforms import ChangeForm, changed_clauses
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork

NONE = "none"  # takes all of a list away, or the end

Until = Annotated[str, typer.Option(metavar="TIME", help="Until when: a date, `30d`, or `none`.")]
Count = Annotated[
    int,
    typer.Option(metavar="N", help="At most so many uses, those made already with them.", min=0),
]
Rows = Annotated[str, typer.Option(metavar="FILTER", help="Which records.")]
Omit = Annotated[
    list[str] | None, typer.Option(metavar="FIELD", help="All that is left out, or `none`.")
]
Precision = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="All rules of coarseness, or `none`.")
]


def share_change(  # noqa: PLR0913, PLR0917  # reason: typer reads options from parameters
    context: typer.Context,
    share: Annotated[str, typer.Argument(metavar="SHARE", help=SHARE)],
    purpose: options.For = None,
    until: Until = "",
    count: Count = 0,
    rows: Rows = "",
    omit: Omit = None,
    precision: Precision = None,
    answers: options.Answers = "",
    fix: options.Fixes = "",
    as_shown: options.AsShown = "",
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Change what a share says: its end, count, purposes, rows, or what is left out or coarser.

    First you see what each person would see more, less or otherwise. What is not named stays. Uses
    that were made stay counted. What was given already may have been kept.

    Raises:
        VerificationNeededError: nobody is there to say yes.
        UsageError: they said no.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        form = ChangeForm(
            rows=rows or None,
            purposes=tuple(purpose) if purpose else None,
            ends=read_time(until, world_of(session).clock()) if until not in {"", NONE} else None,
            is_endless=until == NONE,
            count=count or None,
            omit=_list(omit),
            precision=_list(precision),
        )
        record = shares.changeable(shares.record(share))
        clauses = changed_clauses(record.clauses, form)
        draft = shares.draft(record.name, clauses, unverified=True, instead=record)
        draft = shares.fixed(draft, split(fix))
        shown = shares.shown(draft)
        if dry_run:
            emit(session, shown, *preview_blocks(shown))
            return
        say(session, *preview_blocks(shown))
        signs = split(answers) if yes else asked(session, shown, split(answers))
        meant = [each for each in draft.found if each.sign.value in signs]
        shares.change(draft, digest_of(as_shown) or draft.effect.digest, meant)
        made = ShareReport(work, shares).view(shares.record(record.grant.hex()))
    emit(
        session,
        made,
        Line("It says so now. The next sync brings it to them: sealhold device sync", "good"),
        *share_blocks(made),
    )


def _list(values: list[str] | None) -> tuple[str, ...] | None:
    """Return what a list is to be; None: it stays."""
    if not values:
        return None
    return () if values == [NONE] else tuple(values)
