"""`sealhold proxy agent`."""

import signal
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.blocks import keep_blocks
from sealhold.model.errors import ExtraMissingError, UsageError

PORT = 8724
HERE = ("127.0.0.1", "::1", "localhost")
TOKEN = "SEALHOLD_AGENT_TOKEN"  # noqa: S105  # reason: the name of a variable


def proxy_agent(  # reason: typer reads options from parameters
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where it keeps its blocks.")],
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="On which address of this machine.")
    ] = HERE[0],
    port: Annotated[
        int, typer.Option(metavar="N", help="Which port; 0 picks a free one.", min=0, max=65535)
    ] = PORT,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of its certificate, with the chain.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of the certificate's key.")
    ] = None,
) -> None:
    """Add up for a proxy what cannot be read here, until Ctrl-C.

    It runs at the provider, without a vault: it holds public keys and ciphertexts alone, and ends
    if anything else is in its folder. The variable SEALHOLD_AGENT_TOKEN has the token that the
    proxy says, 24 characters or more. Off this machine it speaks TLS 1.3 alone.

    Raises:
        UsageError: no token, or no certificate where one is needed.
        ExtraMissingError: what adds up is not installed.
    """
    session = Session.of(context)
    pair = _pair(host, certificate, key)
    token = session.shell.environment.get(TOKEN, "")
    if not token:
        raise UsageError(f"`{TOKEN}` is not set, which has the token of the proxy")
    try:
        from sealhold.node.agentserving import agent_server  # noqa: PLC0415  # reason: an extra
    except ImportError as err:
        raise ExtraMissingError("an agent needs `sealhold[he]`") from err
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    keep_blocks()  # blocks come and go
    server = agent_server(folder, token, host, port, pair)
    bound = server.address[1]
    shown = f"[{host}]" if ":" in host else host
    url = f"{'https' if pair else 'http'}://{shown}:{bound}"
    emit(
        session,
        {"url": url, "port": bound},
        Line("The agent runs.", "head"),
        Facts([("Address", url), ("Folder", safe(str(folder)))]),
        Line("Ctrl-C ends it.", "hint"),
    )
    with suppress(KeyboardInterrupt):
        server.run()


def _pair(host: str, certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    # THREAT T728: a token never comes here in the clear from another machine
    if certificate is None and key is None and host not in HERE:
        raise UsageError("off this machine an agent needs `--certificate` and `--key`")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError("`--certificate` and `--key` go together")
    return certificate, key
