"""Pairs of label and value, by which a provider finds the rows of a word without knowing it.

- A word has a key of its own. Each row that gets or loses the word takes the next counter, and the
  counter gives a label to look up and a pad for the row. To who has no key of the word, labels and
  values are random, also those of words that were searched before: forward privacy.
- A value carries a keyed tag: whatever bit of it is changed, it does not open. Else one flipped
  bit would turn an added row into a removed one.
- A counter is never used for two pairs: whoever gives them out says so (`protect/pairs.py`).

Source: docs/spec/55-protected-columns.md section 8; after Ghareh Chamani, Papadopoulos,
Papamanthou and Jalili, New Constructions for Forward and Backward Private Symmetric Searchable
Encryption, CCS 2018 (Mitra).
"""

import hmac
import struct
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, NamedTuple

from sealhold.crypto.secret import Secret
from sealhold.model.errors import SealBrokenError

LABEL_BYTES: Final = 16
VALUE_BYTES: Final = 16
MAX_ROW: Final = 2**63 - 1
_WHOLE: Final = 48  # bytes of one hash: label, pad, key of the tag
_PAD_AT: Final = LABEL_BYTES
_TAG_KEY_AT: Final = LABEL_BYTES + VALUE_BYTES
_TAG: Final = 8
_u64 = struct.Struct(">Q").pack
_read_u64 = struct.Struct(">Q").unpack_from


class Pair(NamedTuple):
    """What the provider keeps for one word of one row."""

    label: bytes  # 16
    value: bytes  # 16


class Entry(NamedTuple):
    """What a pair says: a row has a word, or has it no more."""

    row: int
    removed: bool


class WordKey:
    """The key of one word in one epoch, prepared for many counters."""

    __slots__ = ("_start",)

    def __init__(self, key: bytes) -> None:
        """Take the 32 bytes that `word_key` gives."""
        self._start = blake2b(key=key, digest_size=_WHOLE)

    def seal(self, counter: int, entry: Entry) -> Pair:
        """Return the pair of a counter that was never used before.

        Raises:
            ValueError: a row of more than 63 bits.
        """
        if not 0 <= entry.row <= MAX_ROW:
            raise ValueError("a row of more than 63 bits")
        whole = self._whole(counter)
        said = _u64(entry.row << 1 | entry.removed)
        plain = int.from_bytes(said + _tag(whole, said))
        pad = int.from_bytes(whole[_PAD_AT:_TAG_KEY_AT])
        return Pair(whole[:LABEL_BYTES], (plain ^ pad).to_bytes(VALUE_BYTES))

    def labels(self, counters: Iterable[int]) -> list[bytes]:
        """Return the label of each counter."""
        return [self._whole(counter)[:LABEL_BYTES] for counter in counters]

    def open(self, counter: int, value: bytes) -> Entry:
        """Return what the pair of a counter says.

        Raises:
            SealBrokenError: the value was changed, or is another label's.
        """
        whole = self._whole(counter)
        pad = int.from_bytes(whole[_PAD_AT:_TAG_KEY_AT])
        if len(value) != VALUE_BYTES:
            raise SealBrokenError(f"a value of {len(value)} bytes beside a label")
        plain = (int.from_bytes(value) ^ pad).to_bytes(VALUE_BYTES)
        # THREAT T613: one flipped bit would make another row of it, or a removed one
        if not hmac.compare_digest(plain[8:], _tag(whole, plain[:8])):
            raise SealBrokenError("a value does not belong to its label, or was changed")
        (said,) = _read_u64(plain)
        return Entry(said >> 1, bool(said & 1))

    def _whole(self, counter: int) -> bytes:
        state = self._start.copy()
        state.update(_u64(counter))
        return state.digest()


def word_key(key: Secret, epoch: int, word: bytes) -> WordKey:
    """Return the key of a word in an epoch: BLAKE2b-256 under `key`, which has 32 bytes."""
    return WordKey(blake2b(_u64(epoch) + word, key=key.reveal(), digest_size=32).digest())


def _tag(whole: bytes, said: bytes) -> bytes:
    return blake2b(said, key=whole[_TAG_KEY_AT:], digest_size=_TAG).digest()
