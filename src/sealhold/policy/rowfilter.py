"""Row filters: which rows a grant, a task's selection or a share lets through.

- The one filter language of the product. A filter is parsed against the columns of its collection
  and then asked of one row at a time.
- Three answers: yes, no, unknown. A field that is absent, empty or of an unfit type is unknown, and
  so is every test on it; only yes lets a row through, so neither a test nor its `not` does.

Source: docs/spec/07-grants.md section 4.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant
from sealhold.model.records import Column
from sealhold.policy.filter_ast import (
    Age,
    Among,
    And,
    Between,
    Compare,
    Comparison,
    Every,
    Filter,
    LocalTime,
    Not,
    Or,
    Sampled,
    Value,
    Weekday,
    Within,
)
from sealhold.policy.filter_parser import FilterParser
from sealhold.policy.values import instant_of, local, number_of

EARTH_METRES: Final = 6_371_008.8  # mean radius, IUGG
_COMPARE: Final[dict[Comparison, Callable[[Plain, Plain], bool]]] = {
    Comparison.EQUAL: eq,
    Comparison.UNEQUAL: ne,
    Comparison.LESS: lt,
    Comparison.AT_MOST: le,
    Comparison.MORE: gt,
    Comparison.AT_LEAST: ge,
}

Row = Mapping[str, Plain]


def parse_filter(text: str, columns: Sequence[Column], *, allow_clock: bool = False) -> Filter:
    """Return the filter that `text` writes over `columns`.

    Args:
        text: at most 4,096 characters.
        columns: of the collection whose rows are to be filtered.
        allow_clock: whether `age` may stand in it; never in a task's selection.

    Raises:
        InvalidFilterError: not in the language, over a limit, or dependent on the clock.
    """
    return FilterParser(text, columns, allow_clock=allow_clock).whole()


def matches(asked: Filter, row: Row, now: Instant | None = None) -> bool:
    """Return whether `asked` is answered yes for `row`; without `now`, no age is known."""
    # INVARIANT: unknown is not yes, and neither is `not` unknown.
    return answer(asked, row, now) is True


def answer(asked: Filter, row: Row, now: Instant | None = None) -> bool | None:
    """Return yes, no or, where a field tells nothing, `None`."""
    match asked:
        case Every():
            found: bool | None = True
        case And(parts):
            found = _all([answer(part, row, now) for part in parts])
        case Or(parts):
            found = _not(_all([_not(answer(part, row, now)) for part in parts]))
        case Not(part):
            found = _not(answer(part, row, now))
        case Age():
            at = instant_of(row.get(asked.column))
            found = None if at is None or now is None else 0 <= now - at < asked.less_than
        case Sampled():
            # THREAT T431: by the clock alone, so whether a row is shown tells of no other row
            at = instant_of(row.get(asked.column))
            found = None if at is None else at % asked.every < asked.first
        case Weekday() | LocalTime():
            found = _local(asked, row)
        case Within():
            found = _within(asked, row)
        case Compare() | Among() | Between():
            found = _compare(asked, row.get(asked.column))
    return found


def _all(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _not(known: bool | None) -> bool | None:  # noqa: FBT001 - the value itself, not a switch
    return None if known is None else not known


def _compare(asked: Compare | Among | Between, held: Plain) -> bool | None:
    wanted: Value
    match asked:
        case Compare():
            wanted = asked.value
        case Among():
            wanted = asked.values[0]
        case Between():
            wanted = asked.low
    known = _like(wanted, held)
    if known is None:
        return None
    match asked:
        case Compare():
            return _COMPARE[asked.how](known, asked.value)
        case Among():
            return known in asked.values
        case Between():
            return bool(asked.low <= known < asked.high)  # type: ignore[operator]  # reason: both are of the column's type


def _like(wanted: Value, held: Plain) -> Value | None:
    """Return `held` as a value of the type of `wanted`, if it is one."""
    if isinstance(wanted, bool):
        return held if isinstance(held, bool) else None
    if isinstance(wanted, str):
        return held if isinstance(held, str) else None
    return number_of(held)


def _local(asked: Weekday | LocalTime, row: Row) -> bool | None:
    at = instant_of(row.get(asked.column))
    there = None if at is None else local(at, asked.zone)
    if there is None:
        return None
    if isinstance(asked, Weekday):
        return there.weekday() in asked.days
    minutes = there.hour * 60 + there.minute
    if asked.start < asked.end:
        return asked.start <= minutes < asked.end
    return minutes >= asked.start or minutes < asked.end


def _within(asked: Within, row: Row) -> bool | None:
    latitude = _degrees(row.get(asked.latitude), 90)
    longitude = _degrees(row.get(asked.longitude), 180)
    if latitude is None or longitude is None:
        return None
    centre = (float(asked.centre_latitude), float(asked.centre_longitude))
    return metres_between((latitude, longitude), centre) < float(asked.metres)


def _degrees(held: Plain, limit: int) -> float | None:
    number = number_of(held)
    return float(number) if number is not None and abs(number) <= limit else None


def metres_between(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance over a sphere of two places in degrees, by the haversine formula."""
    north_a, north_b = math.radians(one[0]), math.radians(other[0])
    north = math.sin((north_b - north_a) / 2)
    east = math.sin(math.radians(other[1] - one[1]) / 2)
    part = north * north + math.cos(north_a) * math.cos(north_b) * east * east
    return 2 * EARTH_METRES * math.asin(math.sqrt(min(1.0, part)))
