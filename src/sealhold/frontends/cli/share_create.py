"""`sealhold share create`."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import typer

from sealhold.frontends.cli import share_options as options
from sealhold.frontends.cli.opening import reading, world_of
from sealhold.frontends.cli.out import Line, emit, say
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.share_answers import said_yes
from sealhold.frontends.cli.share_odrl import read_policy
from sealhold.frontends.cli.share_options import split
from sealhold.frontends.cli.shares import preview_blocks, share_blocks
from sealhold.frontends.cli.words import read_time
from sealhold.model.errors import StaleError, UsageError
from sealhold.model.quantities import DAY, Instant
from sealhold.model.shown.shares import PreviewView
from sealhold.node.devicework import DeviceWork
from sealhold.node.shareforms import ShareForm, clauses_of
from sealhold.node.sharepolicies import clauses_in
from sealhold.node.sharereport import ShareReport
from sealhold.node.sharework import ShareWork

_DIGEST: Final = re.compile("[0-9a-f]{64}")
_DIGITS: Final = 15  # of a time in ms


def share_create(  # noqa: PLR0913, PLR0917  # reason: typer reads options from parameters
    context: typer.Context,
    name: options.Name,
    objects: options.Objects = None,
    to: options.To = None,
    purpose: options.For = None,
    until: options.Until = "",
    may: options.May = "view",
    count: options.CountOf = 0,
    per: options.PerWord = "grant",
    tier: options.TierWord = "",
    dataset: options.Dataset = "",
    rows: options.Rows = "all",
    omit: options.Omit = None,
    precision: options.Precision = None,
    task: options.Task = "",
    delete_after: options.DeleteAfter = 0,
    from_odrl: options.FromOdrl = None,
    unverified: options.Unverified = False,
    answers: options.Answers = "",
    fix: options.Fixes = "",
    as_shown: options.AsShown = "",
    yes: options.Yes = False,
    dry_run: options.DryRun = False,
) -> None:
    """Share files, folders or records with somebody on another vault.

    First you see who would see what, what makes each rule hold, and what is odd about it; each
    finding has to be answered or fixed before anything is given. What is in a shared folder later
    is shared, too. The next sync brings it to them.

    Raises:
        VerificationNeededError: nobody is there to say yes.
        UsageError: they said no.
        StaleError: it is not what that preview showed.
    """
    session = Session.of(context)
    with reading(session) as node:
        work = DeviceWork(node)
        shares = ShareWork(work)
        now, digest = _preview(as_shown, world_of(session).clock())
        actions = split(may)
        form = ShareForm(
            people=tuple(to or ()),
            objects=tuple(objects or ()),
            dataset=dataset,
            rows=rows,
            actions=actions,
            purposes=tuple(purpose or ()),
            ends=read_time(until, now) if until else None,
            count=count,
            per=per,
            omit=tuple(omit or ()),
            precision=tuple(precision or ()),
            reshare=int("reshare" in actions),
            delete_after=delete_after or None,
            tier=tier,
            task=task,
        )
        if from_odrl is None:
            clauses = clauses_of(form, shares, now)
        elif form == ShareForm(people=()):
            clauses = clauses_in(read_policy(from_odrl))
        else:
            raise UsageError("a policy says all of a share: leave the other options out")
        draft = shares.draft(name, clauses, unverified=unverified)
        draft = shares.fixed(draft, split(fix))
        shown = shares.shown(draft)
        shown = replace(shown, digest=f"{now}-{shown.digest}")
        if dry_run:
            emit(session, shown, *preview_blocks(shown))
            return
        say(session, *preview_blocks(shown))
        signs = split(answers) if yes else asked(session, shown, split(answers))
        meant = [each for each in draft.found if each.sign.value in signs]
        grant = shares.create(draft, digest or draft.effect.digest, meant)
        made = ShareReport(work, shares).view(shares.record(grant.hex()))
    emit(
        session,
        made,
        Line("It is shared. The next sync brings it to them: sealhold device sync", "good"),
        *share_blocks(made),
    )


def _preview(text: str, now: Instant) -> tuple[Instant, bytes]:
    """Return when a preview was shown, which is when its share begins, and its digest.

    Without one it is now.

    Raises:
        UsageError: not what a preview is told by.
        StaleError: it was shown longer than a day ago.
    """
    if not text:
        return now, b""
    at, _, digest = text.partition("-")
    if not (at.isdecimal() and len(at) <= _DIGITS and _DIGEST.fullmatch(digest)):
        raise UsageError("a preview is told by a time, `-` and 64 hexadecimal digits")
    if not 0 <= now - int(at) <= DAY:
        raise StaleError("a preview of another day: look at it again")
    return Instant(int(at)), bytes.fromhex(digest)


def digest_of(text: str) -> bytes:
    """Return the digest of a preview that somebody wrote down.

    Raises:
        UsageError: none is written so.
    """
    try:
        return bytes.fromhex(text)
    except ValueError as err:
        raise UsageError("a preview is told by 64 hexadecimal digits") from err


def asked(session: Session, shown: PreviewView, signs: Sequence[str]) -> list[str]:
    """Return the signs that the owner says are meant so, if they go on; errors of `said_yes`."""
    found = [(each.sign, each.sign) for each in shown.findings]
    return said_yes(session, found, signs, "Share it?")
