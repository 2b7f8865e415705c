"""`sealhold proxy secret set`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import asked, deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.proxies import PASSWORD_VARIABLE
from sealhold.frontends.cli.session import Session
from sealhold.node.proxywork import ProxyWork


def proxy_secret_set(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="As a policy names it: `vault:NAME`.")
    ],
) -> None:
    """Keep the password by which the proxy logs in at a provider.

    It is asked for, or taken from SEALHOLD_PROXY_PASSWORD. What had that name is replaced.
    """
    session = Session.of(context)
    with deciding(session) as (node, _):
        given = session.shell.environment.get(PASSWORD_VARIABLE)
        secret = asked(session, "Password at the provider: ") if given is None else given
        ProxyWork(node).set_secret(name, secret)
    emit(
        session,
        {"secret": name},
        Line(f"Kept as `vault:{safe(name)}`.", "head"),
        Line("It is opened for a connection to the provider, and never shown.", "hint"),
    )
