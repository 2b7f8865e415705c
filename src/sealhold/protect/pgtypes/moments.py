"""Dates and times as text: read into their parts.

- ISO forms first; also the usual others: `1/8/1999` in the session's order, `January 8, 1999`,
  `8-Jan-1999`, `19990108`, `20240102T030405`, `3:04 pm`, BC, zones by offset, name or abbreviation.
- What the server would read in a way that is not followed here (Julian days, days of a year, `now`
  and its like) is refused as such. So a form is never read otherwise than the server does.
- Each word is looked at once: the time taken is linear in the text.

Source: docs/spec/57-values-and-residuals.md section 7; PostgreSQL 15, chapter 8.5.1, appendix B.1.
"""

import re
from dataclasses import dataclass
from typing import Final

from sealhold.protect.pgtypes.calendar import HOUR, MINUTE, SECOND, days_in
from sealhold.protect.pgtypes.errors import (
    DATETIME_OVERFLOW,
    ZONE_DISPLACEMENT,
    MalformedTimeError,
    PgValueError,
    TypeRefusedError,
)
from sealhold.protect.pgtypes.zones import MAX_OFFSET, OTHERS, Zone, zone_in_text

_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
            "aug august", "sep sept september", "oct october", "nov november", "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_UNREAD: Final = (
    "now today tomorrow yesterday allballs j jd julian t h m s d y at on dst bce ce "
    "sun sunday mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday "
    "fri friday sat saturday"
)
_REFUSED: Final = frozenset(_UNREAD.split())
_SPECIAL: Final = {"infinity": "infinity", "epoch": "epoch"}
_TOKENS: Final = re.compile(
    r"""[ \t-\r,]*(?:
      (?P<TIME>\d{1,2}:\d{1,2}(?::\d{1,2}(?:\.\d*)?)?)
    | (?P<ISO>\d+-\d+-\d+)(?![-\d])
    | (?P<SLASH>\d+/\d+/\d+|\d+\.\d+\.\d+)
    | (?P<NAMED>\d+([-/.])[a-z]+\5\d+|[a-z]+([-/.])\d+\6\d+)
    | (?P<COMPACT>\d{8}t\d{6}(?:\.\d*)?|\d{8}t\d{2}:\d{2}(?::\d{2}(?:\.\d*)?)?)
    | (?P<NUMBER>\d+)(?![.\d/])
    | (?P<ZONE>[-+]\d{1,2}(?::?\d{2}(?::\d{2})?)?)(?![\d:.])
    | (?P<MINUS>-infinity)
    | (?P<WORD>[a-z]+(?:[/_+-][a-z0-9_+/-]*)?)
    )""",
    re.VERBOSE | re.ASCII,
)
_PARTS: Final = re.compile(r"[-/.]")


@dataclass(slots=True)
class Moment:
    """What a text says: parts that it does not name are None."""

    special: str = ""  # infinity, -infinity, epoch
    date: tuple[int, int, int] | None = None  # year (0 is 1 BC), month, day
    us: int | None = None  # of the day, to 24:00:00 and a little more by rounding
    offset: int | None = None  # seconds east of UTC
    zone: Zone | None = None


class _Reading:
    """Reads one text."""

    def __init__(self, text: str, name: str, order: str) -> None:
        self._text = text
        self._name = name
        self._order = order
        self._found = Moment()
        self._numbers: list[str] = []  # that stand alone
        self._month: int | None = None
        self._is_bc = False
        self._year_digits = 0
        self._is_pm: bool | None = None

    def run(self) -> Moment:
        low = self._text.lower()
        at, end = 0, len(low.rstrip(" \t\n\v\f\r,"))
        if not low.strip(" \t\n\v\f\r"):
            raise self.malformed()
        while at < end:
            token = _TOKENS.match(low, at)
            if token is None:
                raise self._unread(low[at:])
            at = token.end()
            if self._is_pm is not None:
                raise TypeRefusedError("am or pm before other parts is not read here")
            self._take(token)
        self._finish()
        return self._found

    def malformed(self) -> PgValueError:
        return MalformedTimeError(self._name, self._text)

    def overflow(self) -> PgValueError:
        return PgValueError(
            DATETIME_OVERFLOW, f'date/time field value out of range: "{self._text}"'
        )

    def _unread(self, rest: str) -> PgValueError | TypeRefusedError:
        if any(mark.isdigit() for mark in rest):
            return TypeRefusedError(
                "a date or time in a form that is not read here; write it in ISO form"
            )
        return self.malformed()

    def _take(self, token: re.Match[str]) -> None:
        kind = token.lastgroup or ""
        text = token[kind]
        match kind:
            case "TIME":
                self._clock(text)
            case "ISO" | "SLASH":
                self._dated(text)
            case "NAMED":
                self._named(text)
            case "COMPACT":
                day, _, clock = text.partition("t")
                self._set_date(day[:4], day[4:6], day[6:])
                self._clock(clock if ":" in clock else f"{clock[:2]}:{clock[2:4]}:{clock[4:]}")
            case "NUMBER":
                self._numbers.append(text)
            case "ZONE":
                self._zone(text)
            case "MINUS":
                self._set_special("-infinity")
            case _:
                self._word(text)

    def _set_special(self, word: str) -> None:
        if self._found != Moment() or self._numbers:
            raise self.malformed()
        self._found.special = word

    def _word(self, word: str) -> None:
        if word in _MONTHS:
            if self._month is not None or self._found.date is not None:
                raise self.malformed()
            self._month = _MONTHS[word]
        elif word in {"am", "pm"}:
            self._is_pm = word == "pm"
        elif word in {"ad", "bc"}:
            self._is_bc = word == "bc"
        elif word in _SPECIAL:
            self._set_special(word)
        elif word == "t" and self._found.date is not None and self._found.us is None:
            return
        elif word in _REFUSED or word in OTHERS:
            raise TypeRefusedError(f"`{word}` in a date or time is not read here")
        else:
            self._place(word)

    def _place(self, word: str) -> None:
        found = zone_in_text(word)
        if found is None:
            raise self.malformed() if word.isalpha() else self._unread("0")
        if self._found.zone is not None or self._found.offset is not None:
            raise self.malformed()
        self._found.zone = found

    def _clock(self, text: str) -> None:
        if self._found.us is not None:
            raise self.malformed()
        hour, minute, *seconds = text.split(":")
        second, _, rest = (seconds[0] if seconds else "0").partition(".")
        us = round(float(f"0.{rest or '0'}") * SECOND)
        if int(minute) > 59 or int(second) > 60 or int(hour) > 24:  # noqa: PLR2004  # reason: of a clock
            raise self.overflow()
        if int(hour) == 24 and int(minute) + int(second) + us and self._found.date is not None:  # noqa: PLR2004  # reason: the end of the day
            raise self.overflow()
        self._found.us = int(hour) * HOUR + int(minute) * MINUTE + int(second) * SECOND + us

    def _zone(self, text: str) -> None:
        if self._found.offset is not None or self._found.zone is not None:
            raise self.malformed()
        digits = text[1:]
        hour, minute, second = (
            [*digits.split(":"), "0", "0"][:3]
            if ":" in digits or len(digits) <= 2  # noqa: PLR2004  # reason: hours alone
            else [digits[:-2], digits[-2:], "0"]
        )
        if int(minute) > 59 or int(second) > 59 or int(hour) > 15:  # noqa: PLR2004  # reason: of an offset
            raise PgValueError(
                ZONE_DISPLACEMENT, f'time zone displacement out of range: "{self._text}"'
            )
        seconds = int(hour) * 3600 + int(minute) * 60 + int(second)
        if seconds > MAX_OFFSET:
            raise PgValueError(
                ZONE_DISPLACEMENT, f'time zone displacement out of range: "{self._text}"'
            )
        self._found.offset = -seconds if text[0] == "-" else seconds

    def _dated(self, text: str) -> None:
        """Take three numbers: year first if it has three digits, else as the session says."""
        first, second, third = _PARTS.split(text)
        if len(first) >= 3 or self._order == "YMD":  # noqa: PLR2004  # reason: two digits are no year
            self._set_date(first, second, third)
        elif self._order == "DMY":
            self._set_date(third, second, first)
        else:
            self._set_date(third, first, second)

    def _named(self, text: str) -> None:
        first, second, third = _PARTS.split(text)
        word, day, year = (first, second, third) if first.isalpha() else (second, first, third)
        if word not in _MONTHS:
            raise self.malformed()
        if len(day) >= 3:  # noqa: PLR2004  # reason: 1999-Jan-08
            day, year = year, day
        self._set_date(year, str(_MONTHS[word]), day)

    def _set_date(self, year: str, month: str, day: str) -> None:
        if self._found.date is not None or self._month is not None:
            raise self.malformed()
        if max(len(year), len(month), len(day)) > 9:  # noqa: PLR2004  # reason: no year has more digits
            raise self.overflow()
        self._year_digits = len(year)
        self._found.date = (int(year), int(month), int(day))

    def _finish(self) -> None:
        found = self._found
        if found.special:
            if self._numbers or self._month is not None or found.date or found.us is not None:
                raise self.malformed()
            return
        if self._month is not None:
            self._month_and_numbers(self._month)
        elif self._numbers:
            self._lone_numbers()
        if self._is_pm is not None:
            self._half_day(is_pm=self._is_pm)
        if found.us is not None and found.us > 24 * HOUR:
            raise self.overflow()
        if found.date is not None:
            found.date = self._valid(*found.date)
        elif self._is_bc:
            raise self.malformed()

    def _month_and_numbers(self, month: int) -> None:
        """Take `January 8 1999`, `8 January 1999` or `1999 January 8`."""
        if len(self._numbers) != 2:  # noqa: PLR2004  # reason: day and year
            raise self.malformed()
        day, year = self._numbers
        if len(day) >= 3:  # noqa: PLR2004  # reason: 1999-Jan-08
            day, year = year, day
        self._month = None
        self._set_date(year, str(month), day)

    def _lone_numbers(self) -> None:
        if len(self._numbers) > 1 or self._found.date is not None:
            raise self._unread("0")
        digits = self._numbers[0]
        if len(digits) != 8:  # noqa: PLR2004  # reason: YYYYMMDD
            raise self._unread("0")
        self._set_date(digits[:4], digits[4:6], digits[6:])

    def _half_day(self, *, is_pm: bool) -> None:
        if self._found.us is None:
            raise self.malformed()
        hour = self._found.us // HOUR
        if not 1 <= hour <= 12:  # noqa: PLR2004  # reason: of half a day
            raise self._unread("0") if hour == 0 else self.overflow()
        self._found.us += (12 * HOUR if is_pm else 0) - (12 * HOUR if hour == 12 else 0)  # noqa: PLR2004  # reason: 12 comes first

    def _valid(self, year: int, month: int, day: int) -> tuple[int, int, int]:
        if self._is_bc:
            if year <= 0:
                raise self.overflow()
            year = 1 - year
        elif self._year_digits <= 2:  # noqa: PLR2004  # reason: 70 to 69 is 1970 to 2069
            year += 2000 if year < 70 else 1900  # noqa: PLR2004  # reason: as above
        elif year <= 0:
            raise self.overflow()
        if not 1 <= month <= 12 or not 1 <= day <= 31:  # noqa: PLR2004  # reason: of a calendar
            raise self.overflow()
        if day > days_in(year, month):
            raise self.overflow()
        return year, month, day


def read(text: str, name: str, date_style: str) -> Moment:
    """Return the parts of a date, time or both.

    Args:
        text: as a client wrote it.
        name: what the server calls the type, for messages.
        date_style: as the session set it; its second word orders `1/8/1999`.

    Raises:
        PgValueError: no date or time.
        TypeRefusedError: one in a form that is not read here.
    """
    words = date_style.upper().replace(",", " ").split()
    return _Reading(text, name, words[-1] if words else "MDY").run()
