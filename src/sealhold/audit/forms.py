"""How single values stand in a signed JSON paper: one form each, read back or refused.

- An id is a lower-case UUID, a digest or public key 64 hex digits, a count an integer from 0 on.
- `true` is no count, though the language takes it for 1; an empty text says nothing.

Source: docs/spec/06-receipts.md section 2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sealhold.crypto.merkle import HASH_BYTES
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import Id16, canonical


@dataclass(frozen=True, slots=True)
class Form:
    """Writes a value as JSON has it, and reads it back; reading raises `InvalidEncodingError`."""

    write: Callable[[Plain], Plain]
    read: Callable[[Plain], Plain]


def read_id(value: Plain) -> Id16:
    """Return the 16 bytes of an id.

    Raises:
        InvalidEncodingError: not a lower-case UUID.
    """
    try:
        found = Id16(UUID(value).bytes)
    except (ValueError, AttributeError, TypeError) as err:
        raise InvalidEncodingError("not an id") from err
    if canonical(found) != value:
        raise InvalidEncodingError("not the one form of an id")
    return found


def read_hash(value: Plain) -> bytes:
    """Return the 32 bytes of a digest or public key.

    Raises:
        InvalidEncodingError: not 64 lower-case hex digits.
    """
    try:
        found = bytes.fromhex(value)
    except (ValueError, TypeError) as err:
        raise InvalidEncodingError("not a digest") from err
    if len(found) != HASH_BYTES or found.hex() != value:
        raise InvalidEncodingError("not 64 hex digits")
    return found


def read_count(value: Plain) -> int:
    """Return a whole number from 0 on.

    Raises:
        InvalidEncodingError: anything else.
    """
    if type(value) is not int or value < 0:
        raise InvalidEncodingError("not a count")
    return value


def read_text(value: Plain) -> str:
    """Return a text that is not empty.

    Raises:
        InvalidEncodingError: anything else.
    """
    if not isinstance(value, str) or not value:
        raise InvalidEncodingError("not a text")
    return value


def _read_flag(value: Plain) -> bool:
    if not isinstance(value, bool):
        raise InvalidEncodingError("not a flag")
    return value


def _as_it_is(value: Plain) -> Plain:
    return value


ID = Form(canonical, read_id)
HASH = Form(bytes.hex, read_hash)
COUNT = Form(_as_it_is, read_count)
TEXT = Form(_as_it_is, read_text)
FLAG = Form(_as_it_is, _read_flag)


def word(words: type[StrEnum]) -> Form:
    """Return the form of one word of a closed set."""

    def read(value: Plain) -> StrEnum:
        try:
            return words(value)
        except ValueError as err:
            raise InvalidEncodingError(f"not a word of {words.__name__}") from err

    return Form(str, read)
