"""`sealhold job show`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.jobs import job_details
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.session import Session


def job_show(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id, from `sealhold job list`.")],
) -> None:
    """Show one job, and the rows that it left because they did not open."""
    session = Session.of(context)
    with reading(session) as node:
        details = node.rotation.show(job)
    emit(session, details, *job_details(details))
