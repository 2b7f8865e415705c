"""Dates, times of day and instants, with and without a time zone.

- A value is a number: days, or microseconds, from 2000-01-01 or from midnight; a time of day with a
  zone is a pair of microseconds and seconds west of UTC.
- An instant with a zone is in UTC. Only reading and writing it asks for the session's zone.
- Written in ISO style only.

Source: docs/spec/57-values-and-residuals.md section 7; PostgreSQL 15, chapter 8.5.
"""

import struct
from datetime import date
from typing import Final

from sealhold.protect.pgtypes.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    DAY,
    END_INSTANT,
    FIRST_DAY,
    FIRST_INSTANT,
    INFINITY,
    LAST_DAY,
    MINUS_INFINITY,
    SECOND,
    UNIX_DAYS,
    clock_text,
    day_of,
    offset_text,
    parts_of,
    rounded_us,
    year_text,
)
from sealhold.protect.pgtypes.errors import (
    DATETIME_OVERFLOW,
    BadBinaryError,
    MalformedTimeError,
    PgValueError,
    TypeRefusedError,
)
from sealhold.protect.pgtypes.form import Codec, Settings
from sealhold.protect.pgtypes.moments import Moment, read
from sealhold.protect.pgtypes.types import PgType, fraction, spelled
from sealhold.protect.pgtypes.zones import zone

_ORDINAL: Final = 730_120  # of 2000-01-01, as Python counts days
_FIRST_PLAIN, _LAST_PLAIN = 1 - _ORDINAL, 2_921_939  # 0001-01-01 to 9999-12-31
_WORDS: Final = {
    DATE_INFINITY: "infinity", DATE_MINUS_INFINITY: "-infinity",
    INFINITY: "infinity", MINUS_INFINITY: "-infinity",
}  # fmt: skip
_ISO_LENGTH: Final = len("2000-01-01")
_MAX_WEST: Final = 16 * 3600  # seconds


def check_style(settings: Settings) -> None:
    """Let through only the style that is written here.

    Raises:
        TypeRefusedError: another.
    """
    if not settings.date_style.upper().startswith("ISO"):
        raise TypeRefusedError("only the date style ISO is written here")


class Date(Codec[int]):
    """A day."""

    _form: Final = struct.Struct("!i")

    def parse(self, text: str, settings: Settings) -> int:
        if len(text) == _ISO_LENGTH and text[4] == text[7] == "-" and text.isascii():
            try:
                return date.fromisoformat(text).toordinal() - _ORDINAL
            except ValueError:
                pass  # the long way says what is wrong with it
        found = read(text, "date", settings.date_style)
        if found.special:
            return {
                "infinity": DATE_INFINITY, "-infinity": DATE_MINUS_INFINITY, "epoch": -UNIX_DAYS,
            }[found.special]  # fmt: skip
        if found.date is None:
            raise MalformedTimeError("date", text)
        day = day_of(*found.date)
        if not FIRST_DAY <= day <= LAST_DAY:
            raise PgValueError(DATETIME_OVERFLOW, f'date out of range: "{text}"')
        return day

    def spell(self, value: int, settings: Settings) -> str:
        check_style(settings)
        if _FIRST_PLAIN <= value <= _LAST_PLAIN:
            return date.fromordinal(value + _ORDINAL).isoformat()
        return _WORDS.get(value) or "".join(_day_text(value))

    def from_value(self, value: int) -> bytes:
        if not FIRST_DAY <= value <= LAST_DAY and value not in _WORDS:
            raise PgValueError(DATETIME_OVERFLOW, "date out of range")
        return self._form.pack(value)

    def to_value(self, binary: bytes) -> int:
        try:
            value: int = self._form.unpack(binary)[0]
        except struct.error:
            raise BadBinaryError from None
        return value

    def ordered(self, binary: bytes, scale: int | None) -> tuple[int, int]:
        del scale
        return self.to_value(binary) - DATE_MINUS_INFINITY, 32


class _Micros(Codec[int]):
    """What is kept as microseconds in 64 bits, with digits of a second that the type limits."""

    _form: Final = struct.Struct("!q")

    def __init__(self, type_: PgType) -> None:
        super().__init__(type_)
        self._digits = fraction(type_)

    def to_value(self, binary: bytes) -> int:
        try:
            value: int = self._form.unpack(binary)[0]
        except struct.error:
            raise BadBinaryError from None
        return value

    def fit(self, value: int) -> int:
        return value if value in _WORDS else rounded_us(value, self._digits)

    def ordered(self, binary: bytes, scale: int | None) -> tuple[int, int]:
        del scale
        return self.to_value(binary) - MINUS_INFINITY, 64


class Time(_Micros):
    """A time of day, to 24:00:00."""

    def parse(self, text: str, settings: Settings) -> int:
        found = read(text, "time", settings.date_style)
        needs_date = found.zone is not None and found.zone.fixed is None
        if found.us is None or found.special or (needs_date and found.date is None):
            raise MalformedTimeError("time", text)
        return found.us

    def spell(self, value: int, settings: Settings) -> str:
        del settings
        return clock_text(value)

    def from_value(self, value: int) -> bytes:
        if not 0 <= value <= DAY:
            raise PgValueError(DATETIME_OVERFLOW, "time out of range")
        return self._form.pack(value)


class ZonedTime(Codec[tuple[int, int]]):
    """A time of day with the seconds west of UTC."""

    _form: Final = struct.Struct("!qi")

    def __init__(self, type_: PgType) -> None:
        super().__init__(type_)
        self._digits = fraction(type_)

    def parse(self, text: str, settings: Settings) -> tuple[int, int]:
        found = read(text, "time with time zone", settings.date_style)
        if found.us is None or found.special:
            raise MalformedTimeError("time with time zone", text)
        if found.offset is not None:
            return found.us, -found.offset
        place = found.zone or zone(settings.time_zone)
        if found.date is None:
            if place.fixed is None:
                raise TypeRefusedError("a time without a date in a zone whose offset changes")
            return found.us, -place.fixed
        return found.us, -place.offset_of_local(day_of(*found.date) * DAY + found.us)

    def spell(self, value: tuple[int, int], settings: Settings) -> str:
        del settings
        return clock_text(value[0]) + offset_text(-value[1])

    def from_value(self, value: tuple[int, int]) -> bytes:
        if not 0 <= value[0] <= DAY:
            raise PgValueError(DATETIME_OVERFLOW, "time out of range")
        if not -_MAX_WEST < value[1] < _MAX_WEST:
            raise PgValueError("22009", "time zone displacement out of range")
        return self._form.pack(*value)

    def to_value(self, binary: bytes) -> tuple[int, int]:
        try:
            us, west = self._form.unpack(binary)
        except struct.error:
            raise BadBinaryError from None
        return us, west

    def fit(self, value: tuple[int, int]) -> tuple[int, int]:
        return rounded_us(value[0], self._digits), value[1]

    def key(self, value: tuple[int, int]) -> tuple[int, int]:
        return value[0] + value[1] * SECOND, value[1]


class Timestamp(_Micros):
    """An instant by a clock of no place."""

    def parse(self, text: str, settings: Settings) -> int:
        found = read(text, spelled_plain(self.type), settings.date_style)
        special = _special(found)
        return self._reached(self._local(found, text), text) if special is None else special

    def _local(self, found: Moment, text: str) -> int:
        if found.date is None:
            raise MalformedTimeError(spelled_plain(self.type), text)
        return day_of(*found.date) * DAY + (found.us or 0)

    def _reached(self, value: int, text: str) -> int:
        if not FIRST_INSTANT <= value < END_INSTANT:
            raise PgValueError(DATETIME_OVERFLOW, f'timestamp out of range: "{text}"')
        return value

    def spell(self, value: int, settings: Settings) -> str:
        check_style(settings)
        return _WORDS.get(value) or instant_text(value, "")

    def from_value(self, value: int) -> bytes:
        if not FIRST_INSTANT <= value <= END_INSTANT and value not in {INFINITY, MINUS_INFINITY}:
            raise PgValueError(DATETIME_OVERFLOW, "timestamp out of range")
        return self._form.pack(value)


class ZonedTimestamp(Timestamp):
    """An instant, in UTC; read and written by the session's zone."""

    def parse(self, text: str, settings: Settings) -> int:
        found = read(text, spelled_plain(self.type), settings.date_style)
        special = _special(found)
        if special is not None:
            return special
        local = self._local(found, text)
        offset = found.offset
        if offset is None:
            offset = (found.zone or zone(settings.time_zone)).offset_of_local(local)
        return self._reached(local - offset * SECOND, text)

    def spell(self, value: int, settings: Settings) -> str:
        check_style(settings)
        word = _WORDS.get(value)
        if word is not None:
            return word
        offset = zone(settings.time_zone).offset_at(value)
        return instant_text(value + offset * SECOND, offset_text(offset))


def spelled_plain(t: PgType) -> str:
    """Return the name of the type in messages: without its modifier."""
    return spelled(PgType(t.oid, t.name)).removesuffix(" without time zone")


def instant_text(local: int, zone_text: str) -> str:
    """Return a local time as it is written in ISO style, with its zone, and BC last."""
    day, us = divmod(local, DAY)
    if _FIRST_PLAIN <= day <= _LAST_PLAIN:
        return f"{date.fromordinal(day + _ORDINAL).isoformat()} {clock_text(us)}{zone_text}"
    text, era = _day_text(day)
    return f"{text} {clock_text(us)}{zone_text}{era}"


def _day_text(day: int) -> tuple[str, str]:
    year, month, of_month = parts_of(day)
    text, era = year_text(year)
    return f"{text}-{month:02d}-{of_month:02d}", era


def _special(found: Moment) -> int | None:
    return {
        "infinity": INFINITY, "-infinity": MINUS_INFINITY, "epoch": -UNIX_DAYS * DAY,
    }.get(found.special)  # fmt: skip
