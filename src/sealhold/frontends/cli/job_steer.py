"""`sealhold job pause`, `resume` and `cancel`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.jobs import job_facts
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.session import Session

Job = Annotated[str, typer.Argument(metavar="JOB", help="Its id, from `sealhold job list`.")]


def job_pause(context: typer.Context, job: Job) -> None:
    """Stop a job where it is; everything stays readable."""
    session = Session.of(context)
    with reading(session) as node:
        paused = node.rotation.pause(job)
    emit(session, paused, *job_facts(paused))


def job_resume(context: typer.Context, job: Job) -> None:
    """Go on with a job that was paused, that failed, or whose process ended."""
    session = Session.of(context)
    with reading(session) as node:
        node.rotation.resume(job)
        done = node.rotation.run(job)
    emit(session, done, *job_facts(done))


def job_cancel(context: typer.Context, job: Job) -> None:
    """End a job for good: what it turned over stays so, and no old key goes."""
    session = Session.of(context)
    with reading(session) as node:
        ended = node.rotation.cancel(job)
    emit(session, ended, *job_facts(ended))
