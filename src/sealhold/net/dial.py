"""Connects to a server that the owner named: to the very address that was looked at.

- A name that leads into a home or to this machine is refused unless the owner said so: by naming
  the address itself, or by an option.
- TLS 1.2 at least, and the name checked against the certificate. The owner may name the root.
- Without TLS nothing is connected to but an address that is not public, and nothing secret is
  said there but on this machine.

Source: docs/spec/37-live.md section 2.
"""

import ipaddress
import socket
import ssl
from dataclasses import dataclass, field
from typing import Final

from sealhold.net.fetch import is_public

IDLE: Final = 30.0  # seconds without a byte


class DialError(Exception):
    """There is no connection; `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What is connected to, and how."""

    host: str
    port: int
    tls: str = "tls"  # `tls` from the first byte; `starttls`; `none`
    private: bool = False  # an address that is not public is meant
    roots: str = ""  # PEM of the certificates to trust; empty: those of the system
    idle: float = IDLE
    least: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    names: dict[str, list[str]] = field(default_factory=dict)  # instead of the resolver, in tests


@dataclass(slots=True)
class Dialled:
    """A connection, and what it is worth."""

    sock: socket.socket
    is_here: bool  # the other end is on this machine


def dial(to: Server) -> Dialled:
    """Connect to a server, with TLS from the first byte if that is its way.

    Raises:
        DialError: `name`, `private`, `plain`, `away` or `certificate`.
    """
    addresses = _addresses(to)
    inside = [each for each in addresses if not is_public(each)]
    # THREAT T401: one address within the home is enough; the address that was looked at here is
    # the one that is connected to, whatever the name leads to a moment later
    if inside and not to.private:
        raise DialError("private")
    if to.tls == "none" and len(inside) < len(addresses):
        raise DialError("plain")
    for address in addresses:
        try:
            plain = socket.create_connection((address, to.port), timeout=to.idle)
        except OSError:
            continue
        here = ipaddress.ip_address(address).is_loopback
        return Dialled(secured(plain, to) if to.tls == "tls" else plain, here)
    raise DialError("away")


def secured(plain: socket.socket, to: Server) -> ssl.SSLSocket:
    """Return a connection with TLS over one that is made.

    Raises:
        DialError: the certificate is not of that name, or nobody trusted signed it.
    """
    try:
        return context_of(to).wrap_socket(
            plain, server_hostname=to.host, suppress_ragged_eofs=False
        )
    except ssl.SSLCertVerificationError as err:
        raise DialError("certificate") from err
    except (OSError, ValueError) as err:
        raise DialError("away") from err


def context_of(to: Server) -> ssl.SSLContext:
    """Return how TLS is spoken to a server.

    Raises:
        DialError: what the owner gave as root is no certificate.
    """
    try:
        context = ssl.create_default_context(cadata=to.roots or None)
    except (ssl.SSLError, ValueError) as err:
        raise DialError("roots") from err
    context.minimum_version = to.least
    return context


def _addresses(to: Server) -> list[str]:
    if to.host in to.names:
        return to.names[to.host]
    try:
        found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as err:
        raise DialError("name") from err
    return list(dict.fromkeys(str(each[4][0]) for each in found))
