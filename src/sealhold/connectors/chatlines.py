"""The lines of a chat that WhatsApp exported as text: where a message begins, when and by whom.

- A message begins at a line with a time in front, in brackets or before a dash. All lines that
  follow and have no time in front, in the very form of the first, are its text.
- The order of day and month is proven by a value over 12, or by a year that stands first. What is
  not proven is no time: the text as written is kept.
- Marks of direction and the two spaces that do not break are no part of a time.

Source: docs/spec/43-chats-and-media.md section 2.
"""

import re
from datetime import datetime

import msgspec

from sealhold.connectors.times import When, when_of

_MARK = "[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]*"
_DATE = (
    rf"(?P<one>\d{{1,4}}){_MARK}(?P<sep>[-/.]){_MARK} ?(?P<two>\d{{1,2}}){_MARK}(?P=sep){_MARK} ?"
    rf"(?P<three>\d{{1,4}}){_MARK}\.?(?P<comma>,?)"
)
_WORD = r"[^\W\d_]{1,10}\.?"  # `klo`, `a.m.`
_SPACE = "[ \u00a0\u202f]"
_TIME = (
    rf"{_SPACE}(?:(?P<before>{_WORD}){_SPACE}?)?{_MARK}(?P<hour>\d{{1,2}})[:.](?P<minute>\d\d)"
    rf"(?:[:.](?P<second>\d\d))?(?:{_SPACE}?(?P<after>{_WORD}(?:{_SPACE}?{_WORD})?))?{_MARK}"
)
_BRACKETS = re.compile(rf"{_MARK}\[{_DATE}{_TIME}\] ?(?P<rest>.*)", re.DOTALL)
_DASH = re.compile(rf"{_MARK}{_DATE}{_TIME} - (?P<rest>.*)", re.DOTALL)
_BEGIN = re.compile(rf"{_MARK}\[?\d")
_AUTHOR = re.compile(r"(?P<author>[^\n]{1,120}?):(?: |$)(?P<text>.*)", re.DOTALL)
_EDGES = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_HALVES = {
    **dict.fromkeys(("am", "ص", "上午", "午前", "오전"), 0),
    **dict.fromkeys(("pm", "م", "下午", "午後", "오후"), 12),
}
_NO_HALF = {"klo", "kl", "um", "à"}  # words between day and time that say nothing
_HALF_PARTS = re.compile(r"[^\w]+")
_MONTHS = 12
_FULL_YEAR = 4


class Head(msgspec.Struct, frozen=True):  # one per message
    """How a message begins."""

    written: str  # day and time as they stand there
    parts: tuple[int, int, int]  # the three numbers of the day, as they stand there
    clock: tuple[int, int, int] | None  # None: a part of the day that is not known
    form: tuple[object, ...]  # what all heads of one file have in common
    author: str | None
    text: str

    @property
    def is_of_log(self) -> bool:
        """Whether a program's log begins its lines so: year first, and nothing behind the day."""
        _brackets, _sep, comma, _second, _half, is_year_first, _year = self.form
        return bool(is_year_first) and not comma


def parse_head(line: str) -> Head | None:
    """Return how a message begins, if one begins at this line, which has no end of line."""
    if not _BEGIN.match(line):
        return None
    in_brackets = _BRACKETS.match(line)
    found = in_brackets or _DASH.match(line)
    if found is None:
        return None
    one, two, three = (found[name] for name in ("one", "two", "three"))
    words = [word for word in (found["before"], found["after"]) if word]
    half = [word for word in words if word.casefold().strip(".") not in _NO_HALF]
    form = (
        in_brackets is not None,
        found["sep"],
        found["comma"],
        found["second"] is not None,
        bool(half),
        len(one) == _FULL_YEAR,
        len(three),
    )
    author = _AUTHOR.match(found["rest"])
    return Head(
        written=line[found.start("one") : found.start("rest")].rstrip(" -]"),
        parts=(int(one), int(two), int(three)),
        clock=_clock(found, half),
        form=form,
        author=_plain(author["author"]) if author else None,
        text=author["text"] if author else found["rest"],
    )


def _clock(found: re.Match[str], half: list[str]) -> tuple[int, int, int] | None:
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if half:
        more = _HALVES.get(_HALF_PARTS.sub("", half[0]).casefold()) if len(half) == 1 else None
        if more is None or not 1 <= hour <= _MONTHS:
            return None
        hour = hour % 12 + more
    return hour, minute, second


def _plain(author: str) -> str | None:
    """Return a writer's name without the marks and spaces around it."""
    return author.strip(_EDGES + " \u00a0\u202f") or None


class Order:
    """Which number of a day is its month: what the heads of one file prove."""

    def __init__(self) -> None:
        self._may = {"day first", "month first"}
        self._is_year_first: bool | None = None

    def see(self, head: Head) -> None:
        """Take one head into account."""
        one, two, _three = head.parts
        self._is_year_first = bool(head.form[5])
        if self._is_year_first:
            return
        if one > _MONTHS:
            self._may.discard("month first")
        if two > _MONTHS:
            self._may.discard("day first")

    @property
    def is_proven(self) -> bool:
        """Whether the file says which is which."""
        return bool(self._is_year_first) or len(self._may) == 1

    def when(self, head: Head) -> When | None:
        """Return when a message was sent, or None if that is not proven or no time at all."""
        if head.clock is None or not self.is_proven:
            return None
        one, two, three = head.parts
        if self._is_year_first:
            year, month, day = one, two, three
        elif "day first" in self._may:
            day, month, year = one, two, three
        else:
            month, day, year = one, two, three
        if year < 100:  # noqa: PLR2004 - written with two digits
            year += 2000
        try:  # the phone's local time: no zone is written
            return when_of(datetime(year, month, day, *head.clock))  # noqa: DTZ001
        except ValueError:
            return None
