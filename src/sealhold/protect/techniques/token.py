"""`token`: the column itself, as a random stand-in of the same shape; the map stays with the proxy.

- Each digit becomes a random digit, each letter a letter of its case, in a uuid each digit a
  hexadecimal one; all other characters stay. So 2026-11-07 becomes 7310-48-92.
- A constant of a predicate gets none: what was never stored is looked for by an empty text, or a
  number that no row has, and is found nowhere.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from string import ascii_lowercase, ascii_uppercase, digits, hexdigits
from typing import ClassVar, Final, Protocol

from sealhold.model.clock import Entropy
from sealhold.model.errors import TamperedError
from sealhold.protect.pgtypes.errors import PgValueError, TypeRefusedError
from sealhold.protect.spec import CELL, Leak, Op

TRIES: Final = 64  # for a token that is free
_CLASSES: Final = (digits, ascii_lowercase, ascii_uppercase)
_HEX: Final = hexdigits[:16]
_DRAW: Final = 4  # bytes for one character


class TokenMap(Protocol):
    """Keeps the tokens of one domain, and what they stand for. Durable before it returns."""

    def tokens(self, values: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Return the token of each value that has one."""
        ...

    def values(self, tokens: Iterable[bytes]) -> Mapping[bytes, bytes]:
        """Return the value of each token that stands for one."""
        ...

    def keep(self, drawn: Mapping[bytes, bytes]) -> Mapping[bytes, bytes]:
        """Keep the token of each value; return those that values have, which may be others.

        A value whose token stands for another one has none then: nothing was kept for it.
        """
        ...


class Token:
    """Tokens of one column."""

    name: ClassVar[str] = "token"
    suffix: ClassVar[str] = CELL
    reversible: ClassVar[bool] = True
    exact: ClassVar[bool] = True
    answers: ClassVar[frozenset[Op]] = frozenset({Op.EQUAL, Op.JOIN, Op.GROUP})

    def __init__(
        self,
        kept: TokenMap,
        entropy: Entropy,
        spelled: Callable[[bytes], str],
        read: Callable[[str], bytes],
        sql_type: str,
        never: bytes,
    ) -> None:
        """Take the map, how a value of the column's type is spelled and read, and no token."""
        self._kept = kept
        self._entropy = entropy
        self._spelled = spelled
        self._read = read
        self._hex = sql_type == "uuid"
        self.sql_type = sql_type
        self.never = never  # what no row has

    @property
    def leaks(self) -> tuple[Leak, ...]:
        return (
            Leak(
                "which rows are equal in this column, and how often each value occurs",
                "frequency analysis: who knows how often each value occurs reads the common ones",
            ),
            Leak("the length of each value, and of which kind each character is", ""),
            Leak("characters that are neither a letter from A to Z nor a digit", ""),
            Leak("which values are NULL", ""),
        )

    def encode(self, values: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        known = dict(self._kept.tokens(set(values)))
        new = {value: self._spelled(value) for value in dict.fromkeys(values) if value not in known}
        for _ in range(TRIES):
            if not new:
                return [known[value] for value in values]
            # THREAT T768: a token is durable before anything that has it is sent
            known |= self._kept.keep(self._tried(new))
            new = {value: text for value, text in new.items() if value not in known}
        raise TypeRefusedError("no token of this shape is free")

    def sought(self, value: bytes) -> bytes:
        """Return the token of a value, or what no row has: nobody's question makes a token."""
        return self._kept.tokens((value,)).get(value, self.never)

    def decode(self, stored: Sequence[bytes], places: Sequence[int]) -> list[bytes]:
        del places
        known = self._kept.values(set(stored))
        try:
            return [known[token] for token in stored]
        except KeyError:
            # THREAT T612: a provider that makes up a token gets no value for it
            raise TamperedError("a token that stands for nothing") from None

    def _tried(self, new: Mapping[bytes, str]) -> dict[bytes, bytes]:
        """Return a token drawn for each value, but for those whose type does not reach it."""
        drawn = {}
        for value, text in new.items():
            with suppress(PgValueError):
                token = self._read(self._drawn(text))
                if token != self.never:
                    drawn[value] = token
        return drawn

    def _drawn(self, text: str) -> str:
        drawn = self._entropy(_DRAW * len(text))
        return "".join(
            kind[int.from_bytes(drawn[at * _DRAW : (at + 1) * _DRAW]) % len(kind)]
            if (kind := self._kind(character))
            else character
            for at, character in enumerate(text)
        )

    def _kind(self, character: str) -> str:
        if self._hex:
            return _HEX if character in _HEX else ""
        return next((kind for kind in _CLASSES if character in kind), "")
