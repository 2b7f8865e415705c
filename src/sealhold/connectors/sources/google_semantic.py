"""Google Takeout, what it made of places: the monthly files of `Semantic Location History`.

- A segment of activity is one of `trips`: its ends, and between them what was recorded of the way.
- A visit to a place is one of `visits`, and so is each visit within it.
- The distance is the one that is stated; without it, it is that of the points. All of the segment
  is kept in `raw`, as its JSON.

Source: docs/spec/42-places-and-bodies.md section 6.
"""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar

from msgspec import structs

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.geo import Point
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.jsonvalues import degrees_e7, moment, moment_ms, number, text
from sealhold.connectors.places import TRIPS, VISITS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Reject, Why
from sealhold.connectors.times import When
from sealhold.connectors.tracks import trip
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

_LIST = "timelineObjects[]"
_KINDS = frozenset({f"{_LIST}.activitySegment", f"{_LIST}.placeVisit"})
_DEEPEST = 4  # visits within visits


class GoogleSemantic:
    """Reads the files of `Semantic Location History`."""

    name: ClassVar[str] = "google_semantic"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (TRIPS, VISITS)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        is_known = not _KINDS.isdisjoint(outline(head))
        return Guess(sure=97 if is_known else 0, what="Google location history" if is_known else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    for one in parts(file, _LIST):
        if isinstance(one, Reject):
            yield one
        elif not isinstance(one.value, dict):
            yield reject(one.where, Why.MALFORMED, "no object", one.text)
        elif isinstance(one.value.get("activitySegment"), dict):
            yield _segment(one.value["activitySegment"], one)
        elif isinstance(one.value.get("placeVisit"), dict):
            yield from _visits(one.value["placeVisit"], one, one.where, 0)
        else:
            yield reject(one.where, Why.UNSUPPORTED, "neither activity nor visit", one.text)


def _segment(value: dict[str, Plain], part: Part) -> Found:
    start, end = _span(value.get("duration"))
    if start is None or end is None:
        return reject(part.where, Why.NO_TIME, "an activity without its times", part.text)
    first, last = _place(value.get("startLocation")), _place(value.get("endLocation"))
    points = [
        *([Point(*first, None, start)] if first else []),
        *_way(value),
        *([Point(*last, None, end)] if last else []),
    ]
    if not points:
        return reject(part.where, Why.UNSUPPORTED, "an activity without any place", part.text)
    points = _ended(points, start, end)
    words = {"type": text(value.get("activityType"))}
    item = trip(points, part.where, words, part.text)
    length = number(value.get("distance"))
    if length is None or length < 0:
        return item
    seconds = item.fields["duration_s"]
    stated = {"distance_m": length, "mean_speed_ms": length / seconds if seconds > 0 else None}
    return structs.replace(item, fields=item.fields | stated)


def _ended(points: list[Point], start: When, end: When) -> list[Point]:
    """Return the points such that the first and the last have the times of the segment."""
    if len(points) == 1:
        points = points * 2
    first, last = points[0], points[-1]
    ends = structs.replace(first, when=start), structs.replace(last, when=end)
    return [ends[0], *points[1:-1], ends[1]]


def _way(value: dict[str, Plain]) -> Iterator[Point]:
    """Yield what was recorded between the ends: measured points, else drawn ones without time."""
    for holder, inner in (("simplifiedRawPath", "points"), ("waypointPath", "waypoints")):
        path = value.get(holder)
        listed = path.get(inner) if isinstance(path, dict) else None
        if not isinstance(listed, list):
            continue
        found = [point for one in listed if (point := _point(one))]
        if found:
            yield from found
            return


def _point(value: Plain) -> Point | None:
    if not isinstance(value, dict):
        return None
    lat, lon = degrees_e7(value.get("latE7"), 90), degrees_e7(value.get("lngE7"), 180)
    if lat is None or lon is None:
        return None
    return Point(lat, lon, None, _time(value, "timestamp"))


def _place(value: Plain) -> tuple[float, float] | None:
    if not isinstance(value, dict):
        return None
    lat = degrees_e7(value.get("latitudeE7"), 90)
    lon = degrees_e7(value.get("longitudeE7"), 180)
    return None if lat is None or lon is None else (lat, lon)


def _span(value: Plain) -> tuple[When | None, When | None]:
    if not isinstance(value, dict):
        return None, None
    start, end = _time(value, "startTimestamp"), _time(value, "endTimestamp")
    return (start, end) if start and end and start.at <= end.at else (None, None)


def _time(value: dict[str, Plain], name: str) -> When | None:
    return moment(value.get(name)) or moment_ms(value.get(f"{name}Ms"))


def _visits(value: dict[str, Plain], part: Part, where: str, depth: int) -> Iterator[Found]:
    """Yield a visit, then those within it; `raw` of the outer one holds them all."""
    start, end = _span(value.get("duration"))
    location = value.get("location")
    location = location if isinstance(location, dict) else {}
    if start is None or end is None:
        yield reject(where, Why.NO_TIME, "a visit without its times", part.text)
        return
    place = _place(location) or _centre(value)
    confidence = number(value.get("visitConfidence", location.get("locationConfidence")))
    is_share = confidence is not None and 0 <= confidence <= 100  # noqa: PLR2004 - per cent
    fields: dict[str, Plain] = {
        "start": start.at,
        "end": end.at,
        "offset_min": start.offset_min,
        "duration_s": (end.at - start.at) / 1000,
        "lat": place[0] if place else None,
        "lon": place[1] if place else None,
        "name": text(location.get("name")),
        "address": text(location.get("address")),
        "place_id": text(location.get("placeId")),
        "type": text(location.get("semanticType")),
        "confidence": confidence / 100 if confidence is not None and is_share else None,
    }
    raw = None if depth else part.text
    yield Item(dataset="visits", fields=fields, raw=raw, original_id=None, position=where)
    inner = value.get("childVisits")
    if not isinstance(inner, list):
        return
    for number_, one in enumerate(inner, start=1):
        child = f"{where} child {number_}"
        if not isinstance(one, dict) or depth == _DEEPEST:
            yield reject(child, Why.MALFORMED, "no visit, or visits nested too deep", part.text)
        else:
            yield from _visits(one, part, child, depth + 1)


def _centre(value: dict[str, Plain]) -> tuple[float, float] | None:
    lat, lon = degrees_e7(value.get("centerLatE7"), 90), degrees_e7(value.get("centerLngE7"), 180)
    return None if lat is None or lon is None else (lat, lon)
