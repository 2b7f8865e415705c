"""`sealhold grant show`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from sealhold.frontends.cli.card import sight_facts
from sealhold.frontends.cli.grant_list import STATES as GRANT_STATES
from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import (
    Block,
    Column,
    Facts,
    Line,
    Table,
    emit,
    fields_of,
    figure,
    safe,
)
from sealhold.frontends.cli.session import Session
from sealhold.frontends.cli.words import short, spent_of
from sealhold.frontends.web.formats import moment
from sealhold.model.ids import Kind
from sealhold.model.shown import GrantView
from sealhold.model.shown.dataware import AckState, ComponentView

STATES = {
    AckState.LAID: "may run it",
    AckState.PENDING: "pending: has not said yet that it ended it",
    AckState.ACKED: "ended it",
    AckState.LAPSED: "what it held has run out",
}


def grant_show(
    context: typer.Context,
    grant: Annotated[
        str, typer.Argument(metavar="GRANT", help="Its id, from `sealhold grant list`.")
    ],
) -> None:
    """Show one grant, and how each source of its data stands to it."""
    session = Session.of(context)
    with reading(session) as node:
        found, sources = node.grants.show(grant)
    value = fields_of(found) | {"sources": sources}
    emit(session, value, _facts(found), *source_table(sources))


def source_table(sources: Sequence[ComponentView]) -> list[Block]:
    """Return how sources stand to a grant as a table, if there are any."""
    if not sources:
        return [Line("No source has anything of its dataset.")]
    rows = [
        (
            safe(each.name),
            STATES[each.state],
            "" if each.acked_at is None else moment(each.acked_at),
            f"{each.killed}",
            "never" if each.last_run is None else moment(each.last_run),
        )
        for each in sources
    ]
    columns = (
        Column("Source"),
        Column("State"),
        Column("Said so", whole=True),
        figure("Runs killed"),
        Column("Last answer", whole=True),
    )
    return [Table(columns, rows)]


def _facts(grant: GrantView) -> Facts:
    facts = [
        ("Grant", short(Kind.GRANT, grant.id)),
        ("App", safe(grant.app_name)),
        ("What", safe(grant.label)),
        ("Purpose", grant.purpose),
        ("State", GRANT_STATES.get(grant.state, grant.state.value)),
        ("Allowed", moment(grant.granted_at)),
        ("Until", moment(grant.terms.until)),
        ("Told", spent_of(grant.spent, grant.terms.budget)),
        ("Columns", ", ".join(sorted(grant.terms.fields))),
    ]
    facts += sight_facts(grant.terms)
    if grant.ended_at is not None:
        facts.append(("Ended", moment(grant.ended_at)))
    return Facts(facts)
