"""The keys and pieces of a link share: all of it what a browser's own cryptography can do as well.

- The key of the link and the passphrase both go into every derived key; the salt follows from the
  key, so whoever has not the link cannot even begin to guess.
- A piece is bound to its link, its number and the count of all: none can be moved, dropped or
  repeated. A link's content key seals each number once.

Source: docs/spec/53-link-shares.md sections 2 and 3; RFC 8018; NIST SP 800-38D.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from sealhold.crypto.digest import framed
from sealhold.crypto.kdf import derive
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealBrokenError
from sealhold.model.ids import Id16

KEY_BYTES: Final = 32
ROUNDS: Final = 600_000
ADDED: Final = 16  # bytes that sealing adds to a piece


@dataclass(frozen=True, slots=True)
class LinkKeys:
    """What follows from a link and its passphrase."""

    content: Secret
    proof: Secret


def link_keys(key: Secret, link: Id16, passphrase: str = "") -> LinkKeys:
    """Return the keys of a link, whose own has 32 bytes; an empty passphrase is none."""
    master = key
    if passphrase:
        # THREAT T557: a guess needs the key of the link, and costs 600,000 rounds
        typed = unicodedata.normalize("NFKC", passphrase).encode("utf-8", "replace")
        salt = derive(key, Tag.LINK_SALT, link).reveal()
        stretched = PBKDF2HMAC(SHA256(), KEY_BYTES, salt, ROUNDS).derive(typed)
        master = Secret(key.reveal() + stretched, "link master key")
    return LinkKeys(derive(master, Tag.LINK_CONTENT, link), derive(master, Tag.LINK_PROOF, link))


def seal_piece(content: Secret, link: Id16, number: int, count: int, plain: bytes) -> bytes:
    """Return piece `number` of `count` sealed, 16 bytes longer."""
    nonce, place = _place(link, number, count)
    return AESGCM(content.reveal()).encrypt(nonce, plain, place)


def open_piece(content: Secret, link: Id16, number: int, count: int, sealed: bytes) -> bytes:
    """Return what `seal_piece` was given.

    Raises:
        SealBrokenError: changed, moved, of another link, or of more or fewer pieces.
    """
    nonce, place = _place(link, number, count)
    try:
        # THREAT T556: number and count are part of the check
        return AESGCM(content.reveal()).decrypt(nonce, sealed, place)
    except InvalidTag as err:
        raise SealBrokenError("a piece of a link share does not open in this place") from err


def _place(link: Id16, number: int, count: int) -> tuple[bytes, bytes]:
    told = number.to_bytes(4, "big")
    return bytes(8) + told, framed(Tag.LINK_PIECE, link, told, count.to_bytes(4, "big"))
