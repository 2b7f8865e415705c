"""A certificate that names nobody and is signed by its own key: what TLS needs, and no more.

- Its key is Ed25519, drawn for it, and leaves this module under a password that is drawn, too: TLS
  reads keys from files alone.
- It is trusted for nothing by itself. Who connects learns its SHA-256, and has that signed by a key
  that it knows.

Source: docs/spec/14-relay.md section 9; RFC 8410.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from sealhold.crypto.digest import sha256
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.model.clock import Entropy

_NOBODY = x509.Name([])
_ALWAYS = (datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
_SERIAL = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfSigned:
    """A certificate with its key."""

    pem: bytes  # the certificate, and the key under the password
    password: Secret  # 64 bytes of ASCII
    digest: bytes  # SHA-256 of the certificate in DER


def self_signed(entropy: Entropy) -> SelfSigned:
    """Return a fresh certificate, equal to any other but for key and signature."""
    drawn = new_key(entropy, "key of a certificate")
    key = Ed25519PrivateKey.from_private_bytes(drawn.reveal())
    # THREAT T506: no name, no time, no key that stays
    certificate = (
        x509.CertificateBuilder(_NOBODY, _NOBODY, key.public_key(), _SERIAL, *_ALWAYS)
    ).sign(key, None)
    password = new_key(entropy, "password of a key").reveal().hex().encode()
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    return SelfSigned(
        pem=certificate.public_bytes(Encoding.PEM) + sealed,
        password=Secret(password, "password of a key"),
        digest=sha256(certificate.public_bytes(Encoding.DER)),
    )
