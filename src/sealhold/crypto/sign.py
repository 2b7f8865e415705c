"""Ed25519 signatures, and how a person recognises a key.

- `sign` covers a tag and the message, so a signature for one use is none for another. `sign_raw`
  covers the bytes alone, for formats of others (DSSE, signed notes) that bring their own tag.
- The words help an eye compare two screens. They carry 32 bits and prove nothing.

Source: docs/spec/03-keys.md section 4; RFC 8032.
"""

from collections.abc import Collection
from typing import NewType

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.crypto.words import WORDS
from sealhold.model.errors import BadSignatureError

PublicKey = NewType("PublicKey", bytes)  # 32 bytes
Signature = NewType("Signature", bytes)  # 64 bytes

PUBLIC_BYTES = 32
WORD_COUNT = 4


class SigningKey:
    """An Ed25519 key pair from its 32-byte seed."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: Secret) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.public = PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, tag: Tag, message: bytes) -> Signature:
        """Return the signature of `message` for the use that `tag` names."""
        return self.sign_raw(framed(tag, message))

    def sign_raw(self, message: bytes) -> Signature:
        """Return the signature of exactly these bytes; their format must rule out confusion."""
        return Signature(self._key.sign(message))


def verify(public: PublicKey, tag: Tag, message: bytes, signature: bytes) -> None:
    """Return if `signature` is by `public`, for `tag` and `message`.

    Raises:
        BadSignatureError: it is not.
    """
    verify_raw(public, framed(tag, message), signature)


def verify_raw(public: PublicKey, message: bytes, signature: bytes) -> None:
    """Return if `signature` is by `public`, of exactly these bytes.

    Raises:
        BadSignatureError: it is not, or `public` is no key.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as err:
        raise BadSignatureError("an Ed25519 signature does not fit") from err


def key_digest(public: bytes) -> str:
    """Return the SHA-256 of a public key in hex: what is compared when it counts."""
    return sha256(public).hex()


def is_named(public: bytes, names: Collection[bytes]) -> bool:
    """Return whether `names`, of 32 bytes each, has a public key or the SHA-256 digest of it."""
    return public in names or sha256(public) in names


def key_words(public: bytes) -> tuple[str, ...]:
    """Return four words for a public key: a help for the eye, never proof."""
    return tuple(WORDS[byte] for byte in sha256(public)[:WORD_COUNT])
