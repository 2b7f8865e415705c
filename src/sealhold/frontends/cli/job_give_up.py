"""`sealhold job give-up`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.jobs import job_details
from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import emit, say
from sealhold.frontends.cli.session import Session


def job_give_up(
    context: typer.Context,
    job: Annotated[str, typer.Argument(metavar="JOB", help="Its id, from `sealhold job list`.")],
    rows: Annotated[list[int], typer.Argument(metavar="ROW...", help="Their numbers.")],
) -> None:
    """Let the keys go that rows lie under which do not open.

    While such a row is listed, no old key is destroyed: it might open yet, from a backup. Takes
    your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        check_can_confirm(session, node)
        say(session, *job_details(node.rotation.show(job)))
        passphrase = confirmed(session, node, "Passphrase, to give these rows up: ")
        details = node.rotation.give_up(job, rows, passphrase)
    emit(session, details, *job_details(details))
