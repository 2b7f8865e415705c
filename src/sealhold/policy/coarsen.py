"""Applying precision rules to rows: what a grant shows instead of the rows themselves.

- Exact: integers and decimals are counted as such, floats by their shortest decimal form.
- The order of the rows that come in decides nothing; what comes out is sorted by time where a rule
  is about time, so that not even the order of what was left out shows.

Source: docs/spec/07-grants.md section 4.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant
from sealhold.model.records import ColumnType
from sealhold.policy.precision_ast import (
    Aggregate,
    Alone,
    Grid,
    Initials,
    MostRecent,
    Period,
    Round,
    Rule,
    SampleEvery,
    Since,
    Span,
    Summary,
    Truncate,
)
from sealhold.policy.squares import initials_of, squared
from sealhold.policy.values import instant_of, local, number_of

_DIGITS: Final = 60  # decimals of a sum: 10^6 rows of 18 digits need 24
_CENTS: Final = Decimal("0.0001")  # the last place of a decimal column

Row = Mapping[str, Plain]


def coarsen(rules: Sequence[Rule], rows: Iterable[Row]) -> list[dict[str, Plain]]:
    """Return `rows` after all `rules`, in their order."""
    found = [dict(row) for row in rows]
    for rule in rules:
        match rule:
            case SampleEvery():
                found = _sample(rule, found)
            case Round() | Truncate() | Since() | Grid() | Initials():
                found = [_alone(rule, row) for row in found]
            case Aggregate():
                found = _aggregate(rule, found)
            case MostRecent():
                found = _timed(rule.time, found)[-rule.count :]
    return found


def _alone(rule: Alone, row: dict[str, Plain]) -> dict[str, Plain]:
    """Return `row` after a rule that looks at each row by itself."""
    match rule:
        case Round():
            return _with(row, rule.column, _rounded(rule, row))
        case Truncate():
            return _with(row, rule.column, _truncated(rule, row))
        case Since():
            return _with(row, rule.column, _start_of(rule, row))
        case Initials():
            return _with(row, rule.column, initials_of(row.get(rule.column)))
        case Grid():
            latitude, longitude = squared(rule, row.get(rule.latitude), row.get(rule.longitude))
            return _with(_with(row, rule.latitude, latitude), rule.longitude, longitude)


def _with(row: dict[str, Plain], column: str, value: Plain) -> dict[str, Plain]:
    return {**row, column: value} if column in row else row


def _timed(time: str, rows: list[dict[str, Plain]]) -> list[dict[str, Plain]]:
    """Return the rows whose time is known, by time, and among equal times by content."""
    known = [row for row in rows if instant_of(row.get(time)) is not None]
    return sorted(known, key=lambda row: (row[time], _content(row)))


def _content(row: dict[str, Plain]) -> str:
    return json.dumps(row, sort_keys=True, default=repr)


def _sample(rule: SampleEvery, rows: list[dict[str, Plain]]) -> list[dict[str, Plain]]:
    first: dict[int, dict[str, Plain]] = {}
    for row in _timed(rule.time, rows):
        first.setdefault(row[rule.time] // rule.every, row)
    return list(first.values())


def _truncated(rule: Truncate, row: dict[str, Plain]) -> Plain:
    at = instant_of(row.get(rule.column))
    return None if at is None else at - at % rule.step


def _start_of(rule: Since, row: dict[str, Plain]) -> Plain:
    at = instant_of(row.get(rule.column))
    there = None if at is None else local(at, rule.zone)
    if at is None or there is None:
        return None
    if rule.span is Span.HOUR:
        return _hour(at, there)
    first = there.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if rule.span is not Span.DAY:
        first = first.replace(day=1)
    if rule.span is Span.YEAR:
        first = first.replace(month=1)
    return int(first.timestamp()) * 1000


def _rounded(rule: Round, row: dict[str, Plain]) -> Plain:
    number = number_of(row.get(rule.column))
    if number is None:
        return None
    with localcontext(prec=_DIGITS):
        if number.adjusted() > _DIGITS // 2:
            return None  # no measured quantity; rounding it would not be exact
        steps = (number / rule.step).quantize(Decimal(1), ROUND_HALF_EVEN)
        return _plain(steps * rule.step, rule.type)


def _aggregate(rule: Aggregate, rows: list[dict[str, Plain]]) -> list[dict[str, Plain]]:
    periods: dict[Instant, list[Plain]] = {}
    for row in _timed(rule.time, rows):
        start = _start(rule, row[rule.time])
        if start is not None:
            periods.setdefault(start, []).append(row.get(rule.column))
    return [
        {rule.time: start, rule.column: _summed(rule, values)}
        for start, values in sorted(periods.items())
    ]


def _start(rule: Aggregate, at: Instant) -> Instant | None:
    """Return when the period that `at` lies in begins where the zone is."""
    there = local(at, rule.zone)
    if there is None:
        return None
    if rule.period is Period.HOUR:
        return _hour(at, there)
    midnight = there.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if rule.period is Period.WEEK:
        midnight -= timedelta(days=midnight.weekday())
    return Instant(int(midnight.timestamp()) * 1000)


def _hour(at: Instant, there: datetime) -> Instant:
    # By elapsed minutes, not by the clock on the wall: the hour that comes twice is two hours.
    into = timedelta(minutes=there.minute, seconds=there.second)
    return Instant(at - at % 1000 - int(into.total_seconds()) * 1000)


def _summed(rule: Aggregate, values: list[Plain]) -> Plain:
    if rule.summary is Summary.COUNT:
        return sum(value is not None for value in values)
    numbers = [number for value in values if (number := number_of(value)) is not None]
    if not numbers:
        return None
    with localcontext(prec=_DIGITS):
        match rule.summary:
            case Summary.MIN:
                found = min(numbers)
            case Summary.MAX:
                found = max(numbers)
            case Summary.SUM:
                found = sum(numbers, Decimal(0))
            case Summary.AVG:
                found = sum(numbers, Decimal(0)) / len(numbers)
        return _plain(found, rule.type)


def _plain(number: Decimal, kind: ColumnType) -> Plain:
    """Return `number` in the form in which a column of `kind` keeps it."""
    if kind is ColumnType.INTEGER:
        return int(number.to_integral_value(ROUND_HALF_EVEN))
    if kind is ColumnType.DECIMAL:
        return format(number.quantize(_CENTS, ROUND_HALF_EVEN).normalize() + 0, "f")  # no `-0`
    return float(number) + 0.0
