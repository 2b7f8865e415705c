"""Public sample files: what is read from each is counted, and compared with other programs.

What another program counted stands in their `counts.tsv`; where a source counts otherwise, the
tables below say why.
"""

import io
import math
from collections import Counter
from datetime import UTC, datetime, time
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from icalendar import Component

from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.spec import Batch, Source
from sealhold.model.errors import UnreadableSourceError

ENTRIES = {"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "AVAILABLE"}

# file: what is read, and what is rejected. A track without points is a reject; a part of a track
# with fewer than two times is a line, and one with a gap of over 20 minutes is cut there.
GPX: dict[str, tuple[dict[str, int], int]] = {
    "Mojstrovka.gpx": ({"trips": 1}, 0),
    "around-visnjan-with-car.gpx": ({"trips": 1}, 0),
    "cerknicko-jezero-without-elevations.gpx": ({"trips": 7, "places": 7}, 1),  # 1 of 8 is empty
    "cerknicko-jezero.gpx": ({"trips": 7, "places": 7}, 1),
    "cerknicko-without-times.gpx": ({"trips": 1, "routes": 6, "places": 7}, 1),  # 1 has times
    "default_schema_locations.gpx": ({}, 0),  # metadata alone
    "first_and_last_elevation.gpx": ({"trips": 1, "routes": 2}, 0),  # cut at two gaps
    "gpx1.0_with_all_fields.gpx": ({"routes": 3, "places": 2}, 1),  # a track of one point
    "gpx1.1_with_all_fields.gpx": ({"routes": 3, "places": 2}, 2),  # and file-wide extensions
    "gpx1.1_with_extensions.gpx": ({"places": 1}, 0),
    "gpx_with_garmin_extension.gpx": ({"places": 1}, 0),
    "korita-zbevnica.gpx": ({"trips": 3, "routes": 1, "places": 2}, 1),
    "route.gpx": ({"routes": 1}, 0),
    "track_with_speed.gpx": ({"trips": 1}, 0),
    "unicode.gpx": ({"places": 6}, 0),
    "validation_gpx10.gpx": ({"routes": 3, "places": 2}, 1),
    "validation_gpx11.gpx": ({"routes": 3, "places": 2}, 1),
}
OTHERWISE = {  # calendars in which our entries are not those of the other program
    "pr_480_summary_with_colon.ics": "the calendar lacks its END: both events are read, and told",
}
BEGINNING_OTHERWISE = {  # calendars whose entries begin at another time for the other program
    "america_new_york_forward_reference.ics": "DTSTART stands twice; we take the first",
    "issue_526_calendar_with_different_events.ics": "it takes the zone from a file read before",
    "issue_526_calendar_with_event_subset.ics": "likewise",
    "issue_526_calendar_with_shuffeled_events.ics": "likewise",
    "pr_480_summary_with_colon.ics": "it reads nothing of a calendar without END",
}
REJECTING = {  # calendars with something that is no entry
    "issue_178_custom_component_contains_other.ics": 1,  # a component of no known kind
    "issue_178_custom_component_inside_other.ics": 1,
    "issue_350.ics": 1,  # a line after the calendar's END
    "pr_480_summary_with_colon.ics": 1,
    "rfc_5545_end.ics": 1,  # an alarm alone
    "start_date.ics": 1,
    "timezone_same_start_and_offset.ics": 2,  # END:VCALENDARD, so the calendar has none
}
OFX_BALANCES = {
    "anzcc.ofx": 2,
    "bank_medium.ofx": 2,
    "fidelity.ofx": 28,
    "investment_401k.ofx": 4,
    "multiple_accounts.ofx": 2,
    "suncorp.ofx": 2,
    "td_ameritrade.ofx": 19,
    "tiaacref.ofx": 9,
    "vanguard.ofx": 2,
    "vanguard401k.ofx": 10,
}


def rows(shared: Path, kind: str) -> list[tuple[Path, list[str]]]:
    """Return the files of a kind that are here, with what the other program counted."""
    samples = shared / "samples"
    found = []
    for line in (samples / "counts.tsv").read_text().splitlines()[1:]:
        of_kind, name, _size, digest, counted = line.split("\t")
        path = samples / of_kind / name
        if of_kind == kind and sha256(path.read_bytes()).hexdigest().startswith(digest):
            found.append((path, counted.split()))
    return found


def read(source: Source, path: Path) -> list[Batch]:
    with path.open("rb") as file:
        return list(source.read(file, path.name, None))


def counted(batches: list[Batch], field: str | None = None) -> Counter[str]:
    items = [item for batch in batches for item in batch.items]
    return Counter(item.fields[field] if field else item.dataset for item in items)


def rejected(batches: list[Batch]) -> int:
    return sum(len(batch.rejects) for batch in batches)


def test_each_gpx_file_gives_what_is_in_it(shared: Path) -> None:
    found = {path.name: read(Gpx(), path) for path, _ in rows(shared, "gpx")}

    assert {name: (counted(b), rejected(b)) for name, b in found.items()} == GPX


def test_no_point_of_a_gpx_file_is_lost(shared: Path) -> None:
    for path, numbers in rows(shared, "gpx"):
        told = dict(zip(numbers[::2], map(int, numbers[1::2]), strict=True))
        batches = read(Gpx(), path)
        lines = [i.fields for b in batches for i in b.items if i.dataset != "places"]
        points = [point for fields in lines for point in fields["points"]]
        assert len(points) == told["trkpt"] + told["rtept"], path.name
        assert counted(batches)["places"] == told["wpt"], path.name
        timed = sum(
            1
            for fields in lines
            if fields.get("kind") != "route"
            for p in fields["points"]
            if p[0] is not None
        )
        assert timed == told["timed"], path.name


def test_lines_are_as_long_as_the_angles_between_their_points(shared: Path) -> None:
    for path, _ in rows(shared, "gpx"):
        tracks = [one for one in ET.parse(path).iter() if one.tag.endswith("trk")]
        items = [item for batch in read(Gpx(), path) for item in batch.items]
        for number, track in enumerate(tracks, start=1):
            parts = [item for item in items if item.position.startswith(f"trk {number} ")]
            points = [point for item in parts for point in item.fields["points"]]
            written = [point for point in track.iter() if point.tag.endswith("trkpt")]
            places = [(float(point.attrib["lat"]), float(point.attrib["lon"])) for point in written]
            assert [(lat, lon) for _at, lat, lon, _ele in points] == places, path.name
            if len(parts) == 1:
                length = sum(6_371_008.8 * _angle(one, two) for one, two in pairwise(places))
                assert parts[0].fields["distance_m"] == pytest.approx(length, abs=0.01), path.name


def _angle(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the angle between two places as seen from the globe's centre, by vectors."""
    (x1, y1, z1), (x2, y2, z2) = _vector(*one), _vector(*other)
    cross = math.hypot(y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2)
    return math.atan2(cross, x1 * x2 + y1 * y2 + z1 * z2)


def _vector(lat: float, lon: float) -> tuple[float, float, float]:
    up, east = math.radians(lat), math.radians(lon)
    return math.cos(up) * math.cos(east), math.cos(up) * math.sin(east), math.sin(up)


@pytest.mark.filterwarnings("ignore::icalendar.error.GloballyUniqueTZIDGuessed")
def test_entries_begin_when_another_program_says(shared: Path) -> None:
    for path, _ in rows(shared, "ics"):
        if path.name in BEGINNING_OTHERWISE:
            continue
        calendars = Component.from_ical(path.read_bytes(), multiple=True)
        entries = [one for calendar in calendars for one in calendar.walk() if one.name in ENTRIES]
        theirs = [_begin(entry) for entry in entries if entry.name != "VFREEBUSY"]
        items = [item for batch in read(ICalendar(), path) for item in batch.items]
        ours = [i.fields["start"] for i in items if i.fields["component"] != "VFREEBUSY"]
        assert ours == theirs, path.name


def _begin(entry: Component) -> int | None:
    """Return when an entry begins, in milliseconds, by the other program."""
    begin = entry.get("DTSTART")
    if begin is None or not hasattr(begin, "dt"):
        return None
    moment = begin.dt
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def test_each_calendar_gives_the_entries_that_another_program_counts(shared: Path) -> None:
    for path, numbers in rows(shared, "ics"):
        told = dict(zip(numbers[::2], map(int, numbers[1::2]), strict=True))
        expected = {kind: count for kind, count in told.items() if kind in ENTRIES}
        batches = read(ICalendar(), path)
        if path.name in OTHERWISE:
            assert counted(batches, "component") == {"VEVENT": 2}
        else:
            assert counted(batches, "component") == expected, path.name
        assert rejected(batches) == REJECTING.get(path.name, 0), path.name


def test_each_statement_gives_the_bookings_that_another_program_counts(shared: Path) -> None:
    for path, numbers in rows(shared, "ofx"):
        found = counted(read(Ofx(), path))
        assert found["bookings"] == int(numbers[3]), path.name
        assert found["balances"] == OFX_BALANCES.get(path.name, 0), path.name


def test_a_banks_refusal_is_told(shared: Path) -> None:
    (batch,) = read(Ofx(), shared / "samples" / "ofx" / "signon_fail.ofx")

    assert [one.detail for one in batch.rejects] == ["the bank answered with error 15500"]


def test_no_damaged_sample_gives_another_error_than_a_broken_file(shared: Path) -> None:
    sources: dict[str, Source] = {"gpx": Gpx(), "ics": ICalendar(), "ofx": Ofx()}
    for kind, source in sources.items():
        for path, _ in rows(shared, kind):
            content = path.read_bytes()
            for part in (3, 5):
                cut = content[: len(content) * part // 7]
                try:
                    list(source.read(io.BytesIO(cut), path.name, None))
                except UnreadableSourceError:
                    continue
