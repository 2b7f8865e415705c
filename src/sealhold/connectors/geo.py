"""Points on the globe and what follows from a line of them: distance, speed, trips.

- Distance is the great circle on a sphere of the mean radius: within 0.6 % of the ellipsoid.
- A line is cut into parts where more than 20 minutes lie between two timed points, and where a
  part would outgrow an item.

Source: docs/spec/18-connectors.md section 11.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from sealhold.connectors.times import When
from sealhold.model.encoding import Plain
from sealhold.model.quantities import MINUTE

RADIUS = 6_371_008.8  # metres; mean radius of the Earth (IUGG)
GAP = 20 * MINUTE  # a longer silence ends a trip
MAX_POINTS = 200_000  # of one part, which must fit one item: two days at one point a second
POINT_BYTES = 48  # of a point in an item
_DEEPEST, _HIGHEST = -12_000.0, 100_000.0  # metres; sea floor, edge of space


class Point(msgspec.Struct, frozen=True):  # a Struct, because a track makes millions
    """A place, in degrees and metres, and when somebody was there."""

    lat: float
    lon: float
    ele: float | None
    when: When | None
    place: str = ""  # where it stands in its line: `seg 1 pt 7`
    more: Plain = None  # what it holds besides
    weight: int = 1  # its size, in points that hold nothing besides

    def plain(self) -> list[Plain]:
        """Return the point as a trip keeps it: `[t_ms, lat, lon, ele]`."""
        return [self.when.at if self.when else None, self.lat, self.lon, self.ele]


def parse_coordinate(text: str | None, limit: int) -> float | None:
    """Return a latitude or longitude in degrees, or None if it is none within +-`limit`."""
    number = _number(text)
    return number if number is not None and abs(number) <= limit else None


def parse_elevation(text: str | None) -> float | None:
    """Return a height in metres, or None if nothing on Earth has it."""
    number = _number(text)
    return number if number is not None and _DEEPEST <= number <= _HIGHEST else None


def metres(one: Point, other: Point) -> float:
    """Return the great-circle distance of two points by the haversine formula."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    across = math.sin((lat2 - lat1) / 2) ** 2
    along = math.sin(math.radians(other.lon - one.lon) / 2) ** 2
    part = across + math.cos(lat1) * math.cos(lat2) * along
    return 2 * RADIUS * math.asin(math.sqrt(min(1.0, part)))


def distance(points: Sequence[Point]) -> float:
    """Return the length of a line, in metres to the millimetre."""
    return round(math.fsum(metres(one, other) for one, other in pairwise(points)), 3)


def speeds(points: Sequence[Point]) -> Iterator[float]:
    """Yield the speed, in m/s to the millimetre, between each two timed points in order."""
    timed = [point for point in points if point.when]
    for one, other in pairwise(timed):
        if one.when and other.when and other.when.at > one.when.at:
            seconds = (other.when.at - one.when.at) / 1000
            yield round(metres(one, other) / seconds, 3)


def trips_of(points: Iterable[Point]) -> Iterator[list[Point]]:
    """Yield the parts of a line between its gaps; all points are in one of them."""
    part: list[Point] = []
    last, weight = None, 0
    for point in points:
        if point.when:
            if last is not None and abs(point.when.at - last) > GAP:
                yield part
                part, weight = [], 0
            last = point.when.at
        weight += point.weight
        if weight > MAX_POINTS and part:
            yield part
            part, weight = [], point.weight
        part.append(point)
    if part:
        yield part


def _number(text: str | None) -> float | None:
    if text is None or len(text) > 64:  # noqa: PLR2004 - no coordinate is longer
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
