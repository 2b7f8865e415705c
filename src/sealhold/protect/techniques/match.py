"""`match`: a term beside the cell, equal where values are equal.

- `Match` holds whole terms: what it finds is what was asked for.
- `LooseMatch` holds terms that several values share: beacons, or terms of folded text. It finds
  all rows that are asked for and others; those are filtered out once rows are opened. So it answers
  neither grouping nor uniqueness nor joins.
"""

import unicodedata
from collections.abc import Sequence
from typing import ClassVar

from sealhold.crypto.terms import EqualityTerms
from sealhold.protect.pgtypes.errors import TypeRefusedError
from sealhold.protect.spec import Leak, Op

_ATTACK = "frequency analysis: who knows how often each value occurs reads the common ones"


class Match:
    """Terms of one column, of 16 bytes."""

    name: ClassVar[str] = "match"
    suffix: ClassVar[str] = "_m"
    reversible: ClassVar[bool] = False
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset({Op.EQUAL, Op.JOIN, Op.GROUP})
    sql_type: str = "bytea"

    def __init__(self, terms: EqualityTerms) -> None:
        self._terms = terms

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak("which rows are equal in this column, and how often each value occurs", _ATTACK),
        )

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        return self._terms.terms(values)

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del stored, places
        raise TypeRefusedError(f"`{self.name}` keeps no value")


class LooseMatch(Match):
    """Terms of one column that several values share."""

    exact: ClassVar[bool] = False
    answers: ClassVar[frozenset[Op]] = frozenset({Op.EQUAL})

    def __init__(self, terms: EqualityTerms, *, bits: int, fold: bool) -> None:
        super().__init__(terms)
        self._bits = bits
        self._fold = fold

    @property
    def leaks(self) -> tuple[Leak, ...]:
        if not self._bits:
            return super().leaks
        learns = f"which of {2**self._bits:,} buckets each value is in, and how full each is"
        return (Leak(learns, "frequency analysis of buckets"),)

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        return super().encode([folded(value) for value in values] if self._fold else values, places)


def folded(value: bytes) -> bytes:
    """Return text of UTF-8 in one form for all ways to write it: NFKC, casefold."""
    return unicodedata.normalize(
        "NFKC", unicodedata.normalize("NFKC", value.decode()).casefold()
    ).encode()
