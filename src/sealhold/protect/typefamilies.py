"""What sort of values a type of PostgreSQL has, as far as a policy asks.

- A type is told by its name alone, in any spelling that PostgreSQL takes, with its modifiers.
- A type that is not known here is OTHER: it can be sealed, and nothing can be asked of it.

Source: docs/spec/16-protection-policy.md section 4.2; PostgreSQL 15, chapter 8.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto, unique
from typing import Final


@unique
class Family(Enum):
    """Types that the techniques treat alike."""

    INTEGER = auto()
    NUMERIC = auto()
    FLOAT = auto()
    TEXT = auto()
    DATE = auto()
    TIMESTAMP = auto()
    TIME = auto()
    ZONED_TIME = auto()  # its zone is a part of it
    INTERVAL = auto()
    BOOLEAN = auto()
    BYTES = auto()
    UUID = auto()
    NETWORK = auto()
    DOCUMENT = auto()  # json and xml, which have no equality
    JSONB = auto()
    GEOMETRY = auto()
    ARRAY = auto()  # of what can be equal
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Kind:
    """One type, with what its modifiers say."""

    family: Family
    base: str  # one name for all its spellings
    modifiers: tuple[int, ...] = ()

    @property
    def length(self) -> int | None:
        """The most characters of a text, where its type says so."""
        return self.modifiers[0] if self.family is Family.TEXT and self.modifiers else None

    @property
    def scale(self) -> int | None:
        """The decimals of a number, where its type says so."""
        if self.family is not Family.NUMERIC or not self.modifiers:
            return None
        return self.modifiers[1] if len(self.modifiers) > 1 else 0

    @property
    def precision(self) -> int | None:
        """The digits of a number, where its type says so."""
        return self.modifiers[0] if self.family is Family.NUMERIC and self.modifiers else None


_SPELT: Final = re.compile(r"([a-z0-9_ ]+?)\s*(?:\(([0-9, -]+)\)\s*([a-z ]*))?(\[\])?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_ALIASES: Final = {
    "smallint": "int2", "smallserial": "int2", "serial2": "int2",
    "integer": "int4", "int": "int4", "serial": "int4", "serial4": "int4",
    "bigint": "int8", "bigserial": "int8", "serial8": "int8",
    "decimal": "numeric", "real": "float4", "double precision": "float8", "float": "float8",
    "character varying": "varchar", "character": "bpchar", "char": "bpchar", "boolean": "bool",
    "timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz",
    "time without time zone": "time", "time with time zone": "timetz",
}  # fmt: skip
_FAMILIES: Final = {
    Family.INTEGER: ("int2", "int4", "int8"),
    Family.NUMERIC: ("numeric",),
    Family.FLOAT: ("float4", "float8"),
    Family.TEXT: ("text", "varchar", "bpchar", "citext", "name"),
    Family.DATE: ("date",),
    Family.TIMESTAMP: ("timestamp", "timestamptz"),
    Family.TIME: ("time",),
    Family.ZONED_TIME: ("timetz",),
    Family.INTERVAL: ("interval",),
    Family.BOOLEAN: ("bool",),
    Family.BYTES: ("bytea",),
    Family.UUID: ("uuid",),
    Family.NETWORK: ("inet", "cidr", "macaddr", "macaddr8"),
    Family.DOCUMENT: ("json", "xml"),
    Family.JSONB: ("jsonb",),
    Family.GEOMETRY: (
        *("point", "line", "lseg", "box", "path", "polygon", "circle"),
        *("geometry", "geography"),
    ),
}
_FAMILY_OF: Final = {base: family for family, bases in _FAMILIES.items() for base in bases}
_UNEQUAL: Final = frozenset({Family.DOCUMENT, Family.GEOMETRY, Family.OTHER})


def kind_of(type_: str) -> Kind:
    """Return the kind of a type as a policy or PostgreSQL spells it."""
    found = _SPELT.fullmatch(" ".join(type_.casefold().split()))
    if found is None:
        return Kind(Family.OTHER, type_)
    name, numbers, behind, is_array = found.groups()
    full = " ".join(f"{name} {behind or ''}".split())
    base = _ALIASES.get(full, full)
    if is_array:
        can_be_equal = _FAMILY_OF.get(base, Family.OTHER) not in _UNEQUAL
        return Kind(Family.ARRAY if can_be_equal else Family.OTHER, f"{base}[]")
    modifiers = tuple(map(int, _NUMBER.findall(numbers or "")))
    if full in {"char", "character"} and not modifiers:
        modifiers = (1,)  # `char` alone is `char(1)`
    return Kind(_FAMILY_OF.get(base, Family.OTHER), base, modifiers)
