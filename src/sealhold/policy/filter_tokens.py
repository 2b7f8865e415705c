"""The words of the filter language: a text cut into tokens, each with its place.

- Cut in one pass, in time linear in the text: no pattern here can be made to look back.
- A text is ended by the quote that began it; a quote within is doubled. No escapes.

Source: docs/spec/07-grants.md section 4.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from sealhold.model.errors import InvalidFilterError

MAX_TEXT: Final = 4_096  # characters of one filter or rule
MAX_LITERAL: Final = 256  # characters of one value


class Sort(Enum):
    """What a token is."""

    WORD = auto()
    NUMBER = auto()
    TEXT = auto()
    CLOCK = auto()  # 08:00
    SPAN = auto()  # 15m
    MARK = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """One word, number, text or mark."""

    sort: Sort
    text: str
    at: int  # characters before it


_TOKEN: Final = re.compile(
    r"""
    (?P<SPACE>[ \t\r\n]+)
  | (?P<CLOCK>[0-9]{2}:[0-9]{2}(?![0-9A-Za-z_:]))
  | (?P<SPAN>[0-9]+(?:ms|[smhdw])(?![0-9A-Za-z_]))
  | (?P<NUMBER>-?[0-9]+(?:\.[0-9]+)?(?![0-9A-Za-z_.]))
  | (?P<WORD>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<TEXT>'(?:[^']|'')*'|"(?:[^"]|"")*")
  | (?P<MARK><=|>=|!=|[=<>(),\[\]])
    """,
    re.VERBOSE | re.ASCII,
)


def tokens(text: str) -> list[Token]:
    """Return the tokens of `text`, the last of them END.

    Raises:
        InvalidFilterError: too long, or something that is no token.
    """
    if len(text) > MAX_TEXT:
        raise InvalidFilterError(f"{len(text)} characters, at most {MAX_TEXT}")
    found: list[Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidFilterError(f"at {at + 1}: no word, number or sign begins here")
        if len(match[0]) > MAX_LITERAL:
            raise InvalidFilterError(f"at {at + 1}: longer than {MAX_LITERAL} characters")
        if match.lastgroup != "SPACE":
            found.append(_token(match))
        at = match.end()
    return [*found, Token(Sort.END, "", at)]


def _token(match: re.Match[str]) -> Token:
    sort, text = Sort[match.lastgroup or "END"], match[0]
    if sort is Sort.TEXT:
        quote = text[0]
        text = text[1:-1].replace(quote * 2, quote)
    return Token(sort, text, match.start())
