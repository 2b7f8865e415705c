"""Cards and letters as text, so that they go through a mail, a chat or a file.

- A first and a last line, and base64 in lines of 64 between. What is inside checks itself.
- A card in short has the hashes of its keys alone: it is shown as a QR code, and verifies a card.

Source: docs/spec/51-contacts.md section 5.
"""

import base64
import binascii
from enum import StrEnum

from sealhold.crypto.digest import DIGEST_BYTES, tagged
from sealhold.crypto.tags import Tag
from sealhold.model.errors import InvalidEncodingError
from sealhold.sharing.peers.card import Card, box_hash

LINE = 64  # characters
PREFIX = "SEALHOLD-CONTACT:"
_VERSION = b"\x01"
_CHECK = 4  # bytes


class Sort(StrEnum):
    """What stands in the text."""

    CARD = "CARD"
    LETTER = "LETTER"
    NOTICES = "RECOVERY NOTICE"  # of one holder or several


def armoured(sort: Sort, data: bytes) -> str:
    """Return bytes as text."""
    text = base64.b64encode(data).decode("ascii")
    lines = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return "\n".join([_first(sort), *lines, _last(sort), ""])


def unarmoured(sort: Sort, text: str, most: int) -> bytes:
    """Return the bytes in a text, which may have something before and behind it.

    Raises:
        InvalidEncodingError: there is none of that sort in it, or one of more than `most` bytes.
    """
    _, first, rest = text.partition(_first(sort))
    body, last, _ = rest.partition(_last(sort))
    if not first or not last:
        raise InvalidEncodingError(f"no {sort.value.lower()} stands in this text")
    packed = "".join(body.split())
    if len(packed) > 2 * most:
        raise InvalidEncodingError(f"a {sort.value.lower()} of more than {most} bytes")
    try:
        return base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError(f"a {sort.value.lower()} that was cut or changed") from err


def short(card: Card) -> str:
    """Return a card in short: 129 capitals and digits, for a QR code."""
    told = _VERSION + card.id + box_hash(card)
    text = base64.b32encode(told + _checked(told)).decode("ascii").rstrip("=")
    return f"{PREFIX}{text}"


def read_short(text: str) -> tuple[bytes, bytes]:
    """Return root id and hash of the box key, 32 bytes each, of a card in short.

    Raises:
        InvalidEncodingError: it is none.
    """
    packed = "".join(text.split()).upper().removeprefix(PREFIX)
    try:
        told = base64.b32decode(packed + "=" * (-len(packed) % 8))
    except (binascii.Error, ValueError) as err:
        raise InvalidEncodingError("not a card in short") from err
    body, check = told[:-_CHECK], told[-_CHECK:]
    if len(body) != 1 + 2 * DIGEST_BYTES or body[:1] != _VERSION or check != _checked(body):
        raise InvalidEncodingError("not a card in short, or one that was typed wrongly")
    return body[1 : 1 + DIGEST_BYTES], body[1 + DIGEST_BYTES :]


def is_short(text: str) -> bool:
    """Return whether a text is a card in short."""
    return text.strip().upper().startswith(PREFIX)


def _checked(told: bytes) -> bytes:
    return tagged(Tag.CONTACT_SHORT, told)[:_CHECK]


def _first(sort: Sort) -> str:
    return f"-----BEGIN SEALHOLD {sort.value}-----"


def _last(sort: Sort) -> str:
    return f"-----END SEALHOLD {sort.value}-----"
