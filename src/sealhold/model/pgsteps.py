"""What a session of the database proxy asks of the listener that runs it, besides moving bytes.

- The session does no I/O. The listener carries out each step in the order in which it was asked.

Source: docs/spec/56-postgresql-proxy.md section 3; ADR 87.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secure:
    """TLS begins with the next byte of the client, behind what is to be sent to it now."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Connect to the database of this name, and tell the session."""

    database: str


@dataclass(frozen=True, slots=True)
class Ready:
    """The login is done and the provider there: nobody waits for it any more."""


@dataclass(frozen=True, slots=True)
class Call:
    """Run this outside the event loop, and tell the session what came of it."""

    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Note:
    """Run this outside the event loop; nobody waits for it."""

    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel what the session of this key does; an unknown key is no error."""

    key: bytes  # 8 bytes: as the client sends process id and secret


@dataclass(frozen=True, slots=True)
class End:
    """Close both connections once what is to be sent is sent."""


Step = Secure | Connect | Ready | Call | Note | Cancel | End
