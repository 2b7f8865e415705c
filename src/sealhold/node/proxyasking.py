"""The proxy's own connection to a provider, outside of any client's: it asks and waits.

Source: docs/spec/61-protecting-a-live-table.md section 5.
"""

import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Self

from sealhold.model.clock import Entropy
from sealhold.model.errors import DatabaseAwayError, WireError
from sealhold.net.dial import DialError, Server, context_of, dial
from sealhold.net.memtls import TlsPipe
from sealhold.net.pgclient import PATIENCE, SSL_REQUEST
from sealhold.protect.migrating.asking import Asking, Row
from sealhold.protect.sql.upstream import Account

_AT_ONCE: Final = 262_144  # bytes


class Provider:
    """One connection, for one thread."""

    def __init__(
        self,
        server: Server,
        account: Account,
        entropy: Entropy,
        patience: float | None = None,
    ) -> None:
        """Connect and log in; `patience` is how many seconds a statement may be silent.

        Raises:
            DatabaseAwayError: there is no connection, or its certificate is not its own.
            LoginRefusedError: the provider does not show that it knows us.
        """
        try:
            self._socket: socket.socket = dial(server).sock
            self._socket.settimeout(PATIENCE)
            self._tls = None if server.tls == "none" else self._secured(server)
            endpoint = b"" if self._tls is None else self._tls.endpoint
            self._asking = Asking(account, entropy, endpoint)
            self._converse()
            self._socket.settimeout(patience)
        except DialError as err:
            raise DatabaseAwayError(f"no connection to the provider: {err.reason}") from err
        except (OSError, WireError) as err:
            raise DatabaseAwayError("no connection to the provider") from err

    def ask(
        self,
        sql: str,
        oids: Sequence[int] = (),
        values: Sequence[bytes | None] = (),
        *,
        keeps: bool = False,
    ) -> list[Row]:
        """Ask one statement and return its rows, in binary form.

        Args:
            sql: the statement.
            oids: the types of its parameters.
            values: theirs, in binary form.
            keeps: prepare it for the next time, too.

        Raises:
            RefusedStatementError: the provider could not do it.
            DatabaseAwayError: the connection is gone.
        """
        try:
            self._asking.ask(sql, oids, values, keeps=keeps)
            self._converse()
        except (OSError, WireError) as err:
            raise DatabaseAwayError("the connection to the provider was lost") from err
        return self._asking.answer()

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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

    def _converse(self) -> None:
        """Send and receive until what was asked is answered."""
        asking, tls = self._asking, self._tls
        while True:
            if asking.to_provider:
                said = b"".join(asking.to_provider)
                asking.to_provider.clear()
                if tls is None:
                    self._socket.sendall(said)
                else:
                    tls.send(said)
                    self._flush(tls)
            if asking.is_done:
                return
            data = self._received()
            asking.receive(data if tls is None else tls.receive(data))

    def _received(self) -> bytes:
        data = self._socket.recv(_AT_ONCE)
        if not data:
            raise WireError("the provider hung up")
        return data

    def _flush(self, tls: TlsPipe) -> None:
        if tls.to_peer:
            self._socket.sendall(b"".join(tls.to_peer))
            tls.to_peer.clear()
