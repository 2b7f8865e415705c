"""GeoJSON: points, lines and collections of them.

- A point is one of `places`, each point of a MultiPoint too. A line is one of `routes`, or one of
  `trips`, cut at gaps, where its properties give a time for each of its points.
- Areas are what no dataset holds. Coordinates of another system than WGS 84 are not read.
- Properties and members that no field tells are kept in `raw`, as JSON.

Source: docs/spec/42-places-and-bodies.md section 4; RFC 7946.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count, reject
from sealhold.connectors.charset import head_text
from sealhold.connectors.geo import Point, trips_of
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.jsonvalues import as_json, degrees, height, moment, text
from sealhold.connectors.places import PLACES, ROUTES, TRIPS
from sealhold.connectors.spec import BATCH_ROWS, SNIFF_BYTES, Batch, Guess, Item, Reject, Why
from sealhold.connectors.times import When
from sealhold.connectors.tracks import line_item
from sealhold.model.encoding import Plain
from sealhold.model.errors import UnreadableSourceError
from sealhold.model.records import Dataset

_MOST = 25_165_824  # characters of one feature: some 800,000 points
_DEEPEST = 8  # collections in collections
_REPEATED = 1_024  # characters of properties that each point and part may repeat
_LINES = {"LineString": 1, "MultiLineString": 2}
_POINTS = {"Point": 0, "MultiPoint": 1}
_AREAS = frozenset({"Polygon", "MultiPolygon"})
_ROOTS = frozenset({"Feature", "GeometryCollection", *_LINES, *_POINTS, *_AREAS})
_TYPE = re.compile(r'"type"\s*:\s*"(\w{1,20})"')
_WGS84 = re.compile(r"(?:CRS:?84|EPSG:{1,2}(?:[\d.]*:)?4326)$", re.IGNORECASE)
_NAMES = {
    "name": ("name", "title", "Name"),
    "description": ("description", "desc", "Description"),
    "type": ("activity", "kind", "type"),
}
_TIMES = ("time", "timestamp", "at", "date")
_LINE_TIMES = ("coordTimes", "times", "timestamps")


class GeoJson:
    """Reads GeoJSON."""

    name: ClassVar[str] = "geojson"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (TRIPS, ROUTES, PLACES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        shown = outline(head)
        if "type" in shown and not shown.isdisjoint(("features", "geometry", "coordinates")):
            types = set(_TYPE.findall(head_text(head)))
            if types & {"FeatureCollection", *_ROOTS}:
                return Guess(sure=96, what="GeoJSON")
        return Guess(sure=0, what="")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


def _found(file: BinaryIO) -> Iterator[Found]:
    file.seek(0)
    if "features" not in outline(file.read(SNIFF_BYTES)):
        for one in parts(file, "", most=_MOST):
            yield from [one] if isinstance(one, Reject) else _of_feature(one)
        return
    for one in parts(file, "features[]", "crs", most=_MOST):
        if isinstance(one, Reject):
            yield one
        elif one.name == "crs":
            _check_system(one.value)
        else:
            yield from _of_feature(one)


def _check_system(crs: Plain) -> None:
    """Refuse coordinates that are no degrees on the globe.

    Raises:
        UnreadableSourceError: another system than WGS 84 is named.
    """
    named = crs.get("properties") if isinstance(crs, dict) else None
    name = named.get("name") if isinstance(named, dict) else None
    if isinstance(name, str) and not _WGS84.search(name):
        raise UnreadableSourceError("GeoJSON with coordinates of another system than WGS 84")


@dataclass(slots=True)
class _Feature:
    """What stands beside a geometry."""

    where: str
    words: Mapping[str, str | None]
    when: When | None
    times: Sequence[Plain]  # of the points of its line, or of its lines
    raw: str | None
    text: str

    def shorten(self) -> None:
        """Forget what is long: further points and parts do not repeat it."""
        # THREAT T441: a feature of many points would be written down once for each
        self.words = {name: one and one[:_REPEATED] for name, one in self.words.items()}
        self.raw = self.raw if len(self.raw or "") <= _REPEATED else None

    def fault(self, where: str, why: Why, detail: str) -> Reject:
        """Return the reject of a part; the first one shows the feature."""
        shown, self.text = self.text, ""
        return reject(where, why, detail, shown)


def _of_feature(part: Part) -> Iterator[Found]:
    value = part.value
    if not isinstance(value, dict):
        yield reject(part.where, Why.MALFORMED, "no object", part.text)
        return
    is_feature = value.get("type") == "Feature"
    inner = value.get("properties") if is_feature else None
    properties = dict(inner) if isinstance(inner, dict) else {}
    words = {field: _taken(properties, names) for field, names in _NAMES.items()}
    when = next((w for name in _TIMES if (w := moment(properties.get(name)))), None)
    if when is not None:
        for name in _TIMES:
            if moment(properties.get(name)) == when:
                del properties[name]
                break
    times = _line_times(properties)
    known = ("type", "geometry", "properties", "coordinates", "geometries", "bbox")
    rest = {name: one for name, one in value.items() if name not in known}
    if properties or not isinstance(inner, dict | None):
        rest["properties"] = properties or inner
    kept = as_json(rest) if rest else None
    feature = _Feature(part.where, words, when, times, kept, part.text)
    yield from _of_geometry(value.get("geometry") if is_feature else value, feature, part.where, 0)


def _taken(properties: dict[str, Plain], names: Sequence[str]) -> str | None:
    for name in names:
        found = text(properties.get(name))
        if found is not None:
            del properties[name]
            return found
    return None


def _line_times(properties: dict[str, Plain]) -> Sequence[Plain]:
    """Take the times of a line's points out of the properties, where programs put them."""
    inner = properties.get("coordinateProperties")
    for holder in (properties, inner if isinstance(inner, dict) else {}):
        for name in _LINE_TIMES:
            if isinstance(holder.get(name), list):
                times: list[Plain] = holder[name]
                if holder is properties:
                    del properties[name]
                else:
                    left = {key: one for key, one in holder.items() if key != name}
                    properties["coordinateProperties"] = left
                return times
    return ()


def _of_geometry(value: Plain, feature: _Feature, where: str, depth: int) -> Iterator[Found]:
    kind = value.get("type") if isinstance(value, dict) else None
    if value is None:
        yield feature.fault(where, Why.UNSUPPORTED, "a feature without a geometry")
    elif kind == "GeometryCollection" and isinstance(value.get("geometries"), list):
        if depth == _DEEPEST:
            yield feature.fault(where, Why.TOO_LARGE, "collections nested too deep")
            return
        for number, inner in enumerate(value["geometries"], start=1):
            yield from _of_geometry(inner, feature, f"{where} geometry {number}", depth + 1)
    elif kind in _POINTS:
        yield from _places(value.get("coordinates"), _POINTS[kind], feature, where)
    elif kind in _LINES:
        yield from _lines(value.get("coordinates"), _LINES[kind], feature, where)
    elif kind in _AREAS:
        yield feature.fault(where, Why.UNSUPPORTED, "an area, which no dataset holds")
    else:
        yield feature.fault(where, Why.MALFORMED, "no geometry that GeoJSON knows")


def _places(value: Plain, level: int, feature: _Feature, where: str) -> Iterator[Found]:
    many = value if level else [value]
    if not isinstance(many, list) or not many:
        yield feature.fault(where, Why.MALFORMED, "a geometry without coordinates")
        return
    for number, one in enumerate(many, start=1):
        place = f"{where} pt {number}" if level else where
        point = _point(one, feature.when)
        if point is None:
            detail = "a point whose place is not on the globe"
            yield feature.fault(place, Why.MALFORMED, detail)
            continue
        fields: dict[str, Plain] = {
            "at": point.when.at if point.when else None,
            "offset_min": point.when.offset_min if point.when else None,
            "lat": point.lat,
            "lon": point.lon,
            "ele": point.ele,
            **feature.words,
        }
        raw = feature.raw if point.more is None else [feature.raw, point.more]
        yield Item(dataset="places", fields=fields, raw=raw, original_id=None, position=place)
        feature.shorten()


def _lines(value: Plain, level: int, feature: _Feature, where: str) -> Iterator[Found]:
    many = value if level > 1 else [value]
    if not isinstance(many, list) or not many:
        yield feature.fault(where, Why.MALFORMED, "a geometry without coordinates")
        return
    for number, one in enumerate(many, start=1):
        place = f"{where} line {number}" if level > 1 else where
        if not isinstance(one, list) or not one:
            yield feature.fault(place, Why.MALFORMED, "a line without points")
            continue
        times = feature.times
        if level > 1:
            times = times[number - 1] if number <= len(times) else ()
        yield from _line(one, times if isinstance(times, list) else (), feature, place)


def _line(
    coordinates: list[Plain], times: Sequence[Plain], feature: _Feature, where: str
) -> Iterator[Found]:
    is_timed = len(times) == len(coordinates)
    points: list[Point] = []
    faulty = 0
    for number, one in enumerate(coordinates, start=1):
        point = _point(one, moment(times[number - 1]) if is_timed else None, f"pt {number}")
        if point is None:
            faulty += 1
        else:
            points.append(point)
    if faulty:
        detail = f"{faulty} points whose place is not on the globe"
        yield feature.fault(f"{where} points", Why.MALFORMED, detail)
    for number, part in enumerate(trips_of(points), start=1):
        more = [[point.place, point.more] for point in part if point.more is not None]
        kept: dict[str, Plain] = {"feature": feature.raw, "points": more}
        if number == 1 and times and not (is_timed and all(point.when for point in points)):
            kept["times"] = as_json(times)
        raw = kept if feature.raw or more or "times" in kept else None
        yield line_item(part, "line", f"{where} part {number}", feature.words, raw)
        feature.shorten()


def _point(value: Plain, when: When | None, place: str = "") -> Point | None:
    """Return the point at `[longitude, latitude, metres above the sea]`."""
    if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - a place has two numbers
        return None
    lon, lat = degrees(value[0], 180), degrees(value[1], 90)
    if lat is None or lon is None:
        return None
    ele = height(value[2]) if len(value) > 2 else None  # noqa: PLR2004 - the third is the height
    rest = value[2 if ele is None else 3 :]
    return Point(lat, lon, ele, when, place, as_json(rest) if rest else None)
