"""Made-up objects of a collection: the same for everyone, so that a task is tried on no person.

- Made from the collection's schema: a known kind (trips, events, bookings, messages, rows) gets
  values that hang together, any other column a value of its type.
- The same seed gives the same objects everywhere. The numbers come from SplitMix64, which is no
  source of secrets: nothing here is one.
- About one optional value in sixteen is absent, as in real data.

Source: docs/spec/08-task-manifest.md section 8; Steele, Lea, Flood (OOPSLA 2014) for SplitMix64.
"""

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from sealhold.model.encoding import Plain
from sealhold.model.ids import Collection
from sealhold.model.quantities import DAY, HOUR, MINUTE, Instant
from sealhold.model.records import ColumnType, Dataset

FIRST: Final = Instant(1_767_225_600_000)  # 2026-01-01T00:00:00Z; objects fall in the year after
_MASK: Final = 2**64 - 1
_ABSENT: Final = 16  # one optional value in so many is absent
_HOME: Final = (48_850_000, 2_350_000)  # micro-degrees; a made-up home in a big city
_WORDS: Final = (
    *("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "juniper"),
    *("kestrel", "linden", "meadow", "north", "orchard", "pebble", "quarry", "river", "spruce"),
)
_SIGNER: Final = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # of RFC 8032
_Item = TypeVar("_Item")
_Fields = dict[str, Plain]


class Draw:
    """Numbers that look random and are the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._state = seed & _MASK

    def below(self, limit: int) -> int:
        """Return a number from 0 to just below `limit`, at most 2^32."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        mixed = self._state
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return (mixed ^ (mixed >> 31)) % limit

    def one_of(self, items: Sequence[_Item]) -> _Item:
        """Return one of `items`."""
        return items[self.below(len(items))]

    def words(self, count: int) -> str:
        """Return `count` words."""
        return " ".join(self.one_of(_WORDS) for _ in range(count))

    def moment(self) -> Instant:
        """Return a minute of the year."""
        return Instant(FIRST + self.below(365) * DAY + self.below(24 * 60) * MINUTE)


def synthetic(dataset: Dataset, count: int, seed: int = 1) -> list[_Fields]:
    """Return the fields of `count` made-up objects of `dataset`."""
    return [_object(dataset, Draw(seed * 1_000_003 + index)) for index in range(count)]


def _object(dataset: Dataset, draw: Draw) -> _Fields:
    known = _KNOWN.get(dataset.name, _nothing)(draw)
    needed = {dataset.time_column, *dataset.natural_key}
    made: _Fields = {}
    for column in dataset.columns:
        value = known[column.name] if column.name in known else _BY_TYPE[column.type](draw)
        absent = column.name not in needed and draw.below(_ABSENT) == 0
        made[column.name] = None if absent else value
    return made


def _nothing(_draw: Draw) -> _Fields:
    return {}


def _trip(draw: Draw) -> _Fields:
    """Return a walk, a ride, a drive or a train journey from about home."""
    slowest, fastest, longest = draw.one_of([(1, 2, 5), (3, 8, 20), (6, 33, 90), (15, 60, 400)])
    metres = 200 + draw.below(longest * 1000)
    highest = slowest * 1000 + draw.below((fastest - slowest) * 1000 + 1)
    seconds = max(60, metres * 1500 // highest)
    start = draw.moment()
    ends = [place + draw.below(40_000) - 20_000 for place in (*_HOME, *_HOME)]
    lat, lon, end_lat, end_lon = (end / 1_000_000 for end in ends)
    return {
        "start": start,
        "end": start + seconds * 1000,
        "offset_min": 60,
        "duration_s": float(seconds),
        "distance_m": float(metres),
        "max_speed_ms": highest / 1000,
        "mean_speed_ms": metres / seconds,
        "start_lat": lat,
        "start_lon": lon,
        "end_lat": end_lat,
        "end_lon": end_lon,
        "signed_by": _SIGNER,
        "points": [[start, lat, lon, None], [start + seconds * 1000, end_lat, end_lon, None]],
    }


def _event(draw: Draw) -> _Fields:
    start = draw.moment()
    return {"start": start, "end": start + (1 + draw.below(8)) * HOUR // 2, "all_day": False}


def _booking(draw: Draw) -> _Fields:
    sign = draw.one_of(["-", "-", "-", ""])
    return {
        "amount": f"{sign}{1 + draw.below(300)}.{draw.below(100):02d}",
        "currency": "EUR",
        "payee": draw.words(2),
    }


def _message(draw: Draw) -> _Fields:
    names = [f"{draw.one_of(_WORDS)}@{draw.one_of(_WORDS)}.example" for _ in range(2)]
    return {"from": names[0], "to": names[1:], "subject": draw.words(4), "body": draw.words(40)}


def _row(draw: Draw) -> _Fields:
    """Return a day of blood pressure, a day of a power meter, or a line of a cash book."""
    return {"offset_min": None, **draw.one_of([_pressure, _meter, _cash])(draw)}


def _pressure(draw: Draw) -> _Fields:
    day, low = _day(draw), 55 + draw.below(60)
    readings = [
        {"systolic": low + 25 + draw.below(60), "diastolic": low} for _ in range(draw.below(4))
    ]
    return {"table": "date-readings", "cells": {"date": day, "readings": readings}}


def _meter(draw: Draw) -> _Fields:
    hours = [f"{half // 2:02d}:{half % 2 * 30:02d}" for half in range(48)]
    used = {hour: draw.below(100) + (draw.below(800) if hour > "17:00" else 0) for hour in hours}
    return {"table": "date-00_00-00_30-01_00", "cells": {"date": _day(draw), **used}}


def _cash(draw: Draw) -> _Fields:
    amount = f"-{draw.below(90)}.{draw.below(100):02d}"
    return {"table": "name-amount", "cells": {"name": draw.words(1), "amount": amount}}


def _day(draw: Draw) -> str:
    return f"2026-{1 + draw.below(12):02d}-{1 + draw.below(28):02d}"


_KNOWN: Final[dict[Collection, Callable[[Draw], _Fields]]] = {
    Collection("trips"): _trip,
    Collection("events"): _event,
    Collection("bookings"): _booking,
    Collection("messages"): _message,
    Collection("rows"): _row,
}
_BY_TYPE: Final[dict[ColumnType, Callable[[Draw], Plain]]] = {
    ColumnType.TEXT: lambda draw: draw.words(3),
    ColumnType.INTEGER: lambda draw: draw.below(1000),
    ColumnType.FLOAT: lambda draw: draw.below(1_000_000) / 1000,
    ColumnType.DECIMAL: lambda draw: f"{draw.below(1000) - 500}.{draw.below(100):02d}",
    ColumnType.BOOL: lambda draw: draw.below(2) == 1,
    ColumnType.INSTANT: lambda draw: draw.moment(),
    ColumnType.LIST: lambda draw: [draw.words(1) for _ in range(draw.below(4))],
}
