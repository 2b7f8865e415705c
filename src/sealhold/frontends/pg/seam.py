"""What the listener needs behind it: sessions, TLS, and ways to the provider.

- A session does no I/O: bytes in, bytes out, and steps (`model/pgsteps.py`). It is used on one
  event loop, by one listener.
- `node/pgserving.py` has all of it.

Source: docs/spec/56-postgresql-proxy.md section 3; ADR 87.
"""

from typing import Any, Protocol

from sealhold.model.errors import SealholdError
from sealhold.model.pgsteps import Call, Step


class Session(Protocol):
    """One client's conversation, and ours with the provider for it."""

    to_client: list[bytes]
    to_provider: list[bytes]
    steps: list[Step]
    key: bytes  # by which its client cancels
    provider_key: bytes  # by which the provider cancels; empty before it is there
    spot: Any  # at which provider it is: the door says and knows it

    @property
    def is_full(self) -> bool:
        """Whether no more of the client should be read now."""
        ...

    @property
    def is_stalled(self) -> bool:
        """Whether no more of the provider should be read now."""
        ...

    @property
    def is_strained(self) -> bool:
        """Whether one of the two may be so: what is asked at each move."""
        ...

    @property
    def is_owed(self) -> bool:
        """Whether the provider is to answer something."""
        ...

    def is_at(self, providers: frozenset[str]) -> bool:
        """Return whether it is connected to one of these."""
        ...

    def client_said(self, data: bytes) -> None:
        """Take what the client sent."""

    def provider_said(self, data: bytes) -> None:
        """Take what the provider sent."""

    def secured(self, endpoint: bytes) -> None:
        """Note that TLS is there with the client; `endpoint` hashes our certificate."""

    def connected(self, endpoint: bytes) -> None:
        """Note that the provider is there; `endpoint` hashes its certificate."""

    def not_connected(self, err: SealholdError | None = None) -> None:
        """Note that the provider is not there, or why it is not to be asked."""

    def provider_silent(self) -> None:
        """Note that the provider is hung up on, since it has stopped answering."""

    def provider_gone(self) -> None:
        """Note that the provider hung up."""

    def gone(self) -> None:
        """Note that the client hung up."""

    def returned(self, call: Call, value: object) -> None:
        """Take what came of a call."""

    def failed(self, call: Call, err: SealholdError) -> None:
        """Take why a call failed."""


class Pipe(Protocol):
    """Our end of TLS with a client."""

    to_peer: list[bytes]

    @property
    def is_open(self) -> bool:
        """Whether the handshake is done."""
        ...

    @property
    def has_alpn(self) -> bool:
        """Whether the client named the protocol inside."""
        ...

    @property
    def endpoint(self) -> bytes:
        """The hash of our certificate."""
        ...

    def receive(self, data: bytes) -> bytes:
        """Take what came, and return what was said in it.

        Raises:
            WireError: it does not open.
        """
        ...

    def send(self, data: bytes) -> None:
        """Say something: it comes out sealed in `to_peer`."""


class Link(Protocol):
    """A connection to the provider."""

    @property
    def endpoint(self) -> bytes:
        """The hash of the provider's certificate."""
        ...

    def write(self, data: bytes) -> None:
        """Send."""

    def pause(self) -> None:
        """Read no more for now."""

    def resume(self) -> None:
        """Read again."""

    def close(self) -> None:
        """Hang up."""

    def abort(self) -> None:
        """Hang up at once; what is not sent yet is lost."""


class Far(Protocol):
    """Who a link tells what comes over it."""

    def received(self, data: bytes) -> None:
        """Take bytes of the provider."""

    def lost(self) -> None:
        """Note that the provider hung up."""

    def hold(self) -> None:
        """Write no more for now."""

    def go_on(self) -> None:
        """Write again."""


class Door(Protocol):
    """Where the listener gets all that from."""

    def session(self) -> Session:
        """Return a new session."""
        ...

    def ended(self, session: Session) -> None:
        """Forget a session."""

    def pipe(self) -> Pipe | None:
        """Return our end of a new TLS connection; None if there is no certificate."""
        ...

    async def connect(self, session: Session, database: str, far: Far) -> Link:
        """Connect to the provider for a database.

        Raises:
            SealholdError: it does not answer, or is not who it must be.
        """
        ...

    def suspected(self) -> frozenset[str]:
        """Return the providers that are suspected to answer no more."""
        ...

    async def cancel(self, key: bytes) -> None:
        """Cancel what the session of this key does; nothing for a key of nobody."""
