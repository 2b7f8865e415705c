"""Google Takeout, the older form of a phone's places: `Records.json`, once `Location History.json`.

- Points of one device in their order: a silence of over 20 minutes cuts, and so does a stay.
- Between stays lie trips; a stay is one of `visits`; a single point is one of `places`.
- Coordinates are ten-millionths of a degree; those that overflowed 2^31 are put right.
- What a point holds besides (accuracy, activities, networks) is kept in `raw`, as JSON.

Source: docs/spec/42-places-and-bodies.md section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, ClassVar

from sealhold.connectors.batches import Found, by_count
from sealhold.connectors.geo import GAP, MAX_POINTS, POINT_BYTES, Point
from sealhold.connectors.jsonstream import Part, outline, parts
from sealhold.connectors.jsonvalues import as_json, degrees_e7, height, moment, moment_ms, number
from sealhold.connectors.places import PLACES, TRIPS, VISITS
from sealhold.connectors.spec import BATCH_ROWS, Batch, Guess, Item, Reject, Why
from sealhold.connectors.tracks import Faults, more_of, moves_and_stays, stay, trip
from sealhold.model.encoding import Plain
from sealhold.model.records import Dataset

_LIST = "locations[]"
_TOLD = frozenset({"latitudeE7", "longitudeE7", "timestamp", "timestampMs", "altitude"})
_MOST = 1_048_576  # characters of one point; with all networks around it has a hundredth
_MOST_DEVICES = 16  # whose lines are open at once; all later ones share the last
_MOST_WEIGHT = MAX_POINTS // 2  # of a line, in points: what is held of all devices has its bound


class GoogleRecords:
    """Reads `Records.json`."""

    name: ClassVar[str] = "google_records"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = (TRIPS, VISITS, PLACES)

    def __init__(self, batch_rows: int = BATCH_ROWS) -> None:
        self._rows = batch_rows

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del file_name
        shown = outline(head)
        is_time = f"{_LIST}.timestamp" in shown or f"{_LIST}.timestampMs" in shown
        is_known = is_time and f"{_LIST}.latitudeE7" in shown
        return Guess(sure=97 if is_known else 0, what="Google location records" if is_known else "")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name
        return by_count(_found(file), cursor, self._rows)


@dataclass(slots=True)
class _Line:
    """The points of one device since its last silence."""

    points: list[Point] = field(default_factory=list)
    weight: int = 0

    def ends_before(self, point: Point) -> bool:
        last = self.points[-1].when if self.points else None
        if last is None or point.when is None:
            return False
        is_silent = abs(point.when.at - last.at) > GAP
        return is_silent or self.weight + point.weight > _MOST_WEIGHT // _MOST_DEVICES

    def add(self, point: Point) -> None:
        self.points.append(point)
        self.weight += point.weight

    def take(self) -> list[Point]:
        """Return the points, the earliest first: older exports begin with the newest."""
        points, self.points, self.weight = self.points, [], 0
        first, last = (points[end].when for end in (0, -1)) if points else (None, None)
        if first is not None and last is not None and first.at > last.at:
            points.reverse()
        return points


def _found(file: BinaryIO) -> Iterator[Found]:
    lines: dict[Plain, _Line] = {}
    faults = Faults("more points of that kind")
    for one in parts(file, _LIST, most=_MOST):
        if isinstance(one, Reject):
            yield one
            continue
        point = _point(one)
        if isinstance(point, str):
            yield from faults.tell(one.where, Why.MALFORMED, point, one.text)
            continue
        tag = one.value.get("deviceTag")
        device = tag if isinstance(tag, int | str) else None
        if device not in lines and len(lines) >= _MOST_DEVICES - 1:
            device = None
        line = lines.setdefault(device, _Line())
        if line.ends_before(point):
            yield from _items(line.take())
        line.add(point)
    for line in lines.values():
        yield from _items(line.take())
    yield from faults.rest()


def _point(part: Part) -> Point | str:
    """Return the point, or what is wrong with it."""
    value = part.value
    if not isinstance(value, dict):
        return "a point that is no object"
    when = moment(value.get("timestamp")) or moment_ms(value.get("timestampMs"))
    if when is None:
        return "a point without a time"
    lat, lon = degrees_e7(value.get("latitudeE7"), 90), degrees_e7(value.get("longitudeE7"), 180)
    if lat is None or lon is None:
        return "a point without a place on the globe"
    ele = height(value.get("altitude"))
    told = _TOLD if ele is not None else _TOLD - {"altitude"}
    rest = {name: one for name, one in value.items() if name not in told}
    more = as_json(rest) if rest else None
    weight = 1 + len(more or "") // POINT_BYTES
    return Point(lat, lon, ele, when, part.where, more, weight)


def _items(points: list[Point]) -> Iterator[Item]:
    for is_stay, part in moves_and_stays(points):
        where, more = part[0].place, more_of(part)
        if is_stay:
            yield stay(part, where, more)
        elif len(part) > 1:
            yield trip(part, where, {}, more)
        else:
            yield _alone(part[0], more)


def _alone(point: Point, more: Plain) -> Item:
    fields: dict[str, Plain] = {
        "at": point.when.at if point.when else None,
        "offset_min": point.when.offset_min if point.when else None,
        "lat": point.lat,
        "lon": point.lon,
        "ele": number(point.ele),
        "type": "passed",
    }
    return Item(dataset="places", fields=fields, raw=more, original_id=None, position=point.place)
