"""Fields of dates, times and intervals: `extract`, `date_part`, and `date_trunc` to their begin.

- `extract` gives numeric, `date_part` double precision; both from the same microseconds.
- Which field is asked for must be written in the statement, and be one of the list.
- Of an infinite instant, what grows for ever is infinite, and the rest is NULL.

Source: docs/spec/57-values-and-residuals.md section 12; PostgreSQL 15, chapters 9.9.1 and 9.9.2.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final, TypeAlias

from sealhold.protect.pgtypes.calendar import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    UNIX_DAYS,
    day_of,
    parts_of,
    weekday,
)
from sealhold.protect.pgtypes.codec import Settings
from sealhold.protect.pgtypes.spans import Span
from sealhold.protect.pgtypes.zones import zone
from sealhold.protect.sql.residual_casts import in_range, to_local, to_zoned
from sealhold.protect.sql.residual_moments import INFINITE, INFINITE_DAYS
from sealhold.protect.sql.residual_terms import CannotDo, Value

Scaled: TypeAlias = tuple[int, int]  # an integer, and how many of its digits stand after the point

FIELDS: Final = {
    word: name
    for name, words in {
        "microseconds": "microseconds microsecond us usec usecs",
        "milliseconds": "milliseconds millisecond ms msec msecs",
        "second": "second seconds sec secs s",
        "minute": "minute minutes min mins m",
        "hour": "hour hours hr hrs h",
        "day": "day days d",
        "week": "week weeks w",
        "month": "month months mon mons",
        "quarter": "quarter qtr",
        "year": "year years yr yrs y",
        "decade": "decade decades dec decs",
        "century": "century centuries cent c",
        "millennium": "millennium millennia mil mils",
        "isoyear": "isoyear",
        "dow": "dow",
        "isodow": "isodow",
        "doy": "doy",
        "epoch": "epoch",
        "timezone": "timezone",
        "timezone_hour": "timezone_hour",
        "timezone_minute": "timezone_minute",
    }.items()
    for word in words.split()
}
_GROWING: Final = frozenset({"year", "decade", "century", "millennium", "isoyear", "epoch"})
_CLOCK: Final = frozenset({"microseconds", "milliseconds", "second", "minute", "hour"})
_ZONES: Final = frozenset({"timezone", "timezone_hour", "timezone_minute"})
_SECONDS: Final = 86_400  # of a day


def field_named(word: str) -> str:
    """Return the field that a word names.

    Raises:
        CannotDo: none of the list.
    """
    found = FIELDS.get(word.lower())
    if found is None:
        raise CannotDo("such a field of a time is not in the list")
    return found


def century(year: int, length: int) -> int:
    """Return the number of a century, or of a millennium: there is none of number 0."""
    return (year + length - 1) // length if year > 0 else -((length - 1 - (year - 1)) // length)


def decade(year: int) -> int:
    """Return the number of a decade."""
    return year // 10 if year >= 0 else -((8 - (year - 1)) // 10)


def _iso(day: int) -> tuple[int, int]:
    """Return the year and week of a day by ISO 8601."""
    thursday = day - (weekday(day) + 6) % 7 + 3
    year = parts_of(thursday)[0]
    return year, (thursday - day_of(year, 1, 1)) // 7 + 1


def _shown_year(year: int) -> int:
    return year if year > 0 else year - 1


_OF_DAY: Final[dict[str, Callable[[int], int]]] = {
    "day": lambda day: parts_of(day)[2],
    "week": lambda day: _iso(day)[1],
    "month": lambda day: parts_of(day)[1],
    "quarter": lambda day: (parts_of(day)[1] - 1) // 3 + 1,
    "year": lambda day: _shown_year(parts_of(day)[0]),
    "decade": lambda day: decade(parts_of(day)[0]),
    "century": lambda day: century(parts_of(day)[0], 100),
    "millennium": lambda day: century(parts_of(day)[0], 1000),
    "isoyear": lambda day: _shown_year(_iso(day)[0]),
    "dow": weekday,
    "isodow": lambda day: weekday(day) or 7,
    "doy": lambda day: day - day_of(parts_of(day)[0], 1, 1) + 1,
}
_OF_CLOCK: Final[dict[str, Callable[[int], Scaled]]] = {
    "microseconds": lambda us: (us % MINUTE, 0),
    "milliseconds": lambda us: (us % MINUTE, 3),
    "second": lambda us: (us % MINUTE, 6),
    "minute": lambda us: (us // MINUTE % 60, 0),
    "hour": lambda us: (us // HOUR, 0),
    "epoch": lambda us: (us, 6),
}


def _of_instant(name: str, local: int, instant: int) -> Scaled | float | None:
    if local in INFINITE:
        return (float("inf") if local > 0 else float("-inf")) if name in _GROWING else None
    if name == "epoch":
        return instant + UNIX_DAYS * DAY, 6
    day, us = divmod(local, DAY)
    return _OF_CLOCK[name](us) if name in _CLOCK else (_OF_DAY[name](day), 0)


def _of_date(name: str, day: int) -> Scaled | float | None:
    if day in INFINITE_DAYS:
        return (float("inf") if day > 0 else float("-inf")) if name in _GROWING else None
    return ((day + UNIX_DAYS) * _SECONDS, 0) if name == "epoch" else (_OF_DAY[name](day), 0)


def _of_zoned(name: str, settings: Settings, instant: int) -> Scaled | float | None:
    if name in _ZONES:
        if instant in INFINITE:
            return None
        return _of_offset(name, zone(settings.time_zone).offset_at(instant))
    return _of_instant(name, to_local(settings, instant), instant)


def _of_offset(name: str, seconds: int) -> Scaled:
    sign = -1 if seconds < 0 else 1
    if name == "timezone":
        return seconds, 0
    whole = abs(seconds) // 3600 if name == "timezone_hour" else abs(seconds) // 60 % 60
    return sign * whole, 0


def _of_zoned_clock(name: str, value: tuple[int, int]) -> Scaled:
    us, west = value
    if name in _ZONES:
        return _of_offset(name, -west)
    return (us + west * SECOND, 6) if name == "epoch" else _OF_CLOCK[name](us)


def _of_span(name: str, span: Span) -> Scaled:
    sign = -1 if span.months < 0 else 1
    years, months = (sign * part for part in divmod(abs(span.months), 12))
    if name == "epoch":
        days = years * 1461 * _SECONDS // 4 + (months * 30 + span.days) * _SECONDS
        return days * SECOND + span.us, 6
    if name in _CLOCK:
        whole, scale = _OF_CLOCK[name](abs(span.us))
        return (-whole if span.us < 0 else whole), scale
    return {
        "day": span.days,
        "month": months,
        "quarter": _towards_zero(months, 3) + 1,
        "year": years,
        "decade": _towards_zero(years, 10),
        "century": _towards_zero(years, 100),
        "millennium": _towards_zero(years, 1000),
    }[name], 0


def _towards_zero(number: int, by: int) -> int:
    return number // by if number >= 0 else -(-number // by)


_HAVE: Final = {
    "timestamp": frozenset({*_OF_DAY, *_OF_CLOCK}),
    "timestamptz": frozenset({*_OF_DAY, *_OF_CLOCK, *_ZONES}),
    "date": frozenset({*_OF_DAY, "epoch"}),
    "time": frozenset(_OF_CLOCK),
    "timetz": frozenset({*_OF_CLOCK, *_ZONES}),
    "interval": frozenset(
        {*_OF_CLOCK, "day", "month", "quarter", "year", "decade", "century", "millennium"}
    ),
}


def field(word: str, kind: str) -> Callable[..., Scaled | float | None]:
    """Return the function that takes a field out of a value of the type `kind`.

    It takes the settings first for timestamptz.

    Raises:
        CannotDo: not a field of the list, or not one that the type has.
    """
    name = field_named(word)
    if name not in _HAVE[kind]:
        raise CannotDo(f"type {kind} has no field `{name}` here")
    match kind:
        case "timestamp":
            return lambda local: _of_instant(name, local, local)
        case "timestamptz":
            return lambda settings, instant: _of_zoned(name, settings, instant)
        case "date":
            return lambda day: _of_date(name, day)
        case "time":
            return _OF_CLOCK[name]
        case "timetz":
            return lambda value: _of_zoned_clock(name, value)
        case _:
            return lambda span: _of_span(name, span)


def as_numeric(found: Scaled | float | None) -> Decimal | None:
    """Return a field as `extract` gives it."""
    if found is None or isinstance(found, float):
        return None if found is None else Decimal(found)
    return Decimal(found[0]).scaleb(-found[1])


def as_float(found: Scaled | float | None, name: str) -> float | None:
    """Return a field as `date_part` gives it: seconds are added to their parts last."""
    if found is None or isinstance(found, float):
        return found
    whole, scale = found
    sign = -1 if whole < 0 else 1
    seconds, rest = divmod(abs(whole), SECOND)
    if name == "second":
        return sign * seconds + sign * rest / 1e6
    if name == "milliseconds":
        return sign * seconds * 1000.0 + sign * rest / 1000.0
    return float(whole) / 10.0**scale


def epoch_as_float(span: Span) -> float:
    """Return the seconds of an interval as `date_part` gives them."""
    sign = -1 if span.months < 0 else 1
    years, months = (sign * part for part in divmod(abs(span.months), 12))
    return span.us / 1e6 + 31_557_600.0 * years + 2_592_000.0 * months + 86_400.0 * span.days


_UNITS: Final = {
    "microseconds": 1,
    "milliseconds": 1000,
    "second": SECOND,
    "minute": MINUTE,
    "hour": HOUR,
}


def truncated(word: str) -> Callable[[int], int]:
    """Return the function that goes back to the beginning of a field, by a clock of no place.

    Raises:
        CannotDo: not a field of the list that has a beginning.
    """
    name = field_named(word)
    if name in _UNITS:
        unit = _UNITS[name]
        return lambda local: local if local in INFINITE else local // unit * unit
    begin = _BEGINS.get(name)
    if begin is None:
        raise CannotDo(f"date_trunc to `{name}` is not in the list")
    return lambda local: local if local in INFINITE else in_range(begin(local // DAY) * DAY)


def truncated_zoned(word: str) -> Callable[[Settings, int], int]:
    """Return the function that goes back to the beginning of a field, by the session's clocks.

    Raises:
        CannotDo: not a field of the list that has a beginning.
    """
    back, name = truncated(word), field_named(word)

    def run(settings: Settings, instant: int) -> int:
        if instant in INFINITE:
            return instant
        local = to_local(settings, instant)
        if name in _UNITS:
            return instant + back(local) - local
        return to_zoned(settings, back(local))

    return run


def truncated_span(word: str) -> Callable[[Span], Span]:
    """Return the function that cuts off what is smaller than a field of an interval.

    Raises:
        CannotDo: not a field of the list that an interval has.
    """
    name = field_named(word)
    months = {
        "month": 1,
        "quarter": 3,
        "year": 12,
        "decade": 120,
        "century": 1200,
        "millennium": 12_000,
    }
    if name in _UNITS:
        unit = _UNITS[name]
        return lambda span: span._replace(us=_towards_zero(span.us, unit) * unit)
    if name == "day":
        return lambda span: span._replace(us=0)
    if name not in months:
        raise CannotDo(f"date_trunc of an interval to `{name}` is not in the list")
    length = months[name]
    return lambda span: Span(_towards_zero(span.months, length) * length, 0, 0)


def _first(year: int) -> int:
    return day_of(year, 1, 1)


def _decade_begin(day: int) -> int:
    return _first(decade(parts_of(day)[0]) * 10)


def _century_begin(length: int) -> Callable[[int], int]:
    def begin(day: int) -> int:
        number = century(parts_of(day)[0], length)
        return _first(number * length - (length - 1) if number > 0 else number * length + 1)

    return begin


def _month_begin(length: int) -> Callable[[int], int]:
    def begin(day: int) -> int:
        year, month, _ = parts_of(day)
        return day_of(year, (month - 1) // length * length + 1, 1)

    return begin


_BEGINS: Final[dict[str, Callable[[int], int]]] = {
    "day": lambda day: day,
    "week": lambda day: day - (weekday(day) + 6) % 7,
    "month": _month_begin(1),
    "quarter": _month_begin(3),
    "year": _month_begin(12),
    "decade": _decade_begin,
    "century": _century_begin(100),
    "millennium": _century_begin(1000),
}


def extract(word: str, kind: str) -> Callable[..., Value]:
    """Return `extract` of a field, for values of the type `kind`.

    Raises:
        CannotDo: not a field of the list, or not one that the type has.
    """
    found = field(word, kind)
    return lambda *given: as_numeric(found(*given))


def date_part(word: str, kind: str) -> Callable[..., Value]:
    """Return `date_part` of a field, for values of the type `kind`.

    Raises:
        CannotDo: not a field of the list, or not one that the type has.
    """
    found, name = field(word, kind), field_named(word)
    if kind == "interval" and name == "epoch":
        return epoch_as_float
    return lambda *given: as_float(found(*given), name)
