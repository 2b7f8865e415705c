"""What is shared at T2: content under a key of this very version, which the owner keeps.

- The key follows from the share's secret; it is given for one use, sealed to who asked.

Source: docs/spec/52-share-spaces.md section 4.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from sealhold.crypto.kdf import derive
from sealhold.crypto.pieceseal import open_pieces, seal_pieces
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import SealBrokenError

MAGIC: Final = b"SHT2"


def use_key(secret: Secret, thing: bytes, version: bytes) -> Secret:
    """Return the key of one version of one object of a share."""
    return derive(secret, Tag.USE_KEY, thing, version)


def sealed_for_use(
    content: Iterable[bytes], key: Secret, thing: bytes, version: bytes
) -> Iterator[bytes]:
    """Yield content sealed under its use key."""
    yield MAGIC
    yield from seal_pieces(content, key, Tag.USE_PIECE, thing + version)


def opened_for_use(
    sealed: Iterable[bytes], key: Secret, thing: bytes, version: bytes
) -> Iterator[bytes]:
    """Yield content that was sealed for a use.

    Raises:
        SealBrokenError: changed, cut, or another version's.
    """
    pieces, first = iter(sealed), b""
    while len(first) < len(MAGIC):
        piece = next(pieces, None)
        if piece is None:
            raise SealBrokenError("content that was cut")
        first += piece
    if not first.startswith(MAGIC):
        raise SealBrokenError("no content that is sealed for a use")
    rest = chain([first[len(MAGIC) :]], pieces)
    yield from open_pieces(rest, key, Tag.USE_PIECE, thing + version)
