"""`sealhold job list`."""

import typer

from sealhold.frontends.cli.jobs import job_table
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session


def job_list(context: typer.Context) -> None:
    """List the jobs that turned keys over, or do so now."""
    session = Session.of(context)
    with reading(session) as node:
        jobs = node.rotation.jobs()
    if jobs:
        emit(session, list(jobs), *job_table(jobs), Line("One: sealhold job show JOB", "hint"))
    else:
        emit(session, [], Line("No key was turned over yet."))
