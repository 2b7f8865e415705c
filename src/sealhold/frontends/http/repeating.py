"""`Idempotency-Key`: a request that comes again is answered again, and carried out once.

Source: docs/spec/25-records-of-people.md section 10.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from sealhold.model.errors import InvalidError

KEY, REPLAYED = "idempotency-key", "idempotency-replayed"
FORM = re.compile(r"[!-~]{1,64}")


class Kept(NamedTuple):
    """An answer as it is kept."""

    status: int
    media: str
    etag: str
    body: bytes


def key_of(header: str) -> str:
    """Return the key that a header names.

    Raises:
        InvalidError: it is none.
    """
    if not FORM.fullmatch(header):
        raise InvalidError("an `Idempotency-Key` has 1 to 64 visible ASCII characters")
    return header


def whole_of(names: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> bytes:
    """Return all of a request that may not be another when it comes again."""
    told = {name: value for name, value in headers.items() if name != KEY}
    return msgspec.msgpack.encode([sorted(names.items()), sorted(told.items()), body])


def packed(kept: Kept) -> bytes:
    """Return an answer as bytes."""
    return msgspec.msgpack.encode(kept)


def unpacked(data: bytes) -> Kept:
    """Return the answer that `packed` was given."""
    return Kept(*msgspec.msgpack.decode(data))
