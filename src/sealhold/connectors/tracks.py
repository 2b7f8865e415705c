"""Lines of points as items: trips where there are times, stays where somebody kept still, lines.

- A line with two times or more is one of `trips`, any other one of `routes`.
- Who records always, as a phone does, also stands still: within 150 m for 20 minutes is a stay,
  one of `visits`, and ends the trip before it.
- Faults of points are told one by one up to 20, the rest in one reject with their number.

Source: docs/spec/18-connectors.md section 11; docs/spec/42-places-and-bodies.md section 3.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sealhold.connectors.batches import Found, reject
from sealhold.connectors.geo import GAP, Point, distance, metres, speeds
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.encoding import Plain

STILL: Final = 150.0  # metres; a phone indoors knows its place so well
MAX_TOLD: Final = 20  # faults told one by one; the rest are counted


def line_item(
    points: Sequence[Point], kind: str, where: str, words: Mapping[str, Plain], raw: Plain
) -> Item:
    """Return a trip if the line has two times, else a line of that kind."""
    if sum(point.when is not None for point in points) > 1:
        return trip(points, where, words, raw)
    return geometry(points, kind, where, words, raw)


def trip(points: Sequence[Point], where: str, words: Mapping[str, Plain], raw: Plain) -> Item:
    """Return the trip along points of which two have times."""
    times = sorted(point.when.at for point in points if point.when)
    duration = (times[-1] - times[0]) / 1000
    length = distance(points)
    fields: dict[str, Plain] = {
        "start": times[0],
        "end": times[-1],
        "offset_min": offset_of(points),
        "duration_s": duration,
        "distance_m": length,
        "max_speed_ms": max(speeds(points), default=None),
        "mean_speed_ms": round(length / duration, 3) if duration else None,
        **_ends(points),
        **words,
        "points": [point.plain() for point in points],
    }
    return Item(dataset="trips", fields=fields, raw=raw, original_id=None, position=where)


def geometry(
    points: Sequence[Point], kind: str, where: str, words: Mapping[str, Plain], raw: Plain
) -> Item:
    """Return the line along points that say no times."""
    fields: dict[str, Plain] = {
        "kind": kind,
        "distance_m": distance(points),
        **_ends(points),
        **words,
        "points": [point.plain() for point in points],
    }
    return Item(dataset="routes", fields=fields, raw=raw, original_id=None, position=where)


def path(points: Sequence[Point], kind: str, where: str, raw: Plain) -> Item:
    """Return the stretch along timed points that was recorded beside trips."""
    times = sorted(point.when.at for point in points if point.when)
    fields: dict[str, Plain] = {
        "start": times[0] if times else None,
        "end": times[-1] if times else None,
        "offset_min": offset_of(points),
        "kind": kind,
        "distance_m": distance(points),
        **_ends(points),
        "points": [point.plain() for point in points],
    }
    return Item(dataset="paths", fields=fields, raw=raw, original_id=None, position=where)


def stay(points: Sequence[Point], where: str, raw: Plain) -> Item:
    """Return the visit of somebody who kept still."""
    times = sorted(point.when.at for point in points if point.when)
    fields: dict[str, Plain] = {
        "start": times[0],
        "end": times[-1],
        "offset_min": offset_of(points),
        "duration_s": (times[-1] - times[0]) / 1000,
        "lat": points[0].lat,
        "lon": points[0].lon,
        "type": "still",
    }
    kept = {"points": [point.plain() for point in points], "more": raw}
    return Item(dataset="visits", fields=fields, raw=kept, original_id=None, position=where)


def offset_of(points: Sequence[Point]) -> int | None:
    """Return the offset of the first time, minutes east of UTC, or None if it wrote none."""
    return next((point.when.offset_min for point in points if point.when), None)


def more_of(points: Sequence[Point]) -> list[Plain] | None:
    """Return `[place, what it holds besides]` of the points that hold something besides."""
    return [[point.place, point.more] for point in points if point.more] or None


def moves_and_stays(points: Sequence[Point]) -> Iterator[tuple[bool, Sequence[Point]]]:
    """Yield the parts of a timed line, each with whether it is a stay; all points are in one.

    A stay begins at a point that all following ones stay near to until 20 minutes have passed, and
    ends before the first that is far from it.
    """
    moved, begin, size = 0, 0, len(points)
    while begin < size:
        end = begin + 1
        while end < size and metres(points[begin], points[end]) <= STILL:
            end += 1
        if _lasts(points[begin], points[end - 1]):
            if moved < begin:
                yield False, points[moved:begin]
            yield True, points[begin:end]
            moved = begin = end
        else:
            begin = max(begin + 1, (begin + end) // 2)  # so that a line is looked at a few times
    if moved < size:
        yield False, points[moved:]


def _lasts(first: Point, last: Point) -> bool:
    return bool(first.when and last.when and last.when.at - first.when.at >= GAP)


def _ends(points: Sequence[Point]) -> dict[str, Plain]:
    first, last = points[0], points[-1]
    return {
        "start_lat": first.lat,
        "start_lon": first.lon,
        "end_lat": last.lat,
        "end_lon": last.lon,
    }


@dataclass(slots=True)
class Faults:
    """What is wrong with the points of a file: the first few, and how many more."""

    what: str  # `more points of that kind`
    told: int = 0
    counts: dict[Why, int] = field(default_factory=dict)

    def tell(self, where: str, why: Why, detail: str, raw: str = "") -> Iterator[Reject]:
        """Yield the reject of one, if it is among the first."""
        if self.told < MAX_TOLD:
            self.told += 1
            yield reject(where, why, detail, raw)
        else:
            self.counts[why] = self.counts.get(why, 0) + 1

    def rest(self) -> Iterator[Found]:
        """Yield what says how many more there were."""
        for why, count in sorted(self.counts.items()):
            yield reject(f"all, {why}", why, f"{count} {self.what}")
