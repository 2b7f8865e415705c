"""Conversions between types: asked for by `::`, or made where an operator needs them.

- To and from text by the types' own forms; between numbers, and between dates and times, as the
  server rounds and refuses. All else is refused.
- A cast to varchar(n), char(n), numeric(p, s) or a time of fewer digits cuts or rounds, and says
  nothing of what it cut from a text.

Source: docs/spec/57-values-and-residuals.md section 9; PostgreSQL 15, pg_cast.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from sealhold.protect.pgtypes.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    DAY,
    END_INSTANT,
    FIRST_INSTANT,
    INFINITY,
    MINUS_INFINITY,
    SECOND,
)
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.errors import DATETIME_OVERFLOW, OUT_OF_RANGE, PgValueError
from sealhold.protect.pgtypes.numbers import single
from sealhold.protect.pgtypes.numeric import settled
from sealhold.protect.pgtypes.spans import Span
from sealhold.protect.pgtypes.types import PgType, element_of, plain, spelled
from sealhold.protect.pgtypes.zones import zone
from sealhold.protect.sql.residual_terms import TEXTS, CannotDo, Frame, Term, Value, made_of

TIMES: Final = frozenset({"date", "time", "timetz", "timestamp", "timestamptz", "interval"})
INTEGERS: Final = {"int2": 2**15, "int4": 2**31, "int8": 2**63}
_PLAINLY_WRITTEN: Final = frozenset(
    {*INTEGERS, "numeric", "uuid", "json", "jsonb", "time", "timetz"}
)
_FLOAT_DIGITS: Final = {"float4": 6, "float8": 15}
_INFINITE: Final = {DATE_INFINITY: INFINITY, DATE_MINUS_INFINITY: MINUS_INFINITY}
_INFINITE_DAYS: Final = {INFINITY: DATE_INFINITY, MINUS_INFINITY: DATE_MINUS_INFINITY}


@dataclass(frozen=True, slots=True)
class Cast:
    """How a value of one type becomes one of another."""

    run: Callable[..., Value]
    is_stable: bool = False  # takes the session's settings first


class OutOfRangeError(PgValueError):
    """A number is too great for a type."""

    def __init__(self, t: PgType) -> None:
        super().__init__(OUT_OF_RANGE, f"{spelled(plain(t))} out of range")


def to_integer(value: Value, to: PgType) -> int:
    """Return a number as an integer of type `to`: numeric halves go away from zero, floats to even.

    Raises:
        OutOfRangeError: the type does not reach so far.
        PgValueError: it is infinite, or no number.
    """
    if isinstance(value, Decimal):
        if not value.is_finite():
            word = "NaN" if value.is_nan() else "infinity"
            raise PgValueError("0A000", f"cannot convert {word} to {spelled(plain(to))}")
        if value.adjusted() > 20:  # noqa: PLR2004  # reason: digits that no integer has
            raise OutOfRangeError(to)
        value = int(value.to_integral_value("ROUND_HALF_UP"))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise OutOfRangeError(to)
        value = round(value)
    bound = INTEGERS[to.name]
    if not -bound <= value < bound:
        raise OutOfRangeError(to)
    return int(value)


def to_float(value: Value, to: PgType) -> float:
    """Return a number as real or double precision.

    Raises:
        PgValueError: too great, or too small to be told from zero.
    """
    is_single = to.name == "float4"
    if isinstance(value, float):
        result = single(value) if is_single else value
    elif isinstance(value, Decimal) and not value.is_finite():
        return float(value)
    else:
        text = f"{value:e}" if isinstance(value, Decimal) else str(value)
        result = single(float(text), text) if is_single else float(text)
        if math.isinf(result) or (not result and value):
            shown = str(value) if isinstance(value, int) else f"{value:f}"
            raise PgValueError(
                OUT_OF_RANGE, f'"{shown}" is out of range for type {spelled(plain(to))}'
            )
        return result
    if math.isinf(result) and not math.isinf(value):
        raise PgValueError(OUT_OF_RANGE, "value out of range: overflow")
    if not result and value:
        raise PgValueError(OUT_OF_RANGE, "value out of range: underflow")
    return result


def to_numeric(value: Value, given: PgType) -> Decimal:
    """Return a number as numeric; a float with as many digits as are surely right."""
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return Decimal(value)
        return settled(Decimal(f"{value:.{_FLOAT_DIGITS[given.name]}g}"))
    return Decimal(value)


def day_to_instant(day: int) -> int:
    """Return the instant with which a day begins.

    Raises:
        PgValueError: it is out of range for a timestamp.
    """
    if day in _INFINITE:
        return _INFINITE[day]
    instant = day * DAY
    if not FIRST_INSTANT <= instant < END_INSTANT:
        raise PgValueError(DATETIME_OVERFLOW, "date out of range for timestamp")
    return instant


def to_zoned(settings: Settings, local: int) -> int:
    """Return the instant at which the session's clocks show `local`.

    Raises:
        PgValueError: it is out of range.
    """
    if local in _INFINITE_DAYS:
        return local
    return in_range(local - zone(settings.time_zone).offset_of_local(local) * SECOND)


def to_local(settings: Settings, instant: int) -> int:
    """Return what the session's clocks show at an instant."""
    if instant in _INFINITE_DAYS:
        return instant
    return instant + zone(settings.time_zone).offset_at(instant) * SECOND


def in_range(instant: int) -> int:
    """Return the instant again.

    Raises:
        PgValueError: no timestamp reaches so far.
    """
    if not FIRST_INSTANT <= instant < END_INSTANT:
        raise PgValueError(DATETIME_OVERFLOW, "timestamp out of range")
    return instant


def to_day(local: int) -> int:
    """Return the day of a local time."""
    return _INFINITE_DAYS[local] if local in _INFINITE_DAYS else local // DAY


def _to_clock(local: int) -> int | None:
    return None if local in _INFINITE_DAYS else local % DAY


def _zoned_clock(settings: Settings, instant: int) -> tuple[int, int] | None:
    if instant in _INFINITE_DAYS:
        return None
    offset = zone(settings.time_zone).offset_at(instant)
    return (instant + offset * SECOND) % DAY, -offset


_MOMENTS: Final[dict[tuple[str, str], Cast]] = {
    ("date", "timestamp"): Cast(day_to_instant),
    ("date", "timestamptz"): Cast(lambda s, day: to_zoned(s, day_to_instant(day)), is_stable=True),
    ("timestamp", "date"): Cast(to_day),
    ("timestamp", "time"): Cast(_to_clock),
    ("timestamp", "timestamptz"): Cast(to_zoned, is_stable=True),
    ("timestamptz", "date"): Cast(lambda s, at: to_day(to_local(s, at)), is_stable=True),
    ("timestamptz", "time"): Cast(lambda s, at: _to_clock(to_local(s, at)), is_stable=True),
    ("timestamptz", "timestamp"): Cast(to_local, is_stable=True),
    ("timestamptz", "timetz"): Cast(_zoned_clock, is_stable=True),
    ("time", "interval"): Cast(lambda us: Span(0, 0, us)),
    ("timetz", "time"): Cast(lambda zoned: zoned[0]),
    ("interval", "time"): Cast(lambda span: span.us % DAY),
}


def cast_between(given: PgType, to: PgType) -> Cast:
    """Return how a value of one type becomes one of another, without regard to modifiers.

    Raises:
        CannotDo: not in the list.
    """
    if given.oid == to.oid:
        return Cast(lambda value: value)
    if given.name in TEXTS:
        return _from_text(given, to)
    if to.name in TEXTS:
        return _to_text(given, to)
    found = _MOMENTS.get((given.name, to.name)) or _number(given, to)
    if found is None:
        raise CannotDo(f"a cast from {given.name} to {to.name} is not in the list")
    return found


def _from_text(given: PgType, to: PgType) -> Cast:
    trims = given.name == "bpchar"
    made = codec(plain(to))
    if to.name == "name":
        return Cast(lambda text: made.fit(text.rstrip(" ") if trims else text))
    if to.name in TEXTS:
        return Cast(lambda text: text.rstrip(" ")) if trims else Cast(lambda text: text)
    if element_of(to) is not None:
        raise CannotDo(f"a cast from {given.name} to an array is not in the list")
    if to.name in TIMES:
        return Cast(lambda settings, text: made.parse(text, settings), is_stable=True)
    plain_settings = Settings()
    return Cast(lambda text: made.parse(text, plain_settings))


def _to_text(given: PgType, to: PgType) -> Cast:
    made = codec(plain(given))
    if given.name == "bool":
        return Cast(lambda value: "true" if value else "false")
    if to.name == "name":
        raise CannotDo(f"a cast from {given.name} to name is not in the list")
    if given.name in _PLAINLY_WRITTEN:
        plain_settings = Settings()
        return Cast(lambda value: made.spell(value, plain_settings))
    return Cast(lambda settings, value: made.spell(value, settings), is_stable=True)


def _number(given: PgType, to: PgType) -> Cast | None:
    numbers = {*INTEGERS, "numeric", "float4", "float8"}
    if given.name in numbers and to.name in numbers:
        if to.name in INTEGERS:
            return Cast(lambda value: to_integer(value, to))
        if to.name == "numeric":
            return Cast(lambda value: to_numeric(value, given))
        return Cast(lambda value: to_float(value, to))
    match given.name, to.name:
        case "bool", "int4":
            return Cast(int)
        case "int4", "bool":
            return Cast(bool)
        case _:
            return None


def converted(term: Term, to: PgType, *, is_asked_for: bool = False) -> Term:
    """Return the term as one of type `to`; with its modifier, if that is given.

    Raises:
        CannotDo: not in the list.
    """
    cast = cast_between(term.type, to)
    if term.type.oid == to.oid:
        if to.typmod in {-1, term.type.typmod}:
            return term if to.typmod != -1 else _plain(term, is_asked_for=is_asked_for)
        converted_term = term
    else:
        converted_term = _applied(term, cast, plain(to))
    if to.typmod == -1:
        return converted_term
    cut = codec(to).cut
    return _applied(converted_term, Cast(cut), to)


def assigns(given: PgType, to: PgType) -> bool:
    """Whether a value is converted when it is stored, without a cast that is written."""
    if given.oid == to.oid:
        return True
    if given.name in TEXTS:
        return to.name in TEXTS
    return {given.name, to.name} != {"bool", "int4"}


def stored(term: Term, to: PgType) -> Term:
    """Return the term as it is stored in a column of type `to`.

    Raises:
        CannotDo: not in the list.
    """
    made = converted(term, plain(to))
    if to.typmod in {-1, made.type.typmod}:
        return replace(made, type=to)
    return _applied(made, Cast(codec(to).fit), to)


def _plain(term: Term, *, is_asked_for: bool) -> Term:
    """Return the term without its modifier, which a cast to the type alone takes away."""
    if not is_asked_for or term.type.typmod == -1:
        return term
    return replace(term, type=plain(term.type))


def _applied(term: Term, cast: Cast, to: PgType) -> Term:
    inner, change = term.run, cast.run
    if term.is_null:
        return made_of(to, lambda _: None, (term,), is_null=True)
    if cast.is_stable:

        def run(frame: Frame) -> Value:
            value = inner(frame)
            return None if value is None else change(frame.given.settings, value)
    else:

        def run(frame: Frame) -> Value:
            value = inner(frame)
            return None if value is None else change(value)

    return made_of(to, run, (term,), is_stable=cast.is_stable)
