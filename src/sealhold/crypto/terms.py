"""Equality terms: keyed BLAKE2b of a value, 16 bytes, or only the first bits of it.

- Equal values give equal terms, under one key. Whole terms of differing values differ.
- A *beacon* keeps 8 to 32 bits: many values share it, so whoever sees it learns the bucket alone,
  and rows that it finds are filtered once they are opened.

Source: docs/spec/55-protected-columns.md section 4; RFC 7693.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Final

from sealhold.crypto.secret import Secret

TERM_BYTES: Final = 16
BEACON_BITS: Final = range(8, 33)


class EqualityTerms:
    """One key, prepared for many values."""

    __slots__ = ("_last", "_size", "_start")

    def __init__(self, key: Secret, bits: int = 0) -> None:
        """Take a key of 32 bytes, and how many bits are kept: 8 to 32, or 0 for all 128.

        Raises:
            ValueError: `bits` is neither.
        """
        if bits and bits not in BEACON_BITS:
            raise ValueError(f"a beacon of {bits} bits")
        self._start = blake2b(key=key.reveal(), digest_size=TERM_BYTES)
        self._size = -(-bits // 8)
        self._last = 0xFF << (-bits % 8) & 0xFF  # what is kept of the last byte

    def terms(self, values: Iterable[bytes]) -> list[bytes]:
        """Return the term of each value: 16 bytes, or 1 to 4 with zeros behind the last bit."""
        # THREAT T611: a hash with a key, so that nobody who guesses a value can look it up
        start, terms = self._start, []
        for value in values:
            state = start.copy()
            state.update(value)
            terms.append(state.digest())
        return [self._cut(term) for term in terms] if self._size else terms

    def _cut(self, term: bytes) -> bytes:
        return term[: self._size - 1] + bytes([term[self._size - 1] & self._last])
