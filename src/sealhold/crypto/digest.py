"""Hashes with a tag: SHA-256 where others recompute it, keyed BLAKE3 where only the vault may.

- Every part is length-prefixed (8 bytes, big-endian), the tag too, so no two lists of parts give
  the same input. `sha256` alone is the plain hash of the parts joined, as other formats need it.
- A keyed digest of 16 bytes is the first half of the one of 32; a tag is used at one length.
- A stream has the length 2^64 - 1, which no part has, so it never equals a list of parts.

Source: docs/spec/02-sealing.md section 2.
"""

import hashlib
import hmac
import struct

from blake3 import blake3

from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

DIGEST_BYTES = 32
MAC_BYTES = 16

_length = struct.Struct(">Q").pack
_STREAM = b"\xff" * 8


def framed(*parts: bytes) -> bytes:
    """Return `parts` as one byte string that no other list of parts gives."""
    if len(parts) == 1:
        return _length(len(parts[0])) + parts[0]
    if len(parts) == 2:  # noqa: PLR2004  # reason: nearly all lists are of one or two
        one, two = parts
        return b"".join((_length(len(one)), one, _length(len(two)), two))
    return b"".join([piece for part in parts for piece in (_length(len(part)), part)])


def sha256(*parts: bytes) -> bytes:
    """Return the 32-byte SHA-256 of `parts` joined, without tag or lengths."""
    return hashlib.sha256(b"".join(parts)).digest()


class Sha256:
    """The plain SHA-256 of what comes piece by piece."""

    def __init__(self) -> None:
        self._state = hashlib.sha256()

    def update(self, piece: bytes) -> None:
        """Take in what comes next."""
        self._state.update(piece)

    def digest(self) -> bytes:
        """Return the 32 bytes over all that came so far."""
        return self._state.digest()


def sha512(*parts: bytes) -> bytes:
    """Return the 64-byte SHA-512 of `parts` joined, without tag or lengths."""
    return hashlib.sha512(b"".join(parts)).digest()


def fingerprint(data: bytes | bytearray) -> bytes:
    """Return the 32-byte BLAKE3 of `data`, which is ciphertext: the name of a stored object."""
    return blake3(data).digest()


def tagged(tag: Tag, *parts: bytes) -> bytes:
    """Return the 32-byte SHA-256 of `tag` and `parts`; anyone can recompute it."""
    return hashlib.sha256(framed(tag, *parts)).digest()


def report_data(nonce: bytes, statement: bytes, session: bytes) -> bytes:
    """Return the 64 bytes that evidence about a machine is bound to: whose answer it vouches for.

    Args:
        nonce: what the recipient sent along.
        statement: the 32-byte SHA-256 of what was signed.
        session: the 32-byte public key that signed it.
    """
    return hashlib.sha512(framed(Tag.REPORT_DATA, nonce, statement, session)).digest()


def keyed(key: Secret, tag: Tag, *parts: bytes) -> bytes:
    """Return the 32-byte keyed BLAKE3 of `tag` and `parts`. The key has 32 bytes."""
    return blake3(framed(tag, *parts), key=key.reveal()).digest()


def mac16(key: Secret, tag: Tag, *parts: bytes) -> bytes:
    """Return the 16-byte keyed BLAKE3 of `tag` and `parts`. The key has 32 bytes."""
    return blake3(framed(tag, *parts), key=key.reveal()).digest(MAC_BYTES)


def equal(one: bytes, other: bytes) -> bool:
    """Return whether both are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


class Keyed:
    """`keyed` and `mac16` of one key and tag, prepared for many short inputs."""

    __slots__ = ("_start",)

    def __init__(self, key: Secret, tag: Tag) -> None:
        self._start = blake3(framed(tag), key=key.reveal())

    def after(self, *parts: bytes) -> "Keyed":
        """Return what gives for any parts what this gives for `parts` and those."""
        following = object.__new__(Keyed)
        following._start = self._start.copy().update(framed(*parts))
        return following

    def digest(self, *parts: bytes) -> bytes:
        """Return the same 32 bytes as `keyed`."""
        return self._start.copy().update(framed(*parts)).digest()

    def mac16(self, *parts: bytes) -> bytes:
        """Return the same 16 bytes as `mac16`."""
        return self._start.copy().update(framed(*parts)).digest(MAC_BYTES)


class FileDigest:
    """Keyed BLAKE3 of one stream that is too large to hold."""

    __slots__ = ("_hash",)

    def __init__(self, key: Secret, tag: Tag) -> None:
        self._hash = blake3(framed(tag) + _STREAM, key=key.reveal())

    def update(self, piece: bytes) -> None:
        """Add the next piece; where the stream is cut into pieces makes no difference."""
        self._hash.update(piece)

    def digest(self) -> bytes:
        """Return the 32 bytes for all that was added so far."""
        return self._hash.digest()
