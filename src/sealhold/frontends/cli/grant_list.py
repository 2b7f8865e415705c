"""`sealhold grant list`."""

from collections.abc import Sequence

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Block, Column, Line, Table, emit, figure, id_, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short
from sealhold.frontends.web.formats import day
from sealhold.model.ids import Kind
from sealhold.model.quantities import Instant, show_bits
from sealhold.model.shown import GrantView, Mode, RequestState

MODES = {Mode.ONCE: "once", Mode.UNTIL: "whenever asked", Mode.EACH: "after asking"}
STATES = {RequestState.SPENT: "answered", RequestState.SUSPENDED: "paused"}


def grant_list(context: typer.Context) -> None:
    """List what you allowed, and what was used of it."""
    session = Session.of(context)
    with reading(session) as node:
        grants = node.grants.list()
    if not grants:
        emit(session, grants, Line("Nothing was allowed yet."))
        return
    emit(
        session,
        grants,
        *grant_table(grants),
        Line(
            "Answer one: sealhold run GRANT; end one: sealhold grant revoke GRANT, or pause it",
            "hint",
        ),
    )


def grant_table(grants: Sequence[GrantView]) -> list[Block]:
    """Return grants as a table."""
    rows = [
        (
            short(Kind.GRANT, grant.id),
            safe(grant.app_name),
            safe(grant.label),
            MODES[grant.terms.mode],
            day(Instant(grant.terms.until - 1)),  # a day that is over at midnight is not the next
            f"{show_bits(grant.spent)} of {show_bits(grant.terms.budget)}",
            STATES.get(grant.state, grant.state.value),
        )
        for grant in grants
    ]
    columns = (
        id_("Grant"),
        Column("App"),
        Column("What"),
        Column("How often"),
        Column("Until", whole=True),
        figure("Bits told"),
        Column("State"),
    )
    return [Table(columns, rows)]
