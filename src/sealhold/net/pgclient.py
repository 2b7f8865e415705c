"""A connection to a provider's PostgreSQL: TLS first, then bytes for whoever knows the protocol.

- TLS is asked for and the certificate is checked; a server that has none is not spoken to, unless
  it is on this machine and the owner named it so.
- What comes is handed on as it comes. Over 1 MiB that is not sent yet, whoever writes is told to
  wait.

Source: docs/spec/56-postgresql-proxy.md section 2.
"""

import asyncio
import socket
import ssl
import struct
from typing import Final, Protocol, cast

from sealhold.model.errors import DatabaseAwayError, WireError
from sealhold.net.dial import DialError, Server, context_of, dial
from sealhold.net.memtls import TlsPipe

PATIENCE: Final = 10.0  # seconds until a connection is there
UNSENT: Final = 2**20  # bytes
ALIVE: Final = (  # a host that vanished is noticed after a minute
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),  # seconds
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 60_000),  # milliseconds
)
SSL_REQUEST: Final = struct.pack(">II", 8, 80_877_103)


class Receiver(Protocol):
    """Whoever a connection is for. Its methods are called on the event loop."""

    def received(self, data: bytes) -> None:
        """Take bytes."""

    def lost(self) -> None:
        """Note that there is no connection any more."""

    def hold(self) -> None:
        """Write no more for now."""

    def go_on(self) -> None:
        """Write again."""


class Link(asyncio.Protocol):
    """One connection. `opened` tells when bytes may be written."""

    def __init__(self, receiver: Receiver, server: Server, opened: asyncio.Future[None]) -> None:
        self._receiver = receiver
        self._server = server
        self._opened = opened
        self._transport: asyncio.Transport | None = None
        self._tls: TlsPipe | None = None
        self._is_asking = server.tls != "none"

    @property
    def endpoint(self) -> bytes:
        """The hash of the server's certificate, empty without TLS."""
        return self._tls.endpoint if self._tls is not None else b""

    def write(self, data: bytes) -> None:
        """Send bytes."""
        if self._transport is None:
            return
        if self._tls is None:
            self._transport.write(data)
            return
        self._tls.send(data)
        self._flush()

    def pause(self) -> None:
        """Read no more for now."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def close(self) -> None:
        """End, once what was written is sent."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End at once; what is not sent yet is lost."""
        if self._transport is not None:
            self._transport.abort()

    # --- what the event loop calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for TLS."""
        transport = cast("asyncio.Transport", transport)  # reason: uvloop has a class of its own
        self._transport = transport
        transport.set_write_buffer_limits(UNSENT)
        if self._is_asking:
            transport.write(SSL_REQUEST)
        else:
            self._opened.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Hand on what came."""
        if self._tls is None and not self._is_asking:
            self._receiver.received(data)
            return
        try:
            if self._tls is None:
                self._begin(data)
                return
            said = self._tls.receive(data)
        except WireError as err:
            self._fail(err)
            return
        self._flush()
        if self._tls.is_open and not self._opened.done():
            self._opened.set_result(None)
        if said:
            self._receiver.received(said)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  reason: lost is lost
        """Tell whoever it was for."""
        self._transport = None
        if not self._opened.done():
            self._opened.set_exception(DatabaseAwayError("the provider hung up"))
        else:
            self._receiver.lost()

    def pause_writing(self) -> None:
        """Let the writer wait."""
        self._receiver.hold()

    def resume_writing(self) -> None:
        """Let the writer go on."""
        self._receiver.go_on()

    def _begin(self, data: bytes) -> None:
        # THREAT T640: one byte and nothing behind it; a server without TLS is not spoken to
        if data != b"S":
            raise WireError("the provider does not speak TLS")
        self._is_asking = False
        self._tls = TlsPipe(context_of(self._server), name=self._server.host)
        self._flush()

    def _flush(self) -> None:
        tls, transport = self._tls, self._transport
        if tls is not None and transport is not None and tls.to_peer:
            transport.write(b"".join(tls.to_peer))
            tls.to_peer.clear()

    def _fail(self, err: WireError) -> None:
        if not self._opened.done():
            self._opened.set_exception(DatabaseAwayError(str(err)))
        if self._transport is not None:
            self._transport.abort()


async def connect(server: Server, receiver: Receiver) -> Link:
    """Return a connection to a server, with TLS unless `server.tls` is `none`.

    Raises:
        DatabaseAwayError: there is none in time, or its certificate is not its own.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[None] = loop.create_future()
    try:
        async with asyncio.timeout(PATIENCE):
            plain = Server(
                host=server.host,
                port=server.port,
                tls="none" if server.tls == "none" else "starttls",
                private=server.private,
                idle=PATIENCE,
                names=server.names,
            )
            dialled = await loop.run_in_executor(None, dial, plain)
            dialled.sock.settimeout(0.0)  # it does not block
            for option in ALIVE:
                dialled.sock.setsockopt(*option)
            _, link = await loop.create_connection(
                lambda: Link(receiver, server, opened), sock=dialled.sock
            )
            try:
                await opened
            except BaseException:
                link.close()
                raise
    except DialError as err:
        raise DatabaseAwayError(f"no connection to the provider: {err.reason}") from err
    except (OSError, TimeoutError, ssl.SSLError) as err:
        raise DatabaseAwayError("no connection to the provider") from err
    return link


class _Nobody:
    """Receives nothing: a cancel has no answer."""

    def received(self, data: bytes) -> None:
        """Drop what came."""

    def lost(self) -> None:
        """Do nothing."""

    def hold(self) -> None:
        """Do nothing."""

    def go_on(self) -> None:
        """Do nothing."""


async def tell(server: Server, message: bytes) -> None:
    """Connect, send one message and hang up: a cancel.

    Raises:
        DatabaseAwayError: there is no connection.
    """
    link = await connect(server, _Nobody())
    link.write(message)
    link.close()
