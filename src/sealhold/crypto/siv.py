"""Deterministic sealing: AES-256-SIV. Equal values of one place give equal bytes.

- Whoever sees two sealed values learns whether they are equal, and how long they are; no more.
- The first 16 bytes are a tag over value and place, so what was changed or moved does not open.

Source: docs/spec/55-protected-columns.md section 5; RFC 5297.
"""

from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealBrokenError

SIV_BYTES: Final = 16  # what a sealed value is longer


class Siv:
    """One key and place, prepared for many values."""

    __slots__ = ("_cipher", "_place")

    def __init__(self, key: Secret, tag: Tag, place: bytes) -> None:
        """Prepare a key of 32 bytes, from which the 64 of AES-256-SIV are derived."""
        halves = (derive(key, Tag.SIV, half).reveal() for half in (b"mac", b"ctr"))
        self._cipher = AESSIV(b"".join(halves))
        self._place = [bytes(tag), place]

    def seal(self, values: Iterable[bytes]) -> list[bytes]:
        """Return each value sealed, 16 bytes longer."""
        encrypt, place = self._cipher.encrypt, self._place
        return [encrypt(value, place) for value in values]

    def open(self, sealed: Iterable[bytes]) -> list[bytes]:
        """Return what `seal` was given.

        Raises:
            SealBrokenError: changed, cut, or sealed under another key or for another place.
        """
        decrypt, place = self._cipher.decrypt, self._place
        try:
            return [decrypt(each, place) for each in sealed]
        except InvalidTag as err:
            raise SealBrokenError("a deterministic value does not open in this place") from err
