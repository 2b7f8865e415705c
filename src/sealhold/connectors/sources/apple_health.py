"""Apple Health: `export.xml`, of any size, record by record.

- Readings of one kind, unit and recorder are one object of `health` for each day as written. A day
  that comes in pieces far apart in the file, or has over 20,000 readings, is several.
- A workout is one of `workouts`; the way of it lies in a GPX file beside the export.
- Anything else (a day's rings, a correlation, what is said of the person) is one of `health`
  without readings, whole in `raw`. A correlation's parts stand in the file by themselves, too.
- Values are in SI units and Wh; how they were written, and all besides, is in `raw`.

Source: docs/spec/42-places-and-bodies.md section 8.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, ClassVar
from xml.etree.ElementTree import Element, tostring

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.bodies import HEALTH, WORKOUTS, in_si
from sealhold.connectors.charset import head_text
from sealhold.connectors.gathering import Gathering, Group
from sealhold.connectors.jsonvalues import number
from sealhold.connectors.names import Names
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.connectors.tracks import Faults
from sealhold.connectors.xmlsafe import children, local, tree_of, without_doctype
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_ROOT = "HealthData"
_MOST = 20_000  # readings of one object
_DAY = len("2026-01-31")
_PREFIXES = (
    "HKQuantityTypeIdentifier",
    "HKCategoryTypeIdentifier",
    "HKDataType",
    "HKCorrelationTypeIdentifier",
    "HKWorkoutActivityType",
    "HKCategoryValue",
)
_TOLD = frozenset({"type", "unit", "value", "startDate", "endDate", "sourceName"})
_Key = tuple[str, str, str, str]  # type, unit and recorder as written, and the day


class AppleHealth:
    """Reads `export.xml`."""

    name: ClassVar[str] = "apple_health"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (HEALTH, WORKOUTS)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        text = head_text(head)
        is_known = f"<{_ROOT} " in text or f"<!DOCTYPE {_ROOT}" in text
        return Guess(sure=100 if is_known else 0, what="Apple Health export" if is_known else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(slots=True)
class _Reading:
    """One record."""

    start: When
    end: When
    value: Plain  # number, text, or nothing
    more: Plain


def _found(file: BinaryIO) -> Iterator[Found]:
    days: Gathering[_Key, _Reading] = Gathering(_MOST)
    names = Names()
    faults = Faults("more records of that kind")
    for count, (root, element) in enumerate(children(without_doctype(file), _nothing), start=1):
        if local(root) != _ROOT:
            raise UnreadableSourceError(f"XML whose root element is not `{_ROOT}`")
        kind, where = local(element), f"child {count}"
        if kind == "Record":
            reading = _reading(element)
            if isinstance(reading, str):
                yield from faults.tell(where, Why.MALFORMED, reading, _bytes(element))
                continue
            for key, day in days.add(_key(element), where, reading, _size(element)):
                yield _day_item(key, day, names)
        elif kind == "Workout":
            yield _workout(element, where, names)
        elif kind != "ExportDate":  # of the file, not of anything in it
            yield _single(element, where)
    for key, day in days.rest():
        yield _day_item(key, day, names)
    yield from faults.rest()


def _nothing(element: Element) -> bool:
    del element
    return False


def _bytes(element: Element) -> str:
    return tostring(element, "unicode")


def _size(element: Element) -> int:
    """Return how many characters a record holds, without names."""
    return sum(
        len(each.text or "") + sum(map(len, each.attrib.values())) for each in element.iter()
    )


def _key(element: Element) -> _Key:
    get = element.get
    return get("type", ""), get("unit", ""), get("sourceName", ""), get("startDate", "")[:_DAY]


def _reading(element: Element) -> _Reading | str:
    """Return the reading, or what is wrong with it."""
    start = parse_time(element.get("startDate", ""))
    end = parse_time(element.get("endDate", element.get("startDate", "")))
    if not element.get("type") or start is None or end is None:
        return "a record without its type or its times"
    written = element.get("value")
    is_amount = element.get("unit") is not None
    found = number(written) if is_amount else None
    if is_amount and found is None:
        return "a record whose value is no number"
    value: Plain = _short(written)
    if found is not None:
        value = in_si(found, element.get("unit"))[0]
        if not math.isfinite(value):
            return "a record whose value is no number"
    rest: dict[str, Plain] = {k: v for k, v in element.attrib.items() if k not in _TOLD}
    if value is None or str(value) != written:
        rest["value"] = written
    if len(element):
        rest["inner"] = [tree_of(child) for child in element]
    return _Reading(start, end, value, rest)


def _short(name: str | None) -> str | None:
    """Return a name of Apple's without what all of its kind begin with."""
    for prefix in _PREFIXES:
        if name and name.startswith(prefix) and len(name) > len(prefix):
            return name.removeprefix(prefix)
    return name


def _day_item(key: _Key, day: Group[_Reading], names: Names) -> Item:
    kind, unit, recorder, date = key
    readings = day.readings
    numbers = [one.value for one in readings if isinstance(one.value, float)]
    total = math.fsum(numbers) if numbers else None
    fields: dict[str, Plain] = {
        "day": date,
        "start": min(one.start.at for one in readings),
        "end": max(one.end.at for one in readings),
        "offset_min": readings[0].start.offset_min,
        "type": _short(kind),
        "unit": in_si(0.0, unit)[1] if unit else None,
        "count": len(readings),
        "total": total,
        "mean": total / len(numbers) if total is not None else None,
        "least": min(numbers, default=None),
        "most": max(numbers, default=None),
        "readings": [[one.start.at, one.end.at, one.value] for one in readings],
        "recorder": recorder or None,
    }
    raw = {"type": kind, "unit": unit, "readings": _shared([one.more for one in readings])}
    own = names.once("\n".join(key))
    return Item(dataset="health", fields=fields, raw=raw, original_id=own, position=day.where)


def _shared(many: list[Plain]) -> dict[str, Plain]:
    """Return what stands beside readings, each different text once: `{name: [texts, indices]}`."""
    columns: dict[str, Plain] = {}
    for name in sorted({name for one in many for name in one}):
        values: list[Plain] = []
        seen: dict[str, int] = {}
        indices: list[int] = []
        for one in many:
            mark = repr(one.get(name))
            if mark not in seen:
                seen[mark] = len(values)
                values.append(one.get(name))
            indices.append(seen[mark])
        columns[name] = [values, indices if len(values) > 1 else []]
    return columns


def _workout(element: Element, where: str, names: Names) -> Found:
    start, end = parse_time(element.get("startDate", "")), parse_time(element.get("endDate", ""))
    if start is None or end is None:
        return reject(where, Why.NO_TIME, "a workout without its times", _bytes(element))
    duration = _amount(element, "duration")
    sums = {_short(one.get("type")): one for one in element if local(one) == "WorkoutStatistics"}
    distance = _amount(element, "totalDistance")
    energy = _amount(element, "totalEnergyBurned")
    for kind, one in sums.items():
        if distance is None and kind and kind.startswith("Distance"):
            distance = _sum(one, "sum")
        if energy is None and kind == "ActiveEnergyBurned":
            energy = _sum(one, "sum")
    heart = sums.get("HeartRate")
    file = next((one.get("path") for one in element.iter() if local(one) == "FileReference"), None)
    fields: dict[str, Plain] = {
        "start": start.at,
        "end": end.at,
        "offset_min": start.offset_min,
        "duration_s": (end.at - start.at) / 1000 if duration is None else duration,
        "type": _short(element.get("workoutActivityType")),
        "distance_m": distance,
        "energy_wh": energy,
        "mean_heart_rate": None if heart is None else number(heart.get("average")),
        "route": file,
        "recorder": element.get("sourceName"),
    }
    kind, recorder = element.get("workoutActivityType", ""), element.get("sourceName", "")
    own = names.once("\n".join((kind, recorder, element.get("startDate", ""))))
    raw = tree_of(element)
    return Item(dataset="workouts", fields=fields, raw=raw, original_id=own, position=where)


def _amount(element: Element, name: str) -> float | None:
    return _si(element.get(name), element.get(f"{name}Unit"))


def _sum(element: Element, name: str) -> float | None:
    return _si(element.get(name), element.get("unit"))


def _si(written: str | None, unit: str | None) -> float | None:
    found = number(written)
    value = None if found is None else in_si(found, unit)[0]
    return value if value is not None and math.isfinite(value) else None


def _single(element: Element, where: str) -> Item:
    begun = element.get("startDate") or element.get("dateComponents") or element.get("date") or ""
    start, end = parse_time(begun), parse_time(element.get("endDate", ""))
    fields: dict[str, Plain] = {
        "day": begun[:_DAY] or None,
        "start": start.at if start else None,
        "end": end.at if end else None,
        "offset_min": start.offset_min if start else None,
        "type": _short(element.get("type")) or local(element),
        "count": 0,
        "recorder": element.get("sourceName"),
    }
    raw = tree_of(element)
    return Item(dataset="health", fields=fields, raw=raw, original_id=None, position=where)
