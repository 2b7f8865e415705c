"""What a role is shown in place of a value: a closed list, each for some types.

- A mask keeps the type of its column: a year is a date, its first day.
- What is shown of two values that a mask does not part is the same bytes, so nothing else of them
  can be asked. NULL stays NULL; under `nothing` all is NULL.
- Of a text less is shown than there is: a value that has no more than would be shown is empty.

Source: docs/spec/65-roles-and-masks.md section 2.
"""

import math
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Final

from sealhold.protect.pgtypes.calendar import (
    DATE_INFINITY,
    DATE_MINUS_INFINITY,
    DAY,
    FIRST_DAY,
    INFINITY,
    MINUS_INFINITY,
    day_of,
    parts_of,
)
from sealhold.protect.pgtypes.codec import codec
from sealhold.protect.pgtypes.form import Codec
from sealhold.protect.pgtypes.numeric import EXACT
from sealhold.protect.pgtypes.types import PgType, characters, precision_and_scale
from sealhold.protect.policy import HASHED

NOTHING: Final = "nothing"
FORMS: Final = (
    *("nothing", "initial", "last4", "prefixN", "domain", "year", "month", "range:N"),
    HASHED,
)
"""All that can be shown; N is a number that the policy gives."""
HEX: Final = 32  # digits of a hash that is shown as a text

Show = Callable[[Sequence[bytes]], list[bytes]]  # values that are not NULL, in binary form
Hash = Callable[[Sequence[bytes]], list[bytes]]  # of canonical forms, 16 bytes each

_FORM: Final = re.compile(
    r"(nothing|initial|last4|domain|year|month|hash)|(prefix)([1-9][0-9]?)"
    r"|(range):([1-9][0-9]{0,17})"
)
_TEXTS: Final = frozenset({"text", "varchar", "bpchar"})
_DAYS: Final = frozenset({"date", "timestamp", "timestamptz"})
_WHOLE: Final = frozenset({"int2", "int4", "int8"})
_FLOATS: Final = frozenset({"float4", "float8"})
_SIXTEEN: Final = frozenset({"uuid", "bytea"})  # hold a hash as it is
_TYPES: Final = {
    "initial": _TEXTS, "last4": _TEXTS, "prefix": _TEXTS, "domain": _TEXTS,
    "year": _DAYS, "month": _DAYS,
    "range": _WHOLE | _FLOATS | {"numeric"},
    HASHED: _TEXTS | _SIXTEEN,
}  # fmt: skip
_ENDLESS_DAYS: Final = frozenset({DATE_INFINITY, DATE_MINUS_INFINITY})
_ENDLESS: Final = frozenset({INFINITY, MINUS_INFINITY})


def parse_show(show: str) -> tuple[str, int] | None:
    """Return what a text of the policy shows, and its number; None if it is not in the list."""
    found = _FORM.fullmatch(show)
    if found is None:
        return None
    return found[1] or found[2] or found[4], int(found[3] or found[5] or 0)


def fits(show: str, type_: PgType) -> bool:
    """Whether values of a type can be shown so."""
    found = parse_show(show)
    if found is None:
        return False
    if found[0] == NOTHING:
        return True
    if type_.name not in _TYPES[found[0]]:
        return False
    limit = characters(type_) if type_.name in _TEXTS else None
    return found[0] != HASHED or limit is None or limit >= HEX


def show_of(show: str, type_: PgType, hashed: Hash) -> Show:
    """Return what is shown in place of values of a type that fits.

    What is returned raises PgValueError for bytes that are no value of the type.

    Raises:
        ValueError: it is not in the list, or `nothing`, of which there is nothing to make.
    """
    what, number = parse_show(show) or (NOTHING, 0)
    form = codec(type_)
    match what:
        case "initial" | "prefix":
            most = number or 1
            return _each(form, lambda text: text[:most] if len(text) > most else "")
        case "last4":
            return _each(form, lambda text: text[-4:] if len(text) > 4 else "")  # noqa: PLR2004  # reason: its name
        case "domain":
            return _each(form, lambda text: text.rpartition("@")[2] if "@" in text else "")
        case "year" | "month":
            return _each(form, _first_day(type_, of_year=what == "year"), is_text=False)
        case "range":
            return _each(form, _floor(type_, number), is_text=False)
        case _ if what == HASHED:
            return _hash(form, type_, hashed)
        case _:
            raise ValueError(show)


def _each(form: Codec[Any], change: Callable[[Any], Any], *, is_text: bool = True) -> Show:
    def one(value: bytes) -> bytes:
        known = form.to_value(value)
        if not is_text:
            return form.from_value(change(known))
        return form.from_value(form.fit(change(form.key(known))))

    return lambda values: [one(each) for each in values]


def _hash(form: Codec[Any], type_: PgType, hashed: Hash) -> Show:
    # THREAT T736: under a key of this role and column, so that nobody looks a guess up
    def shown(values: Sequence[bytes]) -> list[bytes]:
        terms = hashed([form.canonical(form.checked(each)) for each in values])
        if type_.name in _SIXTEEN:
            return terms
        return [form.from_value(form.fit(each.hex())) for each in terms]

    return shown


def _first_day(type_: PgType, *, of_year: bool) -> Callable[[int], int]:
    """Return what gives the first day of a year or month; of a time with a zone, in UTC."""
    unit = 1 if type_.name == "date" else DAY
    endless = _ENDLESS_DAYS if type_.name == "date" else _ENDLESS

    # THREAT T735: not by the session's zone, which who asks may set as they like
    def first(value: int) -> int:
        if value in endless:
            return value
        year, month, _ = parts_of(value // unit)
        return max(day_of(year, 1 if of_year else month, 1), FIRST_DAY) * unit

    return first


def _floor(type_: PgType, width: int) -> Callable[[Any], Any]:
    """Return what gives the multiple of `width` below; the first of a type is its least value."""
    if type_.name in _WHOLE:
        least = -(1 << (type_.length * 8 - 1))
        return lambda value: max(value // width * width, least)
    if type_.name in _FLOATS:
        return lambda value: (
            float(math.floor(value) // width * width) if math.isfinite(value) else value
        )
    limits = precision_and_scale(type_.typmod)
    scale = max(limits[1], 0) if limits else 0
    unit = Decimal((0, (1,), -scale))
    lowest = Decimal((1, (9,) * limits[0], -limits[1])) if limits else None

    def floored(value: Decimal) -> Decimal:
        if not value.is_finite():
            return value
        whole = value.to_integral_value(ROUND_FLOOR, EXACT)
        step = EXACT.subtract(whole, EXACT.remainder(whole, width))
        if step > whole:
            step = EXACT.subtract(step, Decimal(width))
        if lowest is not None and step < lowest:
            step = lowest
        return step.quantize(unit, context=EXACT) if step else Decimal((0, (0,), -scale))

    return floored
