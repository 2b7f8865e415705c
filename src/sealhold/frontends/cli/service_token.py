"""`sealhold service token`."""

import typer

from sealhold.frontends.cli.opening import check_can_confirm, confirmed, reading
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.session import Session


def service_token(context: typer.Context) -> None:
    """Make the token of a program that watches how the service does.

    It opens `GET /v1/metrics` and nothing else, until the next one is made. It is said once and
    kept nowhere. Takes your passphrase, typed at the terminal for this one decision.
    """
    session = Session.of(context)
    with reading(session) as node:
        check_can_confirm(session, node)
        confirmed(session, node)
        token = node.parts.crowd.monitors.renew()
    emit(
        session,
        {"token": token},
        Line("The token of a monitor, said once; the one before is worth nothing now.", "head"),
        Line(token),
        Line("How Prometheus gets it: docs/howto/operate.md", "hint"),
    )
