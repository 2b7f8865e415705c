"""Long content sealed piece by piece under one key: each piece knows its number and if it is last.

- A key seals one content alone; the number of a piece is its nonce.

Source: docs/spec/52-share-spaces.md section 4.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from sealhold.crypto.digest import framed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealBrokenError

PIECE: Final = 65_536  # bytes of content
SEAL: Final = 16


def seal_pieces(content: Iterable[bytes], key: Secret, tag: Tag, place: bytes) -> Iterator[bytes]:
    """Yield content as sealed pieces; the last may be empty."""
    cipher = AESGCM(key.reveal())
    number, waiting = 0, b""
    for piece in content:
        waiting += piece
        while len(waiting) > PIECE:
            where = _place(tag, place, number, last=False)
            yield cipher.encrypt(_nonce(number), waiting[:PIECE], where)
            number, waiting = number + 1, waiting[PIECE:]
    yield cipher.encrypt(_nonce(number), waiting, _place(tag, place, number, last=True))


def open_pieces(sealed: Iterable[bytes], key: Secret, tag: Tag, place: bytes) -> Iterator[bytes]:
    """Yield content that was sealed in pieces.

    Raises:
        SealBrokenError: changed, cut, or sealed for another place.
    """
    cipher = AESGCM(key.reveal())
    number, waiting = 0, b""
    for piece in sealed:
        waiting += piece
        while len(waiting) > PIECE + SEAL:
            where = _place(tag, place, number, last=False)
            yield _open(cipher, number, waiting[: PIECE + SEAL], where)
            number, waiting = number + 1, waiting[PIECE + SEAL :]
    # THREAT T549: what was cut has no last piece
    yield _open(cipher, number, waiting, _place(tag, place, number, last=True))


def _open(cipher: AESGCM, number: int, sealed: bytes, where: bytes) -> bytes:
    try:
        return cipher.decrypt(_nonce(number), sealed, where)
    except InvalidTag as err:
        raise SealBrokenError("sealed content was changed, or belongs elsewhere") from err


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _place(tag: Tag, place: bytes, number: int, *, last: bool) -> bytes:
    return framed(tag, place, number.to_bytes(8, "big"), bytes([last]))
