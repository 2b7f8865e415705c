"""How the commands of query grants show them."""

from collections.abc import Sequence

from sealhold.frontends.cli.out import Block, Column, Facts, Line, Table, figure, safe
from sealhold.frontends.web.formats import day
from sealhold.model.shown.peers import QueryGrantView

SHORT = 8  # hex digits by which a key is told from others in a table


def grant_facts(grant: QueryGrantView) -> Facts:
    """Return all that a grant says."""
    return Facts(
        [
            ("Grant", grant.id),
            ("Owner", grant.owner),
            ("For", grant.requester),
            ("Dataset", safe(grant.dataset)),
            ("Purpose", safe(grant.purpose)),
            ("Covers", safe("; ".join(grant.covers))),
            ("Rows a day", f"{grant.rows_per_day:,}"),
            ("Until", day(grant.not_after)),
        ]
    )


def grant_table(grants: Sequence[QueryGrantView]) -> Block:
    """Return a table of grants, or a line if there is none."""
    if not grants:
        return Line("No other proxy may ask.")
    rows = [
        (
            each.id,
            each.requester[:SHORT],
            safe("; ".join(each.covers)),
            f"{each.rows_per_day:,}",
            "over" if each.is_over else f"until {day(each.not_after)}",
        )
        for each in grants
    ]
    columns = (
        Column("Grant", whole=True),
        Column("For", whole=True),
        Column("Covers"),
        figure("Rows a day"),
        Column("Holds"),
    )
    return Table(columns, rows, tall=True)
