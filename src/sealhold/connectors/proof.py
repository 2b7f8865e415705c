"""What the texts of a table's column are: said only where all of them prove it.

- A column is a kind if every value in it that is not empty has the kind's form.
- A decimal sign or a date order is proven by a value that the other reading does not allow: a day
  over 12, a comma before two digits. One proven column decides for the doubtful ones of its file.
- What is not proven stays text, to the letter.

Source: docs/spec/18-connectors.md section 9.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from enum import Enum, auto
from functools import lru_cache

import msgspec

from sealhold.connectors.times import When, parse_time, when_of_day
from sealhold.model.encoding import Plain


class Form(Enum):
    """What a column holds."""

    TEXT = auto()
    INTEGER = auto()  # written as a machine would: no sign +, no leading 0, at most 18 digits
    DECIMAL = auto()  # 1234.5, thousands by comma or space
    DECIMAL_COMMA = auto()  # 1234,5, thousands by point, space or apostrophe
    TIME = auto()  # RFC 3339 or its date alone
    DAY_FIRST = auto()  # 31/01/2026
    MONTH_FIRST = auto()  # 01/31/2026


_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_YEAR = r"(?:1[6-9]|2\d)\d\d"
_PATTERNS: dict[Form, str] = {
    Form.INTEGER: r"-?(?:0|[1-9]\d{0,17})",
    Form.DECIMAL: r"[+-]?(?:(?:0|[1-9]\d{0,29}|[1-9]\d{0,2}(?:,\d{3}){1,9}"
    r"|[1-9]\d{0,2}(?: \d{3}){1,9})(?:\.\d{1,30})?|0\d{1,29}\.\d{1,30})",
    Form.DECIMAL_COMMA: r"[+-]?(?:(?:0|[1-9]\d{0,29}"
    r"|[1-9]\d{0,2}(?:[. '\u00a0\u202f\u2019]\d{3}){1,9})(?:,\d{1,30})?|0\d{1,29},\d{1,30})",
    Form.TIME: r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)? ?(?:[Zz]|[+-]\d\d:?\d\d)?)?",  # noqa: E501 - one pattern
    Form.DAY_FIRST: rf"{_DAY}([./-]){_MONTH}\1{_YEAR}",
    Form.MONTH_FIRST: rf"{_MONTH}([./-]){_DAY}\1{_YEAR}",
}
_MATCHES: dict[Form, Callable[[str], object]] = {
    form: re.compile(pattern, re.ASCII).fullmatch for form, pattern in _PATTERNS.items()
}
_RIVALS = ({Form.DECIMAL, Form.DECIMAL_COMMA}, {Form.DAY_FIRST, Form.MONTH_FIRST})
_PARTS = re.compile(r"[./-]").split
_is_plain = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?").fullmatch
_TIMES_REMEMBERED = 4_096  # a table's days repeat
_NO_DIGIT = re.compile(r"[^0-9.-]")


class ColumnProof:
    """What one column can still be, after what was seen of it."""

    def __init__(self) -> None:
        self._possible = list(_PATTERNS)
        self._is_seen = False

    def see(self, values: Iterable[str]) -> None:
        """Take more values of the column; empty ones say nothing."""
        if not self._possible:
            return
        told = [value for value in values if value]
        self._is_seen = self._is_seen or bool(told)
        self._possible = [form for form in self._possible if all(map(_MATCHES[form], told))]

    def forms(self) -> set[Form]:
        """Return the forms that all values have: none if it is text."""
        return set(self._possible) if self._is_seen else set()


def decide(proofs: Sequence[ColumnProof]) -> list[Form]:
    """Return the form of each column of one file."""
    forms = [proof.forms() for proof in proofs]
    proven: set[Form] = set()
    for rivals in _RIVALS:
        here = {form for some in forms if len(some & rivals) == 1 for form in some & rivals}
        if len(here) == 1:  # two columns that prove opposite signs prove nothing for a third
            proven |= here
    return [_one(some, proven) for some in forms]


def _one(forms: set[Form], proven: set[Form]) -> Form:
    if Form.INTEGER in forms:
        return Form.INTEGER
    if Form.TIME in forms:
        return Form.TIME
    for rivals in _RIVALS:
        left = forms & rivals
        if len(left) > 1:
            left &= proven
        if len(left) == 1:
            return left.pop()
    return Form.TEXT


class Cell(msgspec.Struct, frozen=True):  # a Struct, because one is made per cell
    """A value as a row keeps it; `when` is set if it is a time."""

    value: Plain
    when: When | None = None


Converter = Callable[[str], Cell]


def converter(form: Form) -> Converter:
    """Return what makes the values of a column of this form; its text is never empty."""
    return _CONVERTERS[form]


def _integer(text: str) -> Cell:
    return Cell(int(text))


def _decimal_point(text: str) -> Cell:
    return Cell(text if _is_plain(text) else _decimal(text.replace(",", "")))


def _decimal_comma(text: str) -> Cell:
    pointed = text.replace(".", "").replace(",", ".")
    return Cell(pointed if _is_plain(pointed) else _decimal(pointed))


def _decimal(text: str) -> str:
    sign = "-" if text.startswith("-") else ""
    whole, point, part = _NO_DIGIT.sub("", text).lstrip("-").partition(".")
    return f"{sign}{whole.lstrip('0') or '0'}{point}{part}"


@lru_cache(_TIMES_REMEMBERED)
def _time(text: str) -> Cell:
    return Cell(text, parse_time(text))


@lru_cache(_TIMES_REMEMBERED)
def _day_first(text: str) -> Cell:
    day, month, year = _PARTS(text)
    return _day(text, year, month, day)


@lru_cache(_TIMES_REMEMBERED)
def _month_first(text: str) -> Cell:
    month, day, year = _PARTS(text)
    return _day(text, year, month, day)


def _day(text: str, year: str, month: str, day: str) -> Cell:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:  # 31 February: the letters are all that is known
        return Cell(text)
    return Cell(found.isoformat(), when_of_day(found))


_CONVERTERS: dict[Form, Converter] = {
    Form.TEXT: Cell,
    Form.INTEGER: _integer,
    Form.DECIMAL: _decimal_point,
    Form.DECIMAL_COMMA: _decimal_comma,
    Form.TIME: _time,
    Form.DAY_FIRST: _day_first,
    Form.MONTH_FIRST: _month_first,
}
