"""What the precision rules say, as values.

- A rule makes rows coarser or fewer, never finer or more.
- Times are UTC milliseconds; an hour, day or week is that of the zone that the rule names.

Source: docs/spec/07-grants.md section 4.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from sealhold.model.ids import FieldName
from sealhold.model.quantities import Millis
from sealhold.model.records import ColumnType


class Summary(StrEnum):
    """What many values become."""

    MIN = "min"
    MAX = "max"
    AVG = "avg"
    COUNT = "count"
    SUM = "sum"


class Period(StrEnum):
    """Over which time they are taken together."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"  # from Monday


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleEvery:
    """At most one row in each stretch of time: `sample_every(t, 15m)`."""

    time: FieldName
    every: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """A number to the nearest step, half to even: `round(lat, 0.01)`."""

    column: FieldName
    type: ColumnType  # integer, float or decimal
    step: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncate:
    """A time down to its step since 1970, UTC: `round(t, 15m)`."""

    column: FieldName
    step: Millis


class Span(StrEnum):
    """A stretch of the calendar that a time is taken back to."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Since:
    """A time down to the start of its hour, day, month or year: `since(month(t, 'UTC'))`."""

    column: FieldName
    span: Span
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A place to the middle of its square on a fixed grid: `grid(lat, lon, 1000)`."""

    latitude: FieldName
    longitude: FieldName
    metres: int  # of a side, at least, wherever on the earth


@dataclass(frozen=True, slots=True, kw_only=True)
class Initials:
    """A name to its first letters: `initials(name)`."""

    column: FieldName


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """One row per period: `aggregate(avg(power) per hour(t, 'Europe/Paris'))`."""

    summary: Summary
    column: FieldName
    type: ColumnType
    period: Period
    time: FieldName
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MostRecent:
    """The newest rows only: `k_most_recent(t, 10)`. It depends on what is there when asked."""

    time: FieldName
    count: int


Alone: TypeAlias = Round | Truncate | Since | Grid | Initials  # looks at each row by itself
Rule: TypeAlias = Alone | SampleEvery | Aggregate | MostRecent
