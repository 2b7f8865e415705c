"""Joins the PostgreSQL face to the sessions of the proxy and to the provider.

- One `PgDoor` for one proxy: it makes sessions, knows by which key each is cancelled, and connects.
- A key of a client cancels its own session alone. Nobody is told whether a key is one.

Source: docs/spec/56-postgresql-proxy.md section 2.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Protocol

from sealhold.model.errors import DatabaseAwayError
from sealhold.net.dial import Server
from sealhold.net.memtls import TlsPipe, first_certificate, server_context
from sealhold.net.pgclient import Link, Receiver, connect, tell
from sealhold.protect.sql.session import Session, Site, Spot
from sealhold.protect.sql.wire import build_cancel, u32

_PROCESS = 4  # bytes of a key that tell the process


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the proxy shows its clients."""

    context: SSLContext
    der: bytes

    @classmethod
    def of(cls, chain: Path, key: Path) -> "Certificate":
        """Return the certificate of two PEM files.

        Raises:
            OSError: a file cannot be read, or is none of these.
            ValueError: there is no certificate in it.
        """
        return cls(server_context(str(chain), str(key)), first_certificate(chain.read_text()))


class Cancelled(Protocol):
    """What can be cancelled: a session."""

    key: bytes
    provider_key: bytes
    spot: Spot


class Health(Protocol):
    """Which providers there are, and how they do."""

    def spots(self) -> Sequence[tuple[Spot, Server]]:
        """Return where a new session may be connected to, the best first.

        Raises:
            QuarantinedError: nowhere.
        """
        ...

    def suspected(self) -> frozenset[str]:
        """Return the providers that are suspected to answer no more."""
        ...


@dataclass(slots=True)
class PgDoor:
    """What the listener is given."""

    site: Site
    server: Callable[[str], Server]  # where a database of ours lies
    certificate: Certificate | None
    health: Health | None = None  # None: one provider, which nobody looks after
    _sessions: dict[bytes, tuple[Cancelled, Server]] = field(default_factory=dict)

    @property
    def live(self) -> Mapping[bytes, object]:
        """The sessions that are connected, by the key that cancels each."""
        return self._sessions

    def sessions(self) -> Iterable[Session]:
        """Return all that are connected; any thread may ask."""
        return [each for each, _ in list(self._sessions.values()) if isinstance(each, Session)]

    def session(self) -> Session:
        """Return a new session."""
        return Session(self.site)

    def ended(self, session: Cancelled) -> None:
        """Forget a session."""
        self._sessions.pop(session.key, None)

    def pipe(self) -> TlsPipe | None:
        """Return our end of a new TLS connection; None if there is no certificate."""
        made = self.certificate
        return None if made is None else TlsPipe(made.context, certificate=made.der)

    async def connect(self, session: Cancelled, database: str, far: Receiver) -> Link:
        """Connect to the provider for a database.

        Raises:
            DatabaseAwayError: it does not answer, or is not who it must be.
            QuarantinedError: it is quarantined, and has no replica.
        """
        spots = [(Spot(), self.server(database))] if self.health is None else self.health.spots()
        away = DatabaseAwayError("no connection to the provider")
        for spot, server in spots:
            try:
                link = await connect(server, far)
            except DatabaseAwayError as err:
                away = err
                continue
            session.spot = spot
            self._sessions[session.key] = (session, server)
            return link
        raise away

    def suspected(self) -> frozenset[str]:
        """Return the providers that are suspected to answer no more."""
        return frozenset() if self.health is None else self.health.suspected()

    async def cancel(self, key: bytes) -> None:
        """Cancel what the session of this key does; nothing for a key of nobody.

        Raises:
            DatabaseAwayError: the provider does not answer.
        """
        # THREAT T646: 64 bits that are drawn for each session; the provider's key stays here
        session, server = self._sessions.get(key, (None, None))
        if session is None or server is None or len(session.provider_key) <= _PROCESS:
            return
        process: int = u32(session.provider_key, 0)[0]
        await tell(server, build_cancel(process, session.provider_key[_PROCESS:]))
