"""A person's root identity: two signatures, Ed25519 and ML-DSA-65, and both must hold.

- One 32-byte secret gives both seeds. Public key 1984 bytes, signature 3373: Ed25519's first.
- Both cover the tag and the message; ML-DSA also has the tag as its context.
- A root is named by the BLAKE3 of both public keys.

Source: docs/spec/03-keys.md section 6; RFC 8032; FIPS 204.
"""

from typing import NewType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA65PrivateKey, MLDSA65PublicKey

from sealhold.crypto import sign
from sealhold.crypto.digest import fingerprint, framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import BadSignatureError

RootPublic = NewType("RootPublic", bytes)  # 1984 bytes
RootSignature = NewType("RootSignature", bytes)  # 3373 bytes
RootId = NewType("RootId", bytes)  # 32 bytes

ROOT_PUBLIC_BYTES = sign.PUBLIC_BYTES + 1952
ED25519_SIGNATURE_BYTES = 64
ROOT_SIGNATURE_BYTES = ED25519_SIGNATURE_BYTES + 3309


class RootIdentity:
    """The key pair that stands for a person across devices and years."""

    __slots__ = ("_classic", "_lattice", "public")

    def __init__(self, secret: Secret) -> None:
        self._classic = sign.SigningKey(derive(secret, Tag.ROOT_ED25519))
        self._lattice = MLDSA65PrivateKey.from_seed_bytes(derive(secret, Tag.ROOT_MLDSA).reveal())
        lattice = self._lattice.public_key().public_bytes_raw()
        self.public = RootPublic(self._classic.public + lattice)

    def sign(self, tag: Tag, message: bytes) -> RootSignature:
        """Return both signatures of `message` for the use that `tag` names."""
        lattice = self._lattice.sign(framed(tag, message), context=bytes(tag))
        return RootSignature(self._classic.sign(tag, message) + lattice)


def root_id(public: bytes) -> RootId:
    """Return the name of the root that has both public keys."""
    return RootId(fingerprint(public))


def verify(public: bytes, tag: Tag, message: bytes, signature: bytes) -> None:
    """Return if both signatures are by `public`, for `tag` and `message`.

    Raises:
        BadSignatureError: one of them is not, or a length is wrong.
    """
    if len(public) != ROOT_PUBLIC_BYTES or len(signature) != ROOT_SIGNATURE_BYTES:
        raise BadSignatureError("a root identity key or signature of the wrong length")
    classic = sign.PublicKey(public[: sign.PUBLIC_BYTES])
    # INVARIANT: both are checked; neither alone is enough.
    sign.verify(classic, tag, message, signature[:ED25519_SIGNATURE_BYTES])
    try:
        MLDSA65PublicKey.from_public_bytes(public[sign.PUBLIC_BYTES :]).verify(
            signature[ED25519_SIGNATURE_BYTES:], framed(tag, message), context=bytes(tag)
        )
    except (InvalidSignature, ValueError) as err:
        raise BadSignatureError("an ML-DSA-65 signature does not fit") from err
