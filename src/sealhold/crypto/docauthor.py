"""Under which number an incarnation of a device edits documents.

- The number is keyed, so it tells nobody without the key which device it is.
- It is never the one number that the engine of documents keeps for itself.

Source: docs/spec/48-documents.md section 2.
"""

from sealhold.crypto.digest import keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag

AUTHOR_BYTES = 8
TURN_BYTES = 4
_RESERVED = (1 << 64) - 1


def author_of(key: Secret, device: bytes, incarnation: bytes, turn: int = 0) -> int:
    """Return the 64-bit number of an author of documents.

    Args:
        key: 32 bytes that everybody has who reads the documents of the collection.
        device: id of the device, 16 bytes.
        incarnation: id of the incarnation of its state, 16 bytes.
        turn: grows where edits under the number before do not all count.
    """
    more = (turn.to_bytes(TURN_BYTES),) if turn else ()
    digest = keyed(key, Tag.DOCUMENT_AUTHOR, device, incarnation, *more)
    number = int.from_bytes(digest[:AUTHOR_BYTES])
    return number - (number == _RESERVED)
