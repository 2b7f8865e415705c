"""A connection to another vault's proxy: TLS 1.3, whose other end is proved by the key of a grant.

Source: docs/spec/67-proxy-to-proxy.md section 4.
"""

import socket
import ssl
from typing import Final

from sealhold.crypto.digest import sha256
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import PeerAwayError
from sealhold.net.proxies.greeting import Proven, enter
from sealhold.net.relay.link import Link

CONNECT_SECONDS: Final = 10.0


def connected(host: str, port: int, me: Proven, pin: PublicKey) -> Link:
    """Return a connection both of whose ends are proved.

    Raises:
        PeerAwayError: there is none, or another proxy answers.
        DeniedError: it does not let this one in.
    """
    sock: socket.socket | None = None
    try:
        plain = sock = socket.create_connection((host, port), CONNECT_SECONDS)
        sock = secured = _context().wrap_socket(plain, suppress_ragged_eofs=False)
        link = Link(sock)
        enter(link, sha256(secured.getpeercert(binary_form=True) or b""), me, pin)
    except OSError as err:
        _close(sock)
        raise PeerAwayError(f"no proxy answers at {host}:{port}") from err
    except BaseException:
        _close(sock)
        raise
    return link


def _close(sock: socket.socket | None) -> None:
    if sock is not None:
        sock.close()


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # THREAT T763: no authority vouches for the certificate; the greeting has it signed by the pin
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
