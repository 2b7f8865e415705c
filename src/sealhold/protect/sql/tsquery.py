"""Text searches as PostgreSQL writes them, read for the words that a column is found by.

- Operands are words of letters and digits, alone or in quotes, a prefix with `:*`; between them
  `&`, `|`, `!` and parentheses. What PostgreSQL would cut otherwise than into one word (`a-b`,
  `a_b`, `a.b`), phrases and weights are refused.
- A search may ask for all rows but some: it is told so, and the words are those of the others.
- Rows are the same as PostgreSQL's under the configuration `simple` for *plain* texts. Of other
  texts, section 14 of the source says what is found besides.

Source: docs/spec/60-statements.md section 14; PostgreSQL 15, chapter 12.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sealhold.model.errors import InvalidQueryError
from sealhold.protect.pgtypes.errors import PgValueError
from sealhold.protect.techniques.words import MAX_WORD, All, Query, Some, Words

SYNTAX: Final = "42601"
MOST: Final = 100  # words of one search
DEPTH: Final = 50  # of parentheses and negations
_TOKEN: Final = re.compile(r"\s*(?:([!&|()])|('?)([^\W_]+)\2(:\*+)?(?![^\s!&|()]))")
_PLAIN: Final = re.compile(r"(?:[A-Za-z0-9\s!\"#$%'()*,;=?\[\\\]^`{|}]|[.:](?![A-Za-z0-9.:]))*")
_TOO_LONG: Final = re.compile(rf"[A-Za-z0-9]{{{MAX_WORD + 1}}}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The rows that a search asks for: those of `query`, or all others that are not NULL."""

    query: Query | None  # None: no word, hence no row
    is_negated: bool = False


NOTHING: Final = Wanted(None)


def is_plain(text: str) -> bool:
    """Return whether PostgreSQL's parser finds the same words in a text as `words_of`."""
    return bool(_PLAIN.fullmatch(text)) and not _TOO_LONG.search(text)


def read_plain(text: str, words: Words) -> Wanted:
    """Return what `plainto_tsquery` asks for: rows that have all words of a text.

    Raises:
        InvalidQueryError: a text that PostgreSQL might cut into other words.
    """
    if not is_plain(text):
        raise InvalidQueryError("words of letters and digits alone are searched here")
    found = re.findall(r"[A-Za-z0-9]+", text)
    if len(found) > MOST:
        raise InvalidQueryError(f"a search is for {MOST} words at most")
    if not found:
        return NOTHING
    return Wanted(All(tuple(words.word(each) for each in found)))


def read_tsquery(text: str, words: Words) -> Wanted:
    """Return what `to_tsquery` asks for.

    Raises:
        InvalidQueryError: what may mean something else at PostgreSQL, or is not kept.
        PgValueError: what PostgreSQL calls a syntax error.
    """
    return _Reader(text, words).wanted()


class _Reader:
    """One text on its way."""

    def __init__(self, text: str, words: Words) -> None:
        self._text, self._words = text, words
        self._tokens = _tokens(text)
        self._at = 0
        self._depth = 0

    def wanted(self) -> Wanted:
        if not self._tokens:
            return NOTHING
        found = self._either()
        if self._at < len(self._tokens):
            raise self._wrong()
        return found

    def _either(self) -> Wanted:
        parts = [self._both()]
        while self._next() == "|":
            self._at += 1
            parts.append(self._both())
        return _some(parts) if len(parts) > 1 else parts[0]

    def _both(self) -> Wanted:
        parts = [self._single()]
        while self._next() == "&":
            self._at += 1
            parts.append(self._single())
        return _all(parts) if len(parts) > 1 else parts[0]

    def _single(self) -> Wanted:
        token = self._next()
        self._at += 1
        match token:
            case "!":
                with_it = self._deeper(self._single)
                return Wanted(with_it.query, not with_it.is_negated)
            case "(":
                inner = self._deeper(self._either)
                if self._next() != ")":
                    raise self._wrong()
                self._at += 1
                return inner
            case "":
                raise PgValueError(SYNTAX, f'no operand in tsquery: "{self._text}"')
            case "&" | "|" | ")":
                raise self._wrong()
            case _:
                word, is_prefix, _ = token.partition(":")
                if len(word) > MAX_WORD:
                    raise InvalidQueryError(f"words of up to {MAX_WORD} characters are kept whole")
                return Wanted(self._words.word(word, prefix=bool(is_prefix)))

    def _deeper(self, read: Callable[[], Wanted]) -> Wanted:
        self._depth += 1
        if self._depth > DEPTH:
            raise InvalidQueryError(f"a search is {DEPTH} parentheses deep at most")
        found = read()
        self._depth -= 1
        return found

    def _next(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _wrong(self) -> PgValueError:
        return PgValueError(SYNTAX, f'syntax error in tsquery: "{self._text}"')


def _tokens(text: str) -> list[str]:
    """Return marks, and words with `:` behind them if they are prefixes.

    Raises:
        InvalidQueryError: there is something else, or too much.
    """
    found: list[str] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        token = _TOKEN.match(text, at)
        if token is None:
            raise InvalidQueryError(
                "words of letters and digits are searched here, with & | ! ( ) and :* alone"
            )
        found.append(token[1] or token[3] + (":" if token[4] else ""))
        at = token.end()
    if sum(each not in set("!&|()") for each in found) > MOST:
        raise InvalidQueryError(f"a search is for {MOST} words at most")
    return found


def _all(parts: Sequence[Wanted]) -> Wanted:
    """Return the rows of all parts."""
    having, lacking = _parted(parts)
    if having:
        return Wanted(All(having, lacking))
    return Wanted(Some(lacking), is_negated=True)


def _some(parts: Sequence[Wanted]) -> Wanted:
    """Return the rows of any part: what has not all of the lacked, or something of the had."""
    having, lacking = _parted(parts)
    if lacking:
        return Wanted(All(lacking, having), is_negated=True)
    return Wanted(Some(having))


def _parted(parts: Sequence[Wanted]) -> tuple[tuple[Query, ...], tuple[Query, ...]]:
    """Return what is asked for, and what is not to be had."""
    having = tuple(each.query for each in parts if each.query is not None and not each.is_negated)
    lacking = tuple(each.query for each in parts if each.query is not None and each.is_negated)
    return having, lacking
