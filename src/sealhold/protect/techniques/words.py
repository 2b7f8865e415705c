"""`words`: rows of a text column are found by the words in them.

Has no companion column: the words of a row go, as pairs of label and value, into a table of their
own (`protect/pairs.py`). So it is no `Technique`; a statement uses it like this:

- INSERT: `batch = words.pairs.batch([words.change(rid, None, text)])`; the pairs go into the table
  in the same transaction; then `words.pairs.settle(batch.ticket, used=...)`.
- UPDATE and DELETE: as INSERT, with `change(rid, old, new)` of the opened old value.
- `col @@ to_tsquery('simple', ...)`: `search = words.pairs.search(query.words())`, its chunks are
  looked up, `found = search.found(...)`, and `query.rows(found)` are the row numbers.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from sealhold.model.errors import InvalidQueryError
from sealhold.protect.pairs import Change, Found, Pairs
from sealhold.protect.spec import Leak, Op

MAX_WORD: Final = 64  # characters of a word that count
_WORD: Final = re.compile(r"[^\W_]+")
_WHOLE, _PREFIX = b"w", b"p"  # so that a whole word is not taken for a prefix of others
_PREFIXES: Final = re.compile(r"prefix([1-9][0-9]?)-([1-9][0-9]?)")


class Words:
    """The words of one column."""

    name: ClassVar[str] = "words"
    answers: ClassVar[frozenset[Op]] = frozenset({Op.WORD})
    exact: ClassVar[bool] = True

    def __init__(self, pairs: Pairs, tokens: str) -> None:
        """Take `tokens` as a policy has it: `unicode`, or `prefix3-8` for prefixes of 3 to 8 too.

        Raises:
            InvalidQueryError: `tokens` is neither.
        """
        self.pairs = pairs
        said = _PREFIXES.fullmatch(tokens)
        if said is None and tokens != "unicode":
            raise InvalidQueryError(f"`{tokens}` is no way to find words")
        self.prefixes = range(int(said[1]), int(said[2]) + 1) if said else range(0)

    @property
    def leaks(self) -> tuple[Leak, ...]:
        count = "how many differing words each row has"
        if self.prefixes:
            count += ", with their prefixes"
        return (
            Leak(
                "whether words are searched again, and how many pairs each search asks for",
                "known queries: who knows how common words are tells searches apart by their size",
            ),
            Leak("which rows a search opens", "the same"),
            Leak(count, ""),
        )

    def terms(self, text: str) -> set[bytes]:
        """Return what a text is found by."""
        found = set()
        for word in words_of(text):
            found.add(_WHOLE + word.encode())
            for length in self.prefixes:
                if length <= len(word):
                    found.add(_PREFIX + word[:length].encode())
        return found

    def change(self, row: int, old: str | None, new: str | None) -> Change:
        """Return what changes for a row whose text was `old` and is now `new`; None for no text."""
        before = set() if old is None else self.terms(old)
        after = set() if new is None else self.terms(new)
        return Change(row, tuple(after - before), tuple(before - after))

    def word(self, text: str, *, prefix: bool = False) -> "Query":
        """Return the query for one word, or for all words that begin so.

        Raises:
            InvalidQueryError: not one word, or a prefix that is not kept.
        """
        listed = list(words_of(text))
        if len(listed) != 1:
            raise InvalidQueryError("a search is for single words")
        if not prefix:
            return Word(_WHOLE + listed[0].encode())
        if len(listed[0]) not in self.prefixes:
            raise InvalidQueryError(f"prefixes of {len(listed[0])} characters are not kept")
        return Word(_PREFIX + listed[0].encode())


def words_of(text: str) -> Iterator[str]:
    """Yield the words of a text: letters and digits in a row, NFKC, casefold, not too long."""
    once = unicodedata.normalize("NFKC", text).casefold()
    for found in _WORD.finditer(unicodedata.normalize("NFKC", once)):
        yield found[0][:MAX_WORD]


@dataclass(frozen=True, slots=True)
class Word:
    """Rows that have a word."""

    term: bytes

    def words(self) -> set[bytes]:
        """Return what is searched for."""
        return {self.term}

    def rows(self, found: Found) -> set[int]:
        """Return the rows."""
        return found.rows(self.term)


@dataclass(frozen=True, slots=True)
class All:
    """Rows of all parts, less those of `but`."""

    parts: tuple["Query", ...]
    but: tuple["Query", ...] = ()

    def __post_init__(self) -> None:
        if not self.parts:
            raise InvalidQueryError("a search needs a word that rows have, not only some they lack")

    def words(self) -> set[bytes]:
        """Return what is searched for."""
        return set().union(*(part.words() for part in (*self.parts, *self.but)))

    def rows(self, found: Found) -> set[int]:
        """Return the rows."""
        rows = set.intersection(*(part.rows(found) for part in self.parts))
        return rows.difference(*(part.rows(found) for part in self.but))


@dataclass(frozen=True, slots=True)
class Some:
    """Rows of any part."""

    parts: tuple["Query", ...]

    def words(self) -> set[bytes]:
        """Return what is searched for."""
        return set().union(*(part.words() for part in self.parts))

    def rows(self, found: Found) -> set[int]:
        """Return the rows."""
        return set().union(*(part.rows(found) for part in self.parts))


Query = Word | All | Some
