"""TLS over bytes in memory: one end of one connection, for whoever moves the bytes.

- Bytes that were read before TLS began can be handed in too, so it may begin with the first byte.
- `endpoint` is the hash of the server's certificate: what a login is bound to.
- An end that is not said (`close_notify`) is an end all the same: the protocol inside has its own.

Source: docs/spec/56-postgresql-proxy.md section 2; RFC 5929 section 4, RFC 8446.
"""

import ssl
from typing import Final

from sealhold.crypto.scram import endpoint
from sealhold.model.errors import WireError

ALPN: Final = "postgresql"
_AT_ONCE: Final = 262_144  # bytes


class TlsPipe:
    """One end. What `receive` and `send` leave in `to_peer` goes to the other one."""

    def __init__(
        self, context: ssl.SSLContext, *, name: str = "", certificate: bytes = b""
    ) -> None:
        """Begin as a client of the server `name`, or, without one, as a server.

        Args:
            context: keys, roots and versions.
            name: of the server, which its certificate must bear.
            certificate: the server's own in DER, if this is the server.
        """
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side=not name, server_hostname=name or None
        )
        self._certificate = certificate
        self.to_peer: list[bytes] = []
        self.is_open = False
        if name:
            self._shake()

    @property
    def endpoint(self) -> bytes:
        """The hash of the server's certificate, empty where none is defined for it."""
        certificate = self._certificate or self._object.getpeercert(binary_form=True) or b""
        return endpoint(certificate)

    @property
    def has_alpn(self) -> bool:
        """Whether both ends agreed by name to speak PostgreSQL inside."""
        return self._object.selected_alpn_protocol() == ALPN

    def receive(self, data: bytes) -> bytes:
        """Take what came from the other end and return what was said in it.

        Raises:
            WireError: it is no TLS, was changed, or the certificate is not trusted.
        """
        self._incoming.write(data)
        if not self.is_open and not self._shake():
            return b""
        parts: list[bytes] = []
        tls, incoming = self._object, self._incoming
        try:
            while incoming.pending or tls.pending():
                part = tls.read(_AT_ONCE)
                if not part:
                    break
                parts.append(part)
        except ssl.SSLWantReadError:
            pass  # the rest of a record is still to come
        except ssl.SSLZeroReturnError:
            pass  # the other end says that it ends
        except ssl.SSLError as err:
            raise WireError("a TLS record that does not open") from err
        self._flush()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def send(self, data: bytes) -> None:
        """Say `data` to the other end; the handshake is over."""
        self._object.write(data)
        self._flush()

    def _shake(self) -> bool:
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            return False
        except ssl.SSLError as err:
            self._flush()
            raise WireError(f"no TLS: {err.reason or 'the handshake failed'}") from err
        self._flush()
        self.is_open = True
        return True

    def _flush(self) -> None:
        if self._outgoing.pending:
            self.to_peer.append(self._outgoing.read())


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """Return how TLS is spoken to clients, from two PEM files: a chain and its key.

    Raises:
        OSError: a file cannot be read, or is none of these.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols([ALPN])
    return context


def first_certificate(pem: str) -> bytes:
    """Return the first certificate of a PEM text in DER.

    Raises:
        ValueError: there is none.
    """
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start = pem.index(begin)
    return ssl.PEM_cert_to_DER_cert(pem[start : pem.index(end, start) + len(end)])
