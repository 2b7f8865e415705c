"""A trip that two sources saw: linked where it is shown, and never merged.

- Two trips are one if both their ends lie within five minutes and 500 m of each other, and they are
  from two sources. A link is found when somebody looks; no row says it and none is left out.
- What may be one is told by the index from its time; only those few are opened with the item.
- Items that are left in place are not looked through.

Source: docs/spec/36-sources.md section 2.
"""

from collections.abc import Iterable
from typing import Final

from sealhold.connectors.geo import Point, metres
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import MINUTE
from sealhold.model.records import Record
from sealhold.vault.index import Doc

TRIPS: Final = Collection("trips")
NEAR_MS: Final = 5 * MINUTE  # a phone notices a move by minutes
NEAR_M: Final = 500.0  # metres; a phone's first place of a move lies behind its beginning
MOST: Final = 20  # looked at for one item


def candidates(of: Doc, every: Iterable[Doc]) -> list[Doc]:
    """Return the items that may be the same trip by the time at which they begin."""
    if of.collection != TRIPS or of.at is None:
        return []
    near = [
        doc
        for doc in every
        if doc.collection == TRIPS
        and doc.id != of.id
        and doc.at is not None
        and abs(doc.at - of.at) <= NEAR_MS
    ]
    return near[:MOST]


def are_one(one: Record, other: Record) -> bool:
    """Whether two sources saw the same trip."""
    if one.provenance.source == other.provenance.source:
        return False
    return all(_is_near(one, other, end) for end in ("start", "end"))


def _is_near(one: Record, other: Record, end: str) -> bool:
    first, second = _end(one, end), _end(other, end)
    if first is None or second is None:
        return False
    is_soon = abs(first[0] - second[0]) <= NEAR_MS
    return is_soon and metres(first[1], second[1]) <= NEAR_M


def _end(trip: Record, end: str) -> tuple[int, Point] | None:
    """Return when and where a trip began or ended, if it says both."""
    at, lat, lon = (trip.fields.get(FieldName(f"{end}{part}")) for part in ("", "_lat", "_lon"))
    if not isinstance(at, int) or not isinstance(lat, float) or not isinstance(lon, float):
        return None
    return at, Point(lat, lon, None, None)
