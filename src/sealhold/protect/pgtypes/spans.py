"""Intervals as text: read into months, days and microseconds.

- `1 year 2 mons 3 days 04:05:06`, `1-2 3 4:05:06`, `1.5 hours ago`, `P1Y2M3DT4H5M6S`.
- A part of a year becomes whole months, a part of a month days, of 30, a part of a day time.
- Read from the end, as the server does: a number takes the unit after it, seconds if there is none.

Source: docs/spec/57-values-and-residuals.md section 7; PostgreSQL 15, chapter 8.5.4.
"""

import re
from typing import Final, NamedTuple

from sealhold.protect.pgtypes.calendar import DAY, HOUR, MINUTE, SECOND
from sealhold.protect.pgtypes.errors import (
    DATETIME_OVERFLOW,
    MalformedTimeError,
    PgValueError,
    TypeRefusedError,
)

INTERVAL_FIELD_OVERFLOW: Final = "22015"
_INT32: Final = 2**31
_INT64: Final = 2**63
_MOST_DIGITS: Final = 19
_WORD_LENGTH: Final = 10  # the server looks at no more of a word


class Span(NamedTuple):
    """The value of an interval."""

    months: int
    days: int
    us: int


_UNITS: Final = {
    word[:_WORD_LENGTH]: unit
    for unit, words in {
        "microsecond": "us usec usecond useconds usecs microsecond microseconds",
        "millisecond": "ms msec msecond mseconds msecs millisecond",
        "second": "s sec second seconds secs",
        "minute": "m min mins minute minutes",
        "hour": "h hour hours hr hrs",
        "day": "d day days",
        "week": "w week weeks",
        "month": "mon mons month months",
        "year": "y year years yr yrs",
        "decade": "dec decade decades decs",
        "century": "c cent centuries century",
        "millennium": "mil millennia millennium mils",
        "": "@",
    }.items()
    for word in words.split()
}
_CLOCK: Final = {
    "microsecond": 1, "millisecond": 1000, "second": SECOND, "minute": MINUTE, "hour": HOUR,
}  # fmt: skip
_YEARS: Final = {"year": 1, "decade": 10, "century": 100, "millennium": 1000}
_TOKEN: Final = re.compile(
    r"""[ \t-\r]*(?:
      (?P<TIME>[-+]?[ ]*\d+:\d+(?::\d+)?(?:\.\d*)?)
    | (?P<YEARS>[-+]?[ ]*\d+-\d+)(?![-\d])
    | (?P<NUMBER>[-+][ ]*\d+(?:\.\d*)?|\d+(?:\.\d+|\.(?![a-z\d]))?|\.\d+)
    | (?P<WORD>[a-z]+|@)
    )[ \t-\r]*""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_ISO: Final = re.compile(
    r"P(?=[-\d.T])((?:-?(?:\d+\.?\d*|\.\d+)[YMWD])*)(?:T((?:-?(?:\d+\.?\d*|\.\d+)[HMS])*))?",
    re.ASCII,
)
_ISO_PART: Final = re.compile(r"(-?)(\d*)(?:\.(\d*))?([YMWDHS])", re.ASCII)
_ISO_DATE: Final = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_ISO_TIME: Final = {"H": "hour", "M": "minute", "S": "second"}


class _Sum:
    """What was read so far."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._years = self._months = self._days = self._us = 0

    def add(self, whole: int, part: float, unit: str) -> None:
        """Add a number of one unit; `part` is what stood after its point, with the sign."""
        if unit in _CLOCK:
            self._us += whole * _CLOCK[unit]
            self._part_of_time(part, _CLOCK[unit])
        elif unit in _YEARS:
            self._years += whole * _YEARS[unit]
            self._months += round(part * 12 * _YEARS[unit])
        elif unit == "month":
            self._months += whole
            self._part_of_days(part, 30)
        elif unit == "week":
            self._days += whole * 7
            self._part_of_days(part, 7)
        else:
            self._days += whole
            self._part_of_time(part, DAY)
        counts = (self._us >> 32, self._days, self._months, self._years)
        if not all(-_INT32 <= count < _INT32 for count in counts):
            raise self.overflow()

    def _part_of_days(self, part: float, scale: int) -> None:
        days = part * scale
        self._days += int(days)
        self._part_of_time(days - int(days), DAY)

    def _part_of_time(self, part: float, scale: int) -> None:
        us = part * scale
        rest = us - int(us)
        self._us += int(us) + (1 if rest > 0.5 else -1 if rest < -0.5 else 0)  # noqa: PLR2004  # reason: a half

    def result(self, *, is_before: bool) -> Span:
        sign = -1 if is_before else 1
        months = self._years * 12 + self._months
        if not -_INT32 <= months < _INT32:
            raise PgValueError(DATETIME_OVERFLOW, "interval out of range")
        return Span(sign * months, sign * self._days, sign * self._us)

    def overflow(self) -> PgValueError:
        return PgValueError(
            INTERVAL_FIELD_OVERFLOW, f'interval field value out of range: "{self._text}"'
        )


def read_span(text: str) -> Span:
    """Return what an interval's text means.

    Raises:
        MalformedTimeError: no interval.
        PgValueError: one out of range.
        TypeRefusedError: ISO 8601 in its alternative form.
    """
    if text.startswith("P"):
        return _iso(text)
    tokens: list[re.Match[str]] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise MalformedTimeError("interval", text)
        tokens.append(token)
        at = token.end()
    if not tokens:
        raise MalformedTimeError("interval", text)
    return _Traditional(text).run(tokens)


class _Traditional:
    """Numbers and units, from the last to the first."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._sum = _Sum(text)
        self._unit = "second"
        self._seen: set[str] = set()
        self._is_before = False
        self._is_open = False  # a unit waits for its number

    def run(self, tokens: list[re.Match[str]]) -> Span:
        for token in reversed(tokens):
            kind = token.lastgroup or ""
            text = token[kind]
            if kind == "WORD":
                self._word(text.lower())
            else:
                self._number(kind, text.replace(" ", ""))
        if not self._seen or self._is_open:
            raise MalformedTimeError("interval", self._text)
        return self._sum.result(is_before=self._is_before)

    def _word(self, word: str) -> None:
        if self._is_open:
            raise MalformedTimeError("interval", self._text)
        if word == "ago":
            self._is_before = True
            self._unit = ""  # a number before it needs a unit of its own
            return
        unit = _UNITS.get(word[:_WORD_LENGTH])
        if unit is None:
            raise MalformedTimeError("interval", self._text)
        if unit:
            self._unit = unit
            self._is_open = True

    def _number(self, kind: str, text: str) -> None:
        sign = -1 if text.startswith("-") else 1
        digits = text.lstrip("+-")
        self._is_open = False
        if kind == "TIME":
            us = self._clock(digits, is_signed=text != digits)
            self._note("second", "millisecond", "microsecond", "minute", "hour")
            self._sum.add(sign * us, 0.0, "microsecond")
            self._unit = "day"
        elif kind == "YEARS":
            years, months = (self._integer(part) for part in digits.split("-"))
            if months > 11:  # noqa: PLR2004  # reason: of a year
                raise self._sum.overflow()
            self._note("month")
            self._sum.add(sign * (years * 12 + months), 0.0, "month")
            self._unit = "month"
        else:
            whole, _, part = digits.partition(".")
            unit = self._unit
            if not unit:
                raise MalformedTimeError("interval", self._text)
            self._sum.add(
                sign * self._integer(whole or "0"), sign * float(f"0.{part or '0'}"), unit
            )
            self._note(
                *(
                    ("second", "millisecond", "microsecond")
                    if unit == "second" and part.strip("0")
                    else (unit,)
                )
            )

    def _note(self, *units: str) -> None:
        if self._seen & set(units):
            raise MalformedTimeError("interval", self._text)
        self._seen |= set(units)

    def _integer(self, digits: str) -> int:
        if len(digits.lstrip("0")) > _MOST_DIGITS:
            raise self._sum.overflow()
        return int(digits)

    def _clock(self, text: str, *, is_signed: bool) -> int:
        """Return the microseconds of `1:30`, `1:30:05.5`; `1:30.5` is minutes and seconds."""
        whole, _, rest = text.partition(".")
        parts = [self._integer(part) for part in whole.split(":")]
        if len(parts) == 2:  # noqa: PLR2004  # reason: one colon
            parts = [0, *parts] if "." in text else [*parts, 0]
        hour, minute, second = parts
        if minute > 59 or second > 60:  # noqa: PLR2004  # reason: of a clock
            raise MalformedTimeError("interval", self._text) if is_signed else self._sum.overflow()
        us = (
            hour * HOUR
            + minute * MINUTE
            + second * SECOND
            + round(float(f"0.{rest or '0'}") * SECOND)
        )
        if us >= _INT64:
            raise self._sum.overflow()
        return us


def _iso(text: str) -> Span:
    parts = _ISO.fullmatch(text)
    if parts is None:
        if re.match(r"P\d+-|P\d+(?:T|$)|P(?:[^T]*)T\d+$|P[^T]*T\d+:|P[^T]*T\d{6}", text):
            raise TypeRefusedError(
                "intervals in the alternative form of ISO 8601 are not read here"
            )
        raise MalformedTimeError("interval", text)
    total = _Sum(text)
    for group, units in ((parts[1], _ISO_DATE), (parts[2], _ISO_TIME)):
        for sign, whole, rest, unit in _ISO_PART.findall(group or ""):
            if len(whole.lstrip("0")) > _MOST_DIGITS:
                raise total.overflow()
            factor = -1 if sign == "-" else 1
            number = float(f"{whole or '0'}.{rest or '0'}")
            part = number - int(number)
            total.add(factor * int(whole or "0"), factor * part, units[unit])
    return total.result(is_before=False)
