"""What is shared at T2: content under a key of this very version, which the owner keeps.

- The key follows from the share's secret; it is given for one use, sealed to who asked.
- Content goes piece by piece; each piece knows its number and whether it is the last.

Source: docs/spec/52-share-spaces.md section 4.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealBrokenError

MAGIC: Final = b"SHT2"
PIECE: Final = 65_536  # bytes of content
SEAL: Final = 16


def use_key(secret: Secret, thing: bytes, version: bytes) -> Secret:
    """Return the key of one version of one object of a share."""
    return derive(secret, Tag.USE_KEY, thing, version)


def sealed_for_use(
    content: Iterable[bytes], key: Secret, thing: bytes, version: bytes
) -> Iterator[bytes]:
    """Yield content sealed under its use key."""
    cipher = AESGCM(key.reveal())
    yield MAGIC
    number, waiting = 0, b""
    for piece in content:
        waiting += piece
        while len(waiting) > PIECE:
            yield cipher.encrypt(
                _nonce(number), waiting[:PIECE], _place(thing, version, number, last=False)
            )
            number, waiting = number + 1, waiting[PIECE:]
    yield cipher.encrypt(_nonce(number), waiting, _place(thing, version, number, last=True))


def opened_for_use(
    sealed: Iterable[bytes], key: Secret, thing: bytes, version: bytes
) -> Iterator[bytes]:
    """Yield content that was sealed for a use.

    Raises:
        SealBrokenError: changed, cut, or another version's.
    """
    cipher = AESGCM(key.reveal())
    number, waiting, begun = 0, b"", False
    for piece in sealed:
        waiting += piece
        if not begun and len(waiting) >= len(MAGIC):
            if waiting[: len(MAGIC)] != MAGIC:
                raise SealBrokenError("no content that is sealed for a use")
            waiting, begun = waiting[len(MAGIC) :], True
        while begun and len(waiting) > PIECE + SEAL:
            place = _place(thing, version, number, last=False)
            yield _open(cipher, number, waiting[: PIECE + SEAL], place)
            number, waiting = number + 1, waiting[PIECE + SEAL :]
    if not begun:
        raise SealBrokenError("content that was cut")
    # THREAT T549: what was cut has no last piece
    yield _open(cipher, number, waiting, _place(thing, version, number, last=True))


def _open(cipher: AESGCM, number: int, sealed: bytes, place: bytes) -> bytes:
    try:
        return cipher.decrypt(_nonce(number), sealed, place)
    except InvalidTag as err:
        raise SealBrokenError("what is shared was changed, or is another version") from err


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _place(thing: bytes, version: bytes, number: int, *, last: bool) -> bytes:
    return framed(Tag.USE_PIECE, thing, version, number.to_bytes(8, "big"), bytes([last]))
