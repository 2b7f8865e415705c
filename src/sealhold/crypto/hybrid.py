"""Sealing to a person, device or destination: HPKE with MLKEM768-X25519.

- Base mode, HKDF-SHA256, AES-256-GCM. What is sealed stays closed unless both ML-KEM-768 and
  X25519 fall. The place goes into `info`; there is no associated data.
- A secret key is 32 bytes, expanded as X-Wing does; a public key is 1216 bytes: ML-KEM's 1184,
  then X25519's 32.
- The encapsulation draws its randomness inside the library, so sealing is never repeatable.
- The seal does not say who sealed; a signature around it does.

Source: docs/spec/03-keys.md section 5; RFC 9180; draft-connolly-cfrg-xwing-kem.
"""

import hashlib
from typing import NewType

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from sealhold.crypto.digest import framed
from sealhold.crypto.seal import new_key
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidEncodingError, InvalidError, SealBrokenError
from sealhold.model.ids import SealedBytes

BoxPublic = NewType("BoxPublic", bytes)  # 1216 bytes

MLKEM_PUBLIC_BYTES = 1184
BOX_PUBLIC_BYTES = MLKEM_PUBLIC_BYTES + 32
MLKEM_SEED_BYTES = 64

_TRIAL = X25519PrivateKey.from_private_bytes(bytes(31) + b"\x01")
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class BoxKey:
    """A key pair that others seal to."""

    __slots__ = ("_key", "public", "secret")

    def __init__(self, secret: Secret) -> None:
        expanded = hashlib.shake_256(secret.reveal()).digest(MLKEM_SEED_BYTES + 32)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:MLKEM_SEED_BYTES])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[MLKEM_SEED_BYTES:])
        self._key = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.secret = secret
        self.public = BoxPublic(
            mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()
        )

    @classmethod
    def generate(cls, entropy: Entropy) -> "BoxKey":
        """Return a fresh key pair."""
        return cls(new_key(entropy, "box key"))

    @classmethod
    def from_secret(cls, secret: Secret) -> "BoxKey":
        """Return the key pair of a 32-byte secret."""
        return cls(secret)

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Return what was sealed to this key with the same `info`.

        Raises:
            SealBrokenError: changed, for another key, or with another `info`.
        """
        try:
            return _SUITE.decrypt(sealed, self._key, info=framed(Tag.BOX, info))
        except (InvalidTag, ValueError) as err:
            raise SealBrokenError("a sealed box does not open with this key") from err


def box_public(data: bytes) -> BoxPublic:
    """Return the public key that bytes are: one that something can be sealed to.

    Raises:
        InvalidEncodingError: another length, or no key.
    """
    if len(data) != BOX_PUBLIC_BYTES:
        raise InvalidEncodingError(f"a box key of {len(data)} bytes, not {BOX_PUBLIC_BYTES}")
    try:
        # THREAT T594: coefficients out of range, or a point of small order, are found here
        MLKEM768PublicKey.from_public_bytes(data[:MLKEM_PUBLIC_BYTES])
        _TRIAL.exchange(X25519PublicKey.from_public_bytes(data[MLKEM_PUBLIC_BYTES:]))
    except ValueError as err:
        raise InvalidEncodingError("bytes that are no box key") from err
    return BoxPublic(data)


def seal_to(public: bytes, plain: bytes, info: bytes) -> SealedBytes:
    """Return `plain` sealed to the key pair of `public`; `info` says what it is and for whom.

    Raises:
        InvalidError: `public` is no key.
    """
    if len(public) != BOX_PUBLIC_BYTES:
        raise InvalidError(f"a box key of {len(public)} bytes, not {BOX_PUBLIC_BYTES}")
    try:
        key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_BYTES:]),
        )
        return SealedBytes(_SUITE.encrypt(plain, key, info=framed(Tag.BOX, info)))
    except ValueError as err:
        raise InvalidError("bytes that are no box key") from err
