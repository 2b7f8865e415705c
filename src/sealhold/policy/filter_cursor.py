"""A place in a row of tokens, and the few steps that every parser of the language takes from it.

Source: docs/spec/07-grants.md section 4.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from sealhold.model.errors import InvalidFilterError
from sealhold.model.ids import FieldName
from sealhold.model.quantities import DAY, HOUR, MINUTE, SECOND, Millis
from sealhold.model.records import Column, ColumnType
from sealhold.policy.filter_tokens import Sort, Token, tokens

_SPAN: Final = re.compile(r"([0-9]+)([a-z]+)")
_UNITS: Final = {"ms": 1, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
MAX_SPAN: Final = Millis(36_525 * DAY)  # a hundred years
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}")


class Cursor:
    """Reads tokens one after the other; `columns` are the fields that may be named."""

    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        self._tokens = tokens(text)
        self._next = 0
        self._columns: Mapping[str, Column] = {column.name: column for column in columns}

    @property
    def token(self) -> Token:
        """Return the token that comes next."""
        return self._tokens[self._next]

    def advance(self) -> Token:
        """Return the token that comes next, and step over it."""
        token = self.token
        if token.sort is not Sort.END:
            self._next += 1
        return token

    def fault(self, why: str, token: Token | None = None) -> InvalidFilterError:
        """Return the error that says what is wrong at `token`, or at the next one."""
        where = token or self.token
        return InvalidFilterError(f"at {where.at + 1}: {why}")

    def meets(self, text: str) -> bool:
        """Step over the next token if it is the word or mark `text`; return whether it was."""
        token = self.token
        if token.sort in {Sort.WORD, Sort.MARK} and token.text == text:
            self.advance()
            return True
        return False

    def calls(self, text: str) -> bool:
        """Step over the word `text` and the bracket behind it; return whether both were there."""
        if self.token.sort is Sort.WORD and self.token.text == text:
            behind = self._tokens[self._next + 1]
            if behind.sort is Sort.MARK and behind.text == "(":
                self._next += 2
                return True
        return False

    def expect(self, text: str) -> None:
        """Step over the word or mark `text`.

        Raises:
            InvalidFilterError: something else stands there.
        """
        if not self.meets(text):
            raise self.fault(f"`{text}` expected")

    def take(self, sort: Sort, what: str) -> Token:
        """Return the next token, which must be of `sort`, and step over it.

        Raises:
            InvalidFilterError: something else stands there.
        """
        if self.token.sort is not sort:
            raise self.fault(f"{what} expected")
        return self.advance()

    def end(self) -> None:
        """Check that nothing is left.

        Raises:
            InvalidFilterError: something is.
        """
        if self.token.sort is not Sort.END:
            raise self.fault("the end expected")

    def column(self, *types: ColumnType) -> Column:
        """Return the column that is named next, of one of `types` if any are given.

        Raises:
            InvalidFilterError: no such column, or one of another type.
        """
        token = self.take(Sort.WORD, "a column")
        column = self._columns.get(token.text)
        if column is None:
            raise self.fault("no such column", token)
        if types and column.type not in types:
            raise self.fault("a column of another type is needed", token)
        return column

    def instant_column(self) -> FieldName:
        """Return the name of the column of times that is named next.

        Raises:
            InvalidFilterError: no such column, or it holds no times.
        """
        return self.column(ColumnType.INSTANT).name

    def number(self, low: Decimal, high: Decimal) -> Decimal:
        """Return the number from `low` to `high` that stands next.

        Raises:
            InvalidFilterError: no number, or one beyond the limits.
        """
        token = self.take(Sort.NUMBER, "a number")
        number = Decimal(token.text)
        if not low <= number <= high:
            raise self.fault(f"a number from {low} to {high} expected", token)
        return number

    def span(self) -> Millis:
        """Return the length of time that stands next: `15m`, `7d`.

        Raises:
            InvalidFilterError: none, zero, or more than a hundred years.
        """
        token = self.take(Sort.SPAN, "a length of time like `15m`")
        found = _SPAN.fullmatch(token.text)
        length = int(found[1]) * _UNITS[found[2]] if found else 0
        if not 0 < length <= MAX_SPAN:
            raise self.fault("a length of time up to a hundred years expected", token)
        return Millis(length)

    def zone(self) -> str:
        """Return the time zone that stands next as a text: `'Europe/Paris'`.

        Raises:
            InvalidFilterError: no text, or no zone of the time zone database.
        """
        token = self.take(Sort.TEXT, "a time zone in quotes")
        if not is_zone(token.text):
            raise self.fault("no such time zone", token)
        return token.text


def is_zone(name: str) -> bool:
    """Return whether `name` stands in the time zone database."""
    if not _ZONE.fullmatch(name):
        return False
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # a folder of the database, or not in it
        return False
    return True
