"""GPS tracks, routes and waypoints: GPX 1.0 and 1.1.

- A track becomes trips: it is cut where more than 20 minutes pass between two timed points.
- A trip needs two times. Points without them stay geometry, in `routes`, as routes do.
- A point without time inside a trip is kept in its points; no speed is computed from it.
- Distances are along the sphere; speed is distance over time between neighbouring timed points.
- What has no field (extensions, links, symbols) is kept in `raw`, point by point.

Source: docs/spec/18-connectors.md section 11; the GPX 1.1 schema.
"""

from collections.abc import Iterator
from typing import BinaryIO, ClassVar
from xml.etree.ElementTree import Element, tostring

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import head_text
from sealhold.connectors.geo import (
    Point,
    distance,
    parse_coordinate,
    parse_elevation,
    speeds,
    trips_of,
)
from sealhold.connectors.places import PLACES, ROUTES, TRIPS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import When, parse_time
from sealhold.connectors.xmlsafe import children, local, rest_of, text_of
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_POINT_FIELDS = frozenset({"ele", "time"})
_PLACE_FIELDS = frozenset({"ele", "time", "name", "desc", "type"})
_LINE_FIELDS = frozenset({"name", "desc", "type", "trkseg", "rtept"})
_METADATA = frozenset(  # of the file, not of anything in it
    {"metadata", "name", "desc", "author", "email", "url", "urlname", "time", "keywords"}
    | {"bounds", "link", "copyright"}
)
_MAX_TOLD = 20  # faults told one by one within a track; the rest are counted


class Gpx:
    """Reads GPX."""

    name: ClassVar[str] = "gpx"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (TRIPS, ROUTES, PLACES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name  # GPX says in its root element what it is
        text = head_text(head)
        _before, tag, after = text.partition("<gpx")
        if not tag or after[:1] not in {" ", ">", "\t", "\n", "\r", "/"}:
            return Guess(sure=0, what="")
        root = after.partition(">")[0]
        version = next((v for v in ("1.1", "1.0") if f'"{v}"' in root or f"'{v}'" in root), "")
        return Guess(sure=100, what=f"GPX {version}".strip())

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    seen = {"wpt": 0, "rte": 0, "trk": 0}
    for number, (root, element) in enumerate(children(file), start=1):
        if local(root) != "gpx":
            raise UnreadableSourceError("XML whose root element is not `gpx`")
        kind = local(element)
        if kind in seen:
            seen[kind] += 1
        where = f"{kind} {seen.get(kind, 0)}"
        if kind == "wpt":
            yield _place(element, where)
        elif kind == "rte":
            yield _route(element, where)
        elif kind == "trk":
            yield from _track(element, where)
        elif kind not in _METADATA:
            detail = "neither waypoint, route nor track"
            yield reject(f"child {number}", Why.UNSUPPORTED, detail, tostring(element))


def _place(element: Element, where: str) -> Found:
    point = _point(element)
    if isinstance(point, str):
        return reject(where, Why.MALFORMED, point)
    fields: dict[str, Plain] = {
        "at": point.when.at if point.when else None,
        "offset_min": point.when.offset_min if point.when else None,
        "lat": point.lat,
        "lon": point.lon,
        "ele": point.ele,
        "name": text_of(element, "name"),
        "description": text_of(element, "desc"),
        "type": text_of(element, "type"),
    }
    raw = rest_of(element, _PLACE_FIELDS if _is_told(element, point) else frozenset())
    return Item(dataset="places", fields=fields, raw=raw, original_id=None, position=where)


def _route(element: Element, where: str) -> Found:
    points = []
    rests: list[Plain] = []
    for number, child in enumerate(_all(element, "rtept"), start=1):
        point = _point(child)
        if isinstance(point, str):
            return reject(f"{where} pt {number}", Why.MALFORMED, point)
        points.append(point)
        rest = rest_of(child, _POINT_FIELDS)
        if rest is not None:
            rests.append([number, rest])
    if not points:
        return reject(where, Why.UNSUPPORTED, "a route without points")
    return _geometry(element, points, rests, "route", where)


def _track(element: Element, where: str) -> Iterator[Found]:
    points: list[Point] = []
    rests: list[Plain] = []
    faults = 0
    for s, segment in enumerate(_all(element, "trkseg"), start=1):
        for number, child in enumerate(_all(segment, "trkpt"), start=1):
            place = f"{where} seg {s} pt {number}"
            point = _point(child)
            if isinstance(point, str):
                faults += 1
                if faults <= _MAX_TOLD:
                    yield reject(place, Why.MALFORMED, point)
                continue
            points.append(point)
            rest = rest_of(child, _POINT_FIELDS if _is_told(child, point) else frozenset())
            if rest is not None:
                rests.append([s, number, rest])
    if faults > _MAX_TOLD:
        yield reject(where, Why.MALFORMED, f"{faults - _MAX_TOLD} more points with such faults")
    if not points and not faults:
        yield reject(where, Why.UNSUPPORTED, "a track without points")
    yield from _trips(element, points, rests, where)


def _trips(
    element: Element, points: list[Point], rests: list[Plain], where: str
) -> Iterator[Found]:
    for number, part in enumerate(trips_of(points), start=1):
        place = f"{where} part {number}"
        kept = rests if number == 1 else []
        if sum(point.when is not None for point in part) > 1:
            yield _trip(element, part, kept, place)
        else:
            yield _geometry(element, part, kept, "track", place)


def _trip(element: Element, points: list[Point], rests: list[Plain], where: str) -> Item:
    times = sorted(point.when.at for point in points if point.when)
    duration = (times[-1] - times[0]) / 1000
    length = distance(points)
    offset = next((point.when.offset_min for point in points if point.when), None)
    fields: dict[str, Plain] = {
        "start": times[0],
        "end": times[-1],
        "offset_min": offset,
        "duration_s": duration,
        "distance_m": length,
        "max_speed_ms": max(speeds(points), default=None),
        "mean_speed_ms": round(length / duration, 3) if duration else None,
        **_ends(points),
        **_words(element),
        "points": [point.plain() for point in points],
    }
    raw = _raw(element, rests)
    return Item(dataset="trips", fields=fields, raw=raw, original_id=None, position=where)


def _geometry(
    element: Element, points: list[Point], rests: list[Plain], kind: str, where: str
) -> Item:
    fields: dict[str, Plain] = {
        "kind": kind,
        "distance_m": distance(points),
        **_ends(points),
        **_words(element),
        "points": [point.plain() for point in points],
    }
    raw = _raw(element, rests)
    return Item(dataset="routes", fields=fields, raw=raw, original_id=None, position=where)


def _ends(points: list[Point]) -> dict[str, Plain]:
    first, last = points[0], points[-1]
    return {
        "start_lat": first.lat,
        "start_lon": first.lon,
        "end_lat": last.lat,
        "end_lon": last.lon,
    }


def _words(element: Element) -> dict[str, Plain]:
    return {
        "name": text_of(element, "name"),
        "description": text_of(element, "desc"),
        "type": text_of(element, "type"),
    }


def _raw(element: Element, rests: list[Plain]) -> Plain:
    line = rest_of(element, _LINE_FIELDS)
    return {"line": line, "points": rests} if line or rests else None


def _point(element: Element) -> Point | str:
    """Return the point, or what is wrong with it."""
    lat = parse_coordinate(element.get("lat"), 90)
    lon = parse_coordinate(element.get("lon"), 180)
    if lat is None or lon is None:
        return "a point whose place is not on the globe"
    return Point(lat, lon, parse_elevation(text_of(element, "ele")), _when(element))


def _when(element: Element) -> When | None:
    return parse_time(text_of(element, "time") or "")


def _is_told(element: Element, point: Point) -> bool:
    """Whether the fields say what height and time the element has."""
    has_time, has_ele = text_of(element, "time"), text_of(element, "ele")
    return bool(has_time) == (point.when is not None) and bool(has_ele) == (point.ele is not None)


def _all(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if local(child) == name)
