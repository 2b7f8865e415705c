"""`sealhold proxy destroy`."""

from typing import Annotated

import typer

from sealhold.frontends.cli.opening import deciding
from sealhold.frontends.cli.out import Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.errors import UsageError
from sealhold.node.proxywork import ProxyWork


def proxy_destroy(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="DATASET", help="As `proxy status` tells it.")],
    yes: Annotated[bool, typer.Option("--yes", help="It is meant so.")] = False,
) -> None:
    """Destroy the key of a dataset: nothing of it is readable any more, at any provider.

    This cannot be taken back. What lies at a provider stays there as bytes that nobody opens. In
    backups the key goes once the epoch is closed: `sealhold key close-epoch`.

    Raises:
        UsageError: `--yes` is not said.
    """
    session = Session.of(context)
    if not yes:
        raise UsageError("the data of a whole dataset is lost; say `--yes` if that is meant")
    with deciding(session) as (node, _):
        ProxyWork(node).destroy(dataset)
    emit(
        session,
        {"destroyed": dataset},
        Line(f"The key of `{safe(dataset)}` is destroyed.", "head"),
        Line("Older backups have it until the epoch ends: `sealhold key close-epoch`.", "hint"),
    )
