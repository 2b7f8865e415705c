"""Google's timeline as a phone exports it: `Timeline.json`, in the forms of Android and of iOS.

- A visit is one of `visits`, an activity one of `trips` between its two ends.
- The way that the phone drew beside them, and what it measured, are `paths`: cut where over 20
  minutes pass. So no move is a trip twice.
- A place that is often gone to is one of `places`. Journeys that Google made up of others, and
  networks around the phone, are what no dataset holds.

Source: docs/spec/42-places-and-bodies.md section 7.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

from msgspec import structs

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.geo import GAP, MAX_POINTS, POINT_BYTES, Point, parse_coordinate
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.jsonvalues import as_json, height, later, moment, number, text
from sealhold.connectors.places import PATHS, PLACES, TRIPS, VISITS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Reject, Why
from sealhold.connectors.times import When
from sealhold.connectors.tracks import Faults, more_of, path, trip
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

_SEGMENTS = "semanticSegments[]"
_SIGNALS = "rawSignals[]"
_FREQUENT = "userLocationProfile.frequentPlaces[]"
_IOS = "[]"
_KINDS = ("visit", "activity", "timelinePath", "timelineMemory")
_DEGREES = re.compile(r"\s*(-?[\d.]{1,20})\s*°?\s*,\s*(-?[\d.]{1,20})\s*°?\s*", re.ASCII)
_GEO = re.compile(r"geo:(-?[\d.]{1,20}),(-?[\d.]{1,20})(?:[;,?].{0,100})?", re.ASCII)
_TOLD = frozenset({"LatLng", "latLng", "timestamp", "altitudeMeters"})


class GoogleTimeline:
    """Reads `Timeline.json`."""

    name: ClassVar[str] = "google_timeline"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (TRIPS, VISITS, PATHS, PLACES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        shown = outline(head)
        form = ""
        if f"{_SEGMENTS}.startTime" in shown or f"{_SIGNALS}.position" in shown:
            form = "Google timeline, Android"
        elif f"{_IOS}.startTime" in shown and any(f"{_IOS}.{kind}" in shown for kind in _KINDS):
            form = "Google timeline, iOS"
        return Guess(sure=97 if form else 0, what=form)

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    signals = _Signals()
    faults = Faults("more signals of that kind")
    for one in parts(file, _SEGMENTS, _SIGNALS, _FREQUENT, _IOS):
        if isinstance(one, Reject):
            yield one
        elif not isinstance(one.value, dict):
            yield reject(one.where, Why.MALFORMED, "no object", one.text)
        elif one.name == _SIGNALS:
            yield from _signal(one, signals, faults)
        elif one.name == _FREQUENT:
            yield _frequent(one)
        else:
            yield from _segment(one)
    yield from signals.take()
    yield from faults.rest()


def _segment(part: Part) -> Iterator[Found]:
    value = part.value
    start, end = moment(value.get("startTime")), moment(value.get("endTime"))
    if start is None or end is None or start.at > end.at:
        yield reject(part.where, Why.NO_TIME, "a segment without its times", part.text)
        return
    kind = next((name for name in _KINDS if value.get(name) is not None), None)
    inner = value.get(kind) if kind else None
    if kind == "timelinePath" and isinstance(inner, list):
        yield from _paths(inner, start, part)
    elif kind == "visit" and isinstance(inner, dict):
        yield _visit(inner, start, end, part)
    elif kind == "activity" and isinstance(inner, dict):
        yield _activity(inner, start, end, part)
    else:
        detail = "neither visit, activity nor path"
        yield reject(part.where, Why.UNSUPPORTED, detail, part.text)


def _visit(value: dict[str, Plain], start: When, end: When, part: Part) -> Item:
    best = value.get("topCandidate")
    best = best if isinstance(best, dict) else {}
    place = _place(best.get("placeLocation"))
    sure = number(best.get("probability"))
    fields: dict[str, Plain] = {
        "start": start.at,
        "end": end.at,
        "offset_min": start.offset_min,
        "duration_s": (end.at - start.at) / 1000,
        "lat": place[0] if place else None,
        "lon": place[1] if place else None,
        "place_id": text(best.get("placeId")) or text(best.get("placeID")),
        "type": text(best.get("semanticType")),
        "confidence": sure if sure is not None and 0 <= sure <= 1 else None,
    }
    return Item(
        dataset="visits", fields=fields, raw=part.text, original_id=None, position=part.where
    )


def _activity(value: dict[str, Plain], start: When, end: When, part: Part) -> Found:
    first, last = _place(value.get("start")), _place(value.get("end"))
    known = first or last
    if known is None:
        return reject(part.where, Why.UNSUPPORTED, "an activity without any place", part.text)
    points = [Point(*(first or known), None, start), Point(*(last or known), None, end)]
    best = value.get("topCandidate")
    words = {"type": text(best.get("type")) if isinstance(best, dict) else None}
    item = trip(points, part.where, words, part.text)
    length = number(value.get("distanceMeters"))
    if length is None or length < 0:
        return item
    seconds = item.fields["duration_s"]
    stated = {"distance_m": length, "mean_speed_ms": length / seconds if seconds > 0 else None}
    return structs.replace(item, fields=item.fields | stated | {"max_speed_ms": None})


def _paths(listed: list[Plain], start: When, part: Part) -> Iterator[Found]:
    points: list[Point] = []
    faulty = 0
    for one in listed:
        place = _place(one.get("point")) if isinstance(one, dict) else None
        if place is None:
            faulty += 1
        else:
            points.append(Point(place[0], place[1], None, _path_time(one, start)))
    if faulty:
        detail = f"{faulty} points whose place is not on the globe"
        yield reject(f"{part.where} points", Why.MALFORMED, detail, part.text)
    if points:
        yield path(points, "path", part.where, part.text)
    elif not faulty:
        yield reject(part.where, Why.UNSUPPORTED, "a path without points", part.text)


def _path_time(value: dict[str, Plain], start: When) -> When | None:
    minutes = number(value.get("durationMinutesOffsetFromStartTime"))
    if minutes is not None:
        return later(start, minutes)
    return moment(value.get("time"))


def _signal(part: Part, signals: "_Signals", faults: Faults) -> Iterator[Found]:
    value = part.value.get("position")
    if not isinstance(value, dict):
        detail = "a signal that is no position"
        yield from faults.tell(part.where, Why.UNSUPPORTED, detail, part.text)
        return
    place = _place(value.get("LatLng", value.get("latLng")))
    when = moment(value.get("timestamp"))
    if place is None or when is None:
        detail = "a position without its place or time"
        yield from faults.tell(part.where, Why.MALFORMED, detail, part.text)
        return
    ele = height(value.get("altitudeMeters"))
    told = _TOLD if ele is not None else _TOLD - {"altitudeMeters"}
    rest = {name: one for name, one in value.items() if name not in told}
    more = as_json(rest) if rest else None
    weight = 1 + len(more or "") // POINT_BYTES
    point = Point(place[0], place[1], ele, when, part.where, more, weight)
    if signals.ends_before(point):
        yield from signals.take()
    signals.add(point)


@dataclass(slots=True)
class _Signals:
    """What the phone measured since the last silence."""

    points: list[Point] = field(default_factory=list)
    weight: int = 0

    def ends_before(self, point: Point) -> bool:
        last = self.points[-1].when if self.points else None
        if last is None or point.when is None:
            return False
        return abs(point.when.at - last.at) > GAP or self.weight + point.weight > MAX_POINTS

    def add(self, point: Point) -> None:
        self.points.append(point)
        self.weight += point.weight

    def take(self) -> Iterator[Item]:
        if self.points:
            yield path(self.points, "signals", self.points[0].place, more_of(self.points))
        self.points, self.weight = [], 0


def _frequent(part: Part) -> Found:
    place = _place(part.value.get("placeLocation"))
    if place is None:
        detail = "a place that is not on the globe"
        return reject(part.where, Why.MALFORMED, detail, part.text)
    fields: dict[str, Plain] = {
        "lat": place[0],
        "lon": place[1],
        "name": text(part.value.get("label")),
        "type": "frequent",
    }
    return Item(
        dataset="places", fields=fields, raw=part.text, original_id=None, position=part.where
    )


def _place(value: Plain) -> tuple[float, float] | None:
    """Return the degrees of `51.5°, -0.12°`, of `geo:51.5,-0.12`, or of an object around one."""
    if isinstance(value, dict):
        value = value.get("latLng")
    if not isinstance(value, str):
        return None
    found = _DEGREES.fullmatch(value) or _GEO.fullmatch(value)
    if found is None:
        return None
    lat, lon = parse_coordinate(found[1], 90), parse_coordinate(found[2], 180)
    return None if lat is None or lon is None else (lat, lon)
