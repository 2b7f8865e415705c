"""`sealhold processing activate` and `retire`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.processings import OWNER, Which, whole_id
from sealhold.frontends.cli.session import Session


def processing_activate(context: typer.Context, processing: Which) -> None:
    """Let a processing be run on whoever permits it.

    Nobody's data is read by that: each person decides for themselves.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = node.processings.activate(OWNER, whole_id(node.processings, processing))
    name = safe(found.terms.name)
    emit(session, found, Line(f"{name} may be run on whoever permits it."))


def processing_retire(context: typer.Context, processing: Which) -> None:
    """End a processing for good.

    Its runs read nothing more. Retiring needs no proof that you are there: it only takes away.
    """
    session = Session.of(context)
    with reading(session) as node:
        found = node.processings.retire(OWNER, whole_id(node.processings, processing))
    emit(session, found, Line(f"{safe(found.terms.name)} is retired: nothing runs it any more."))
