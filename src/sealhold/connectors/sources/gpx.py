"""GPS tracks, routes and waypoints: GPX 1.0 and 1.1.

- A track becomes trips: it is cut where more than 20 minutes pass between two timed points.
- A trip needs two times. Points without them stay geometry, in `routes`, as routes do.
- A point without time inside a trip is kept in its points; no speed is computed from it.
- Distances are along the sphere; speed is distance over time between neighbouring timed points.
- What has no field (extensions, links, symbols) is kept in `raw`, point by point.

Source: docs/spec/18-connectors.md section 11; the GPX 1.1 schema.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar
from xml.etree.ElementTree import Element, tostring

import msgspec

from sealhold.connectors.batches import MAX_RAW, Found, by_count, reject
from sealhold.connectors.charset import head_text
from sealhold.connectors.geo import (
    POINT_BYTES,
    Point,
    parse_coordinate,
    parse_elevation,
    trips_of,
)
from sealhold.connectors.places import PLACES, ROUTES, TRIPS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Why
from sealhold.connectors.times import parse_time
from sealhold.connectors.tracks import MAX_TOLD, geometry, line_item, more_of
from sealhold.connectors.xmlsafe import children, local, rest_of, text_of, tree_of
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_PLACE_FIELDS = frozenset({"ele", "time", "name", "desc", "type"})
_LINE_FIELDS = frozenset({"name", "desc", "type", "trkseg", "rtept"})
_METADATA = frozenset(  # of the file, not of anything in it
    {"metadata", "name", "desc", "author", "email", "url", "urlname", "time", "keywords"}
    | {"bounds", "link", "copyright"}
)
_encode = msgspec.msgpack.Encoder().encode


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
    line = _Line()
    for number, (root, element) in enumerate(children(file, line.see), start=1):
        if local(root) != "gpx":
            raise UnreadableSourceError("XML whose root element is not `gpx`")
        kind = local(element)
        if kind in seen:
            seen[kind] += 1
        where = f"{kind} {seen.get(kind, 0)}"
        if kind == "wpt":
            yield _place(element, where)
        elif kind in {"rte", "trk"}:
            yield from _of_line(element, line, where)
        elif kind not in _METADATA:
            detail = "neither waypoint, route nor track"
            yield reject(f"child {number}", Why.UNSUPPORTED, detail, tostring(element))
        line.clear()


@dataclass(slots=True)
class _Line:
    """The points of one route or track, taken as they are read."""

    points: list[Point] = field(default_factory=list)
    faults: list[tuple[str, str, bytes]] = field(default_factory=list)
    faulty: int = 0
    segment: int = 1
    number: int = 0

    def clear(self) -> None:
        """Begin the next line."""
        self.points, self.faults = [], []
        self.faulty, self.segment, self.number = 0, 1, 0

    def see(self, element: Element) -> bool:
        """Take a point; return whether the element is one."""
        name = local(element)
        if name == "trkseg":
            self.segment, self.number = self.segment + 1, 0
        if name not in {"trkpt", "rtept"}:
            return False
        self.number += 1
        place = f"seg {self.segment} pt {self.number}" if name == "trkpt" else f"pt {self.number}"
        point = _point(element, place)
        if isinstance(point, str):
            self.faulty += 1
            if self.faulty <= MAX_TOLD:
                self.faults.append((place, point, tostring(element)[:MAX_RAW]))
        else:
            self.points.append(point)
        return True


def _place(element: Element, where: str) -> Found:
    point = _point(element, where)
    if isinstance(point, str):
        return reject(where, Why.MALFORMED, point, tostring(element))
    fields: dict[str, Plain] = {
        "at": point.when.at if point.when else None,
        "offset_min": point.when.offset_min if point.when else None,
        "lat": point.lat,
        "lon": point.lon,
        "ele": point.ele,
        **_words(element),
    }
    untold = {name for name in ("time", "ele") if _is_untold(element, name, point)}
    raw = rest_of(element, _PLACE_FIELDS - untold)
    return Item(dataset="places", fields=fields, raw=raw, original_id=None, position=where)


def _of_line(element: Element, line: _Line, where: str) -> Iterator[Found]:
    """Yield what is wrong with the points of a route or track, then what it is made of."""
    for place, fault, raw in line.faults:
        yield reject(f"{where} {place}", Why.MALFORMED, fault, raw)
    if line.faulty > MAX_TOLD:
        yield reject(where, Why.MALFORMED, f"{line.faulty - MAX_TOLD} more points of that kind")
    if not line.points and not line.faulty:
        yield reject(where, Why.UNSUPPORTED, "a line without points", tostring(element))
    yield from _parts(element, line.points, where)


def _parts(element: Element, points: list[Point], where: str) -> Iterator[Found]:
    is_route = local(element) == "rte"
    for number, part in enumerate(trips_of(points), start=1):
        place = f"{where} part {number}"
        words, raw = _words(element), _raw(element, part)
        if is_route:
            yield geometry(part, "route", place, words, raw)
        else:
            yield line_item(part, "track", place, words, raw)


def _words(element: Element) -> dict[str, Plain]:
    return {
        "name": text_of(element, "name"),
        "description": text_of(element, "desc"),
        "type": text_of(element, "type"),
    }


def _raw(element: Element, points: list[Point]) -> Plain:
    line = rest_of(element, _LINE_FIELDS)
    more = more_of(points)
    return {"line": line, "points": more or []} if line or more else None


def _point(element: Element, place: str) -> Point | str:
    """Return the point, or what is wrong with it."""
    lat = parse_coordinate(element.get("lat"), 90)
    lon = parse_coordinate(element.get("lon"), 180)
    if lat is None or lon is None:
        return "a point whose place is not on the globe"
    ele = when = None
    more: list[Plain] = []
    for child in element:
        name = local(child)
        if name == "ele" and ele is None:
            ele = parse_elevation(child.text)
            is_told = ele is not None
        elif name == "time" and when is None:
            when = parse_time((child.text or "").strip())
            is_told = when is not None
        else:
            is_told = False
        if not is_told and (child.text or child.attrib or len(child)):
            more.append(tree_of(child))
    weight = 1 + len(_encode(more)) // POINT_BYTES if more else 1
    return Point(lat, lon, ele, when, place if more else "", more or None, weight)


def _is_untold(element: Element, name: str, point: Point) -> bool:
    """Whether the element has a height or time that the point could not take."""
    value = point.when if name == "time" else point.ele
    return value is None and text_of(element, name) is not None
