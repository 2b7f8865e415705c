"""The types that the proxy knows: their numbers, names and modifiers.

- A type is what RowDescription tells of a column: object id, modifier, length.
- `named` reads what a policy, a cast or a catalogue says; `spelled` writes what the server's
  `format_type` does. Modifiers are packed as the server packs them.
- A closed list: a type that is not in it is refused, never guessed.

Source: docs/spec/57-values-and-residuals.md section 1; PostgreSQL 15, pg_type and chapter 8.
"""

import re
from dataclasses import dataclass, replace
from functools import cache
from typing import Final, NamedTuple

from sealhold.protect.pgtypes.errors import TypeRefusedError

HEADER: Final = 4  # what the server adds to the modifiers of some types
MAX_LENGTH: Final = 10_485_760  # characters of varchar(n) and char(n)
MAX_PRECISION: Final = 1000  # digits of numeric(p, s)
MAX_FRACTION: Final = 6  # digits of seconds
_RANGE_ALL: Final = 0x7FFF  # interval(p) of all fields


@dataclass(frozen=True, slots=True)
class PgType:
    """One type with its modifier."""

    oid: int
    name: str  # pg_type.typname: int4, _text
    typmod: int = -1
    length: int = -1  # bytes; -1: varies


class _Known(NamedTuple):
    oid: int
    name: str
    spelled: str
    array: int
    length: int


_KNOWN: Final = (
    _Known(16, "bool", "boolean", 1000, 1),
    _Known(17, "bytea", "bytea", 1001, -1),
    _Known(19, "name", "name", 1003, 64),
    _Known(20, "int8", "bigint", 1016, 8),
    _Known(21, "int2", "smallint", 1005, 2),
    _Known(23, "int4", "integer", 1007, 4),
    _Known(25, "text", "text", 1009, -1),
    _Known(114, "json", "json", 199, -1),
    _Known(700, "float4", "real", 1021, 4),
    _Known(701, "float8", "double precision", 1022, 8),
    _Known(1042, "bpchar", "character", 1014, -1),
    _Known(1043, "varchar", "character varying", 1015, -1),
    _Known(1082, "date", "date", 1182, 4),
    _Known(1083, "time", "time without time zone", 1183, 8),
    _Known(1114, "timestamp", "timestamp without time zone", 1115, 8),
    _Known(1184, "timestamptz", "timestamp with time zone", 1185, 8),
    _Known(1186, "interval", "interval", 1187, 16),
    _Known(1266, "timetz", "time with time zone", 1270, 12),
    _Known(1700, "numeric", "numeric", 1231, -1),
    _Known(2950, "uuid", "uuid", 2951, 16),
    _Known(3802, "jsonb", "jsonb", 3807, -1),
)
_BY_OID: Final = {known.oid: known for known in _KNOWN}
_BY_ARRAY: Final = {known.array: known for known in _KNOWN}
_BY_NAME: Final = (
    {known.name: known for known in _KNOWN}
    | {known.spelled: known for known in _KNOWN}
    | {
        alias: _BY_OID[oid]
        for alias, oid in {
            "int": 23, "decimal": 1700, "dec": 1700, "float": 701, "char": 1042, "time": 1083,
            "timestamp": 1114, "char varying": 1043, "national character": 1042,
            "national character varying": 1043, "nchar": 1042, "nchar varying": 1043,
            "national char": 1042, "national char varying": 1043,
        }.items()
    }
)  # fmt: skip
_MODIFIED: Final = re.compile(
    r"([a-z_0-9 ]+?) ?(?:\( ?(-?[0-9]{1,9}(?: ?, ?-?[0-9]{1,9})*) ?\))?"
    r" ?((?:with|without) time zone)?"
)
_ONE_BY_DEFAULT: Final = {"char", "character", "nchar", "national char", "national character"}
_PRECISION_OF_FLOAT4: Final = 24  # bits; float(25) and more are float8
_PRECISION_OF_FLOAT8: Final = 53


def by_oid(oid: int, typmod: int = -1) -> PgType | None:
    """Return the type of this number, None if it is not in the list."""
    known = _BY_OID.get(oid)
    if known is not None:
        return PgType(known.oid, known.name, typmod, known.length)
    known = _BY_ARRAY.get(oid)
    return None if known is None else PgType(oid, "_" + known.name, typmod, -1)


def array_of(t: PgType) -> PgType:
    """Return the type of arrays of `t`.

    Raises:
        TypeRefusedError: `t` is an array, or not in the list.
    """
    known = _BY_OID.get(t.oid)
    if known is None:
        raise TypeRefusedError(f"no arrays of `{t.name}`")
    return PgType(known.array, "_" + known.name, t.typmod, -1)


def element_of(t: PgType) -> PgType | None:
    """Return the type of the elements of an array, None if `t` is no array."""
    known = _BY_ARRAY.get(t.oid)
    return None if known is None else PgType(known.oid, known.name, t.typmod, known.length)


def plain(t: PgType) -> PgType:
    """Return the type without its modifier."""
    return t if t.typmod == -1 else replace(t, typmod=-1)


@cache
def named(text: str) -> PgType:
    """Return the type that `text` names, as SQL spells it.

    Raises:
        TypeRefusedError: not a type of the list, or a modifier that it cannot have.
    """
    words = " ".join(text.lower().split()).removeprefix("pg_catalog.")
    brackets = re.fullmatch(r"(.*?) ?\[[0-9]*\]", words)
    if brackets:
        return array_of(named(brackets[1]))
    if words.startswith("_"):
        return array_of(named(words[1:]))
    parts = _MODIFIED.fullmatch(words)
    if parts is None:
        raise TypeRefusedError(f"no type `{text}` in the list")
    name, zone = parts[1], parts[3]
    known = _BY_NAME.get(f"{name} {zone}" if zone else name)
    if known is None:
        raise TypeRefusedError(f"no type `{text}` in the list")
    given = [int(part) for part in parts[2].split(",")] if parts[2] else []
    if name == "float" and given:
        known, given = _float(given), []
    if not given and name in _ONE_BY_DEFAULT:
        given = [1]
    return PgType(known.oid, known.name, modifier(known.name, given), known.length)


def _float(given: list[int]) -> _Known:
    if len(given) != 1 or not 1 <= given[0] <= _PRECISION_OF_FLOAT8:
        raise TypeRefusedError("precision of float is 1 to 53 bits")
    return _BY_NAME["float4" if given[0] <= _PRECISION_OF_FLOAT4 else "float8"]


def modifier(name: str, given: list[int]) -> int:
    """Return how the server packs the modifiers `given` of the type `name` (pg_type.typname).

    Raises:
        TypeRefusedError: the type cannot have them.
    """
    if not given:
        return -1
    match name, given:
        case (("varchar" | "bpchar"), [length]) if 1 <= length <= MAX_LENGTH:
            return length + HEADER
        case "numeric", [precision] if 1 <= precision <= MAX_PRECISION:
            return (precision << 16) + HEADER
        case "numeric", [precision, scale] if (
            1 <= precision <= MAX_PRECISION and -MAX_PRECISION <= scale <= MAX_PRECISION
        ):
            return ((precision << 16) | (scale & 0x7FF)) + HEADER
        case (("time" | "timetz" | "timestamp" | "timestamptz"), [digits]) if digits >= 0:
            return min(digits, MAX_FRACTION)
        case "interval", [digits] if digits >= 0:
            return (_RANGE_ALL << 16) | min(digits, MAX_FRACTION)
        case _:
            raise TypeRefusedError(f"type `{name}` cannot have the modifier {given}")


def precision_and_scale(typmod: int) -> tuple[int, int] | None:
    """Return the digits in all and after the point of a numeric, None if it is not limited."""
    if typmod < HEADER:
        return None
    packed = typmod - HEADER
    return (packed >> 16) & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024


def characters(t: PgType) -> int | None:
    """Return how many characters a varchar(n) or char(n) has, None if it is not limited."""
    return t.typmod - HEADER if t.typmod >= HEADER else None


def fraction(t: PgType) -> int | None:
    """Return how many digits of a second are kept, None for all six.

    Raises:
        TypeRefusedError: an interval of some fields only.
    """
    if t.typmod < 0:
        return None
    if t.name == "interval" and t.typmod >> 16 != _RANGE_ALL:
        raise TypeRefusedError("intervals of some fields only are not in the list")
    digits = t.typmod & 0xFFFF
    return None if digits >= MAX_FRACTION else digits


def spelled(t: PgType) -> str:
    """Return the type as the server's `format_type` writes it."""
    of = element_of(t)
    if of is not None:
        return spelled(of) + "[]"
    base = _BY_OID[t.oid].spelled
    if t.typmod < 0:
        return "bpchar" if t.name == "bpchar" else base
    if t.name == "numeric":
        digits = precision_and_scale(t.typmod)
        return base if digits is None else f"numeric({digits[0]},{digits[1]})"
    if t.name in {"varchar", "bpchar"}:
        return f"{base}({characters(t)})"
    first, _, rest = base.partition(" ")
    return f"{first}({t.typmod & 0xFFFF}){' ' if rest else ''}{rest}"
