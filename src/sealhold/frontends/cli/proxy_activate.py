"""`sealhold proxy activate`."""

from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit
from sealhold.frontends.cli.proxies import policy_facts, warnings_of
from sealhold.frontends.cli.reading import read_file
from sealhold.frontends.cli.session import Session
from sealhold.node.proxypolicy import MAX_POLICY, SUFFIX
from sealhold.node.proxywork import ProxyWork

MAX_ENVELOPE = 2 * MAX_POLICY  # bytes: base64 is a third longer


def proxy_activate(
    context: typer.Context,
    policy: Annotated[
        Path, typer.Argument(metavar="POLICY", help="The file; its signature lies beside it.")
    ],
    accept_weaker: Annotated[
        bool,
        typer.Option("--accept-weaker", help="It may protect less than the version before."),
    ] = False,
) -> None:
    """Put a signed policy in force: what the proxy hides from a provider, and how.

    It must follow the version in force, and say so by its digest. The keys of its datasets are
    made. A proxy that runs goes on by the version before until it is started anew.
    """
    session = Session.of(context)
    data = read_file(policy, MAX_POLICY)
    beside = policy.with_name(policy.name + SUFFIX)
    envelope = read_file(beside, MAX_ENVELOPE) if beside.exists() else None
    with deciding(session) as (node, _):
        done = ProxyWork(node).activate(data, envelope, accept_weaker=accept_weaker)
    head = "The policy is in force." if done.is_new else "It was in force already."
    emit(session, done, Line(head, "head"), policy_facts(done.policy), *warnings_of(done.warnings))
