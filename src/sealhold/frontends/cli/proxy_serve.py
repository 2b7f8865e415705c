"""`sealhold proxy serve`."""

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated, cast

import typer

from sealhold.frontends.cli.opening import reading
from sealhold.frontends.cli.out import Facts, Line, emit, safe
from sealhold.frontends.cli.session import Session
from sealhold.frontends.pg.listener import run
from sealhold.frontends.pg.seam import Door
from sealhold.model.blocks import keep_blocks
from sealhold.model.errors import UsageError
from sealhold.node.proxying import Proxy, proxying

LISTEN = "127.0.0.1:6543"
HERE = ("127.0.0.1", "::1", "localhost")
PORTS = range(65536)


def proxy_serve(  # noqa: PLR0917  # reason: each is a word of the command line
    context: typer.Context,
    policy: Annotated[
        str, typer.Argument(metavar="NAME", help="Which policy, if several are in force.")
    ] = "",
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Where; port 0 picks a free one.")
    ] = LISTEN,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of its certificate, with the chain.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="PEM of the certificate's key.")
    ] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Begin a new state, where the one that was is lost."),
    ] = False,
    migrate: Annotated[
        str,
        typer.Option(metavar="TABLE,...", help="Protect these tables while they are in use."),
    ] = "",
    peers: Annotated[
        str,
        typer.Option(metavar="ADDRESS:PORT", help="Where the proxies of others may ask, too."),
    ] = "",
) -> None:
    """Stand between applications and a rented database, until Ctrl-C.

    Applications speak to it as to PostgreSQL, with users of `proxy user add`. Off this machine it
    speaks TLS alone. Ctrl-C ends it: what is under way is rolled back.
    """
    session = Session.of(context)
    host, port = _address(listen)
    pair = _pair(host, tls_cert, tls_key)
    _until(signal.default_int_handler)
    keep_blocks()  # rows come and go
    environment = session.shell.environment
    with (
        reading(session) as node,
        proxying(node, environment, policy=policy, certificate=pair, renew=renew) as proxy,
        _bound(host, port) as listener,
        _answering(proxy, peers) as others,
        proxy.migrations.going_on([each for each in migrate.split(",") if each]),
        proxy.watching.going_on(lambda cause, place: _tell(session, cause, place)),
        nullcontext() if proxy.folder is None else proxy.folder.going_on(),
        suppress(KeyboardInterrupt),
    ):
        ending = Event()
        _until(lambda _signal, _frame: ending.set())
        bound = listener.getsockname()[1]
        _announce(session, proxy, host, bound, others, has_tls=pair is not None)
        door = cast("Door", proxy.door)  # reason: it takes back only sessions that it made
        run(door, listener, ending.is_set)


def _until(ends: Callable[[int, FrameType | None], object]) -> None:
    """Let Ctrl-C, or being told to end, do something."""
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, ends)


@contextmanager
def _answering(proxy: Proxy, peers: str) -> Iterator[str]:
    """Answer the proxies of others meanwhile; yields where, or nothing."""
    if not peers:
        yield ""
        return
    server = proxy.peering.listening(*_address(peers))
    server.begin()
    try:
        host, port = server.address
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        server.end()


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) not in PORTS:
        raise UsageError("`--listen` is ADDRESS:PORT, as in 127.0.0.1:6543 or [::1]:6543")
    return host.strip("[]"), int(port)


def _pair(host: str, certificate: Path | None, key: Path | None) -> tuple[Path, Path] | None:
    # THREAT T689: what is opened here never crosses a network in the clear
    if certificate is None and key is None and host not in HERE:
        raise UsageError("off this machine a proxy needs `--tls-cert` and `--tls-key`")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError("`--tls-cert` and `--tls-key` go together")
    return certificate, key


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as err:
        raise UsageError(f"`{host}:{port}` cannot be listened on: {err.strerror}") from err
    listener.setblocking(False)
    return listener


def _tell(session: Session, cause: str, place: str) -> None:
    said = f"{cause}: {safe(place)}" if place else cause
    with suppress(OSError):  # nobody reads it any more; it is in the log
        emit(session, {"alarm": cause, "place": place}, Line(f"Alarm: {said}", "bad"))


def _announce(
    session: Session, proxy: Proxy, host: str, port: int, others: str, *, has_tls: bool
) -> None:
    shown = f"[{host}]" if ":" in host else host
    emit(
        session,
        {
            "host": host,
            "port": port,
            "tls": has_tls,
            "policy": proxy.policy,
            "version": proxy.version,
            "peers": others,
        },
        Line("The proxy runs.", "head"),
        Facts(
            [
                ("Address", f"{shown}:{port}"),
                ("TLS", "demanded" if has_tls else "none: this machine alone"),
                ("Policy", f"{proxy.policy}, version {proxy.version}"),
                ("Provider", safe(proxy.provider)),
                ("Other proxies", others or "may not ask"),
            ]
        ),
        Line(f"psql -h {shown} -p {port} -U USER DATABASE", "hint"),
        Line("Ctrl-C ends it.", "hint"),
    )
