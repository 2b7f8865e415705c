"""The statement of a month, what is odd, and the log that both are added up from.

Source: docs/spec/40-statement.md.
"""

from sealhold.frontends.http.api import BYTES, ApiRoute, Call, Reply, Role
from sealhold.model.shown.statement import Odd, Statement


def statement(call: Call) -> Reply:
    """Return what a month came to."""
    return Reply(value=call.vault.statements.statement(call.names["month"]))


def paper(call: Call) -> Reply:
    """Return the same, signed."""
    made = call.vault.statements.statement(call.names["month"])
    return Reply(value=call.vault.statements.paper(made), media=BYTES)


def alerts(call: Call) -> Reply:
    """List odd uses."""
    return Reply(value=call.vault.statements.alerts())


def export(call: Call) -> Reply:
    """Return the whole log."""
    return Reply(value=b"".join(call.vault.statements.export()), media=BYTES)


ROUTES = (
    ApiRoute(
        method="GET", path="/v1/statements/{month}", role=Role.OWNER, also=(Role.OFFICER,),
        about="What a month came to: lines, what stands, the page", run=statement,
        answer=Statement,
    ),
    ApiRoute(
        method="GET", path="/v1/statements/{month}/paper", role=Role.OWNER, also=(Role.OFFICER,),
        about="The statement of a month, signed", run=paper, media=BYTES,
    ),
    ApiRoute(
        method="GET", path="/v1/alerts", role=Role.OWNER, also=(Role.OFFICER,),
        about="Odd uses of the last 30 days", run=alerts, answer=tuple[Odd, ...],
    ),
    ApiRoute(
        method="GET", path="/v1/audit/export", role=Role.OWNER,
        about="The whole log, to add a statement up again by", run=export, media=BYTES,
    ),
)  # fmt: skip
