"""`sealhold processing show`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import emit
from sealhold.frontends.cli.processings import OWNER, Which, facts_of, whole_id
from sealhold.frontends.cli.session import Session


def processing_show(context: typer.Context, processing: Which) -> None:
    """Show one processing: what a person agrees to."""
    session = Session.of(context)
    with reading(session) as node:
        found = node.processings.show(OWNER, whole_id(node.processings, processing))
    emit(session, found, facts_of(found))
