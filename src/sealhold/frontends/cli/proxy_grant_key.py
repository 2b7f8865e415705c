"""`sealhold proxy grant key`."""

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, emit
from sealhold.frontends.cli.session import Session
from sealhold.node.peerwork import PeerWork


def proxy_grant_key(context: typer.Context) -> None:
    """Show the key by which other proxies know this vault's.

    It is no secret, but whoever is told it must be sure that it is yours: say it to them, or hand
    it over in person.
    """
    session = Session.of(context)
    with reading(session) as node:
        key = PeerWork(node).key()
    emit(session, {"key": key}, Facts([("Key", key)]))
