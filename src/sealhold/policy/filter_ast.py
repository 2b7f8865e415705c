"""What a row filter says, as a tree of values.

- Each node is a question about one row, answered yes, no or unknown; only yes lets a row through.
- Intervals are half-open. A local time or weekday names its zone, never that of a machine.
- Numbers are exact decimals, times of a day are minutes since midnight.

Source: docs/spec/07-grants.md section 4.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from sealhold.model.ids import FieldName
from sealhold.model.quantities import Millis

Value: TypeAlias = Decimal | str | bool


class Comparison(StrEnum):
    """How a field is compared with a value."""

    EQUAL = "="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Every:
    """Every row: `all`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compare:
    """A field against one value: `distance_m >= 500`."""

    column: FieldName
    how: Comparison
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Among:
    """A field is one of some values: `mode in ('bike', 'walk')`."""

    column: FieldName
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A field is at least `low` and less than `high`: `speed between 2 and 9`."""

    column: FieldName
    low: Value
    high: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekday:
    """A time falls on one of some days: `weekday(t, 'Europe/Paris') in (mon, tue)`."""

    column: FieldName
    zone: str
    days: frozenset[int]  # Monday is 0


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTime:
    """A time falls in a part of the day: `local_time(t, 'Europe/Paris') in [08:00, 10:00)`."""

    column: FieldName
    zone: str
    start: int  # minutes since midnight, 0 to 1439
    end: int  # minutes since midnight, 1 to 1440; before `start`: over midnight


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A time falls at the start of a stretch since 1970, UTC: `sample(t, 15m, 1m)`."""

    column: FieldName
    every: Millis
    first: Millis  # so long from its start on; less than `every`


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A place is less than some metres away: `within(lat, lon, 48.85, 2.35, 500)`."""

    latitude: FieldName
    longitude: FieldName
    centre_latitude: Decimal  # degrees
    centre_longitude: Decimal
    metres: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Age:
    """A time is less than so long ago: `age(t) < 7d`. It depends on the clock."""

    column: FieldName
    less_than: Millis


@dataclass(frozen=True, slots=True)
class Not:
    """The other answer; unknown stays unknown."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """Yes if all parts are."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Yes if one part is."""

    parts: tuple["Filter", ...]


Filter: TypeAlias = (
    Every
    | Compare
    | Among
    | Between
    | Weekday
    | LocalTime
    | Sampled
    | Within
    | Age
    | Not
    | And
    | Or
)
