"""A statement of another proxy at the provider: one connection for it, by one thread that waits.

- Rows are read as they are taken, so no more of an answer is held than what came at once.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sealhold.model.errors import DatabaseAwayError, WireError
from sealhold.net.dial import DialError, Server, context_of, dial
from sealhold.net.memtls import TlsPipe
from sealhold.net.pgclient import PATIENCE, SSL_REQUEST
from sealhold.protect.peers.paper import Values
from sealhold.protect.peers.running import TIMEOUT, Row, Running

_AT_ONCE: Final = 262_144  # bytes
_SECOND: Final = 1_000  # milliseconds

Make = Callable[[bytes], Running]  # by the hash of the provider's certificate


@contextmanager
def asked(server: Server, make: Make, sql: str, values: Values) -> Iterator["PeerLink"]:
    """Lend a connection at which a statement is asked.

    Raises:
        DatabaseAwayError: there is no connection, or it was lost.
        LoginRefusedError: the provider does not show that it knows us.
        QueryRefusedError: the statement cannot be answered.
    """
    link = PeerLink(server, make)
    try:
        link.begin(sql, values)
        yield link
    finally:
        link.close()


class PeerLink:
    """One connection, for one statement."""

    def __init__(self, server: Server, make: Make) -> None:
        """Connect.

        Raises:
            DatabaseAwayError: there is no connection, or its certificate is not its own.
        """
        try:
            self._socket: socket.socket = dial(server).sock
            self._socket.settimeout(PATIENCE)
            self._tls = None if server.tls == "none" else self._secured(server)
        except DialError as err:
            raise DatabaseAwayError(f"no connection to the provider: {err.reason}") from err
        except (OSError, WireError) as err:
            raise DatabaseAwayError("no connection to the provider") from err
        self.running = make(b"" if self._tls is None else self._tls.endpoint)

    def begin(self, sql: str, values: Values) -> None:
        """Log in, and ask.

        Raises:
            DatabaseAwayError: the connection was lost.
            LoginRefusedError: the provider does not show that it knows us.
            QueryRefusedError: the grant does not cover it.
        """
        while not self.running.is_ready:
            self._converse()
        self._socket.settimeout(TIMEOUT / _SECOND + PATIENCE)
        self.running.ask(sql, values)

    def rows(self) -> Iterator[list[Row]]:
        """Yield rows as they come.

        Raises:
            DatabaseAwayError: the connection was lost.
            QueryRefusedError: the statement cannot be answered.
        """
        while not self.running.is_over:
            self._converse()
            found = self.running.rows()
            if found:
                yield found

    def close(self) -> None:
        """Hang up, and tell the gate what was used."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.running.settle()

    def _converse(self) -> None:
        try:
            self._send()
            data = self._received()
            self.running.receive(data if self._tls is None else self._tls.receive(data))
            self._send()
        except (OSError, WireError) as err:
            raise DatabaseAwayError("the connection to the provider was lost") from err

    def _send(self) -> None:
        said = b"".join(self.running.to_provider)
        self.running.to_provider.clear()
        if not said:
            return
        if self._tls is None:
            self._socket.sendall(said)
        else:
            self._tls.send(said)
            self._flush(self._tls)

    def _secured(self, server: Server) -> TlsPipe:
        self._socket.sendall(SSL_REQUEST)
        # THREAT T640: one byte and nothing behind it; a server without TLS is not spoken to
        if self._socket.recv(_AT_ONCE) != b"S":
            raise WireError("the provider does not speak TLS")
        tls = TlsPipe(context_of(server), name=server.host)
        while not tls.is_open:
            self._flush(tls)
            tls.receive(self._received())
        self._flush(tls)
        return tls

    def _received(self) -> bytes:
        data = self._socket.recv(_AT_ONCE)
        if not data:
            raise WireError("the provider hung up")
        return data

    def _flush(self, tls: TlsPipe) -> None:
        if tls.to_peer:
            self._socket.sendall(b"".join(tls.to_peer))
            tls.to_peer.clear()
