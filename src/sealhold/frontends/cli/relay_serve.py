"""`sealhold relay serve`."""

import json
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from sealhold import __version__
from sealhold.frontends.cli.opening import world_of
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.model.blocks import keep_blocks
from sealhold.model.errors import UsageError
from sealhold.node.relaying import opened, server_of

PORT = 8723
HERE = ("127.0.0.1", "::1", "localhost")


def relay_serve(  # noqa: PLR0917  # reason: typer reads options from parameters
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the relay lies.")],
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
    ranges: Annotated[
        bool,
        typer.Option("--ranges", help="Give out parts of packs; tells where which chunk lies."),
    ] = False,
    log: Annotated[
        bool, typer.Option("--log", help="Tell start and end on standard error, with counts.")
    ] = False,
) -> None:
    """Let a relay run, until Ctrl-C.

    Off this machine it speaks TLS 1.3 alone, under the certificate that you give. Nothing of any
    request is written down. Ctrl-C ends it: what is under way is answered first.
    """
    session = Session.of(context)
    pair = _pair(host, certificate, key)
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    keep_blocks()  # packs come and go
    with opened(folder, world_of(session), ranges=ranges) as parts, suppress(KeyboardInterrupt):
        server = server_of(parts, host, port, pair)
        bound = server.address[1]
        url = f"{'https' if pair else 'http'}://{_host(host)}:{bound}"
        emit(
            session,
            {"url": url, "port": bound},
            Line("The relay runs.", "head"),
            Facts([("Address", url), ("Folder", safe(str(folder)))]),
            Line("Ctrl-C ends it.", "hint"),
        )
        _note(log, happened="started", port=bound, version=__version__)
        try:
            server.run()
        finally:
            _note(log, happened="ended", answered=server.answered, faults=server.faults)


def _pair(host: str, certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    # THREAT T451: a token never comes here in the clear from another machine
    if certificate is None and host not in HERE:
        raise UsageError("off this machine a relay needs `--certificate` and `--key`")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError("`--certificate` and `--key` go together")
    return certificate, key


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _note(log: bool, **told: str | int) -> None:
    # THREAT T452: what is written of a running relay has no id, no address and no name in it
    if log:
        sys.stderr.write(json.dumps(told) + "\n")
        sys.stderr.flush()
