"""What Google exports of a phone's places: exact values of all three forms."""

import json

import pytest

from sealhold.connectors.sources.geojson import GeoJson
from sealhold.connectors.sources.google_records import GoogleRecords
from sealhold.connectors.sources.google_semantic import GoogleSemantic
from sealhold.connectors.sources.google_timeline import GoogleTimeline
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.spec import Source
from sealhold.model.encoding import Plain
from tests.unit.connector_reading import Found, known_as, outcome, read

HOUR_8 = 1_735_718_400_000  # 2025-01-01T08:00:00Z
MINUTE = 60_000
ALL: list[Source] = [
    GoogleRecords(), GoogleSemantic(), GoogleTimeline(), GeoJson(), JsonLines(),
]  # fmt: skip


def at(minute: int, zone: str = "Z") -> str:
    return f"2025-01-01T{8 + minute // 60:02d}:{minute % 60:02d}:00{zone}"


def record(minute: int, lat: int, lon: int = 0, **more: Plain) -> Plain:
    return {"latitudeE7": lat, "longitudeE7": lon, "timestamp": at(minute), **more}


def records(*points: Plain) -> Found:
    return read(GoogleRecords(), json.dumps({"locations": points}))


def test_moves_are_trips_and_keeping_still_for_twenty_minutes_is_a_visit() -> None:
    moves = [record(k, k * 100_000, accuracy=9) for k in range(5)]
    still = [record(k, 400_000 + k % 2) for k in range(5, 30, 5)]

    ((trip, visit), rejects) = records(*moves, *still)

    assert not rejects
    assert (trip.dataset, trip.position) == ("trips", "locations 1")
    assert (trip.fields["start"], trip.fields["end"]) == (HOUR_8, HOUR_8 + 3 * MINUTE)
    assert trip.fields["distance_m"] == pytest.approx(3335.8, abs=0.1)
    assert trip.raw[0] == ["locations 1", '{"accuracy":9}']
    assert (visit.dataset, visit.position) == ("visits", "locations 5")
    assert (visit.fields["start"], visit.fields["duration_s"]) == (HOUR_8 + 4 * MINUTE, 21 * 60)
    assert (visit.fields["lat"], visit.fields["type"]) == (0.04, "still")
    assert len(visit.raw["points"]) == 6


def test_numbers_that_overflowed_are_put_right() -> None:
    lat, lon = -335_000_000 + (1 << 32), -707_000_000 + (1 << 32)

    ((place,), _) = records(record(0, lat, lon))

    assert (place.dataset, place.fields["type"]) == ("places", "passed")
    assert (place.fields["lat"], place.fields["lon"]) == (-33.5, -70.7)


def test_times_in_milliseconds_have_no_offset_and_written_ones_have() -> None:
    old = {"latitudeE7": 1, "longitudeE7": 1, "timestampMs": str(HOUR_8)}
    new = record(100, 1) | {"timestamp": at(100, "+01:00")}

    ((first, second), _) = records(old, new)

    assert (first.fields["at"], first.fields["offset_min"]) == (HOUR_8, None)
    assert (second.fields["at"], second.fields["offset_min"]) == (HOUR_8 + 40 * MINUTE, 60)


def test_two_devices_are_two_lines() -> None:
    (items, _) = records(*(record(k, 100_000 * k * (1 + k % 2), deviceTag=k % 2) for k in range(8)))

    assert [len(item.fields["points"]) for item in items] == [4, 4]


def test_faults_of_points_are_told_one_by_one_and_then_counted() -> None:
    bad = [record(k, 10**12) for k in range(30)] + [{"latitudeE7": 1, "longitudeE7": 1}, 7]

    (items, rejects) = records(*bad, record(0, 1))

    assert (len(items), len(rejects)) == (1, 21)
    assert rejects[0].detail == "a point without a place on the globe"
    assert rejects[-1].detail == "12 more points of that kind"


def semantic(*objects: Plain) -> Found:
    return read(GoogleSemantic(), json.dumps({"timelineObjects": objects}))


def span(begin: int, end: int) -> Plain:
    return {"startTimestamp": at(begin), "endTimestampMs": str(HOUR_8 + end * MINUTE)}


def test_an_activity_is_a_trip_with_the_stated_distance_and_the_way_between() -> None:
    value = {
        "startLocation": {"latitudeE7": 0, "longitudeE7": 0},
        "endLocation": {"latitudeE7": 300_000, "longitudeE7": 0},
        "duration": span(0, 10),
        "distance": 3600,
        "activityType": "CYCLING",
        "waypointPath": {"waypoints": [{"latE7": 5, "lngE7": 5}]},
        "simplifiedRawPath": {
            "points": [{"latE7": 100_000, "lngE7": 0, "timestamp": at(4)}, {"latE7": "x"}]
        },
    }

    ((trip,), rejects) = semantic({"activitySegment": value})

    assert not rejects
    assert (trip.fields["type"], trip.fields["distance_m"]) == ("CYCLING", 3600)
    assert (trip.fields["duration_s"], trip.fields["mean_speed_ms"]) == (600, 6)
    assert trip.fields["points"] == [
        [HOUR_8, 0.0, 0.0, None],
        [HOUR_8 + 4 * MINUTE, 0.01, 0.0, None],
        [HOUR_8 + 10 * MINUTE, 0.03, 0.0, None],
    ]
    assert json.loads(trip.raw) == {"activitySegment": value}


def test_a_visit_holds_the_visits_within_it() -> None:
    inner = {
        "location": {"latitudeE7": 1, "longitudeE7": 2, "name": "Shop"},
        "duration": span(5, 9),
    }
    value = {
        "location": {
            "placeId": "p",
            "name": "Mall",
            "address": "1 Way",
            "semanticType": "TYPE_WORK",
        },
        "centerLatE7": 465_000_000,
        "centerLngE7": 75_000_000,
        "duration": span(0, 60),
        "visitConfidence": 85,
        "childVisits": [inner],
    }

    ((visit, child), _) = semantic({"placeVisit": value})

    assert visit.fields == {
        "start": HOUR_8, "end": HOUR_8 + 60 * MINUTE, "offset_min": 0, "duration_s": 3600,
        "lat": 46.5, "lon": 7.5, "name": "Mall", "address": "1 Way", "place_id": "p",
        "type": "TYPE_WORK", "confidence": 0.85,
    }  # fmt: skip
    assert (child.position, child.fields["name"]) == ("timelineObjects 1 child 1", "Shop")
    assert child.raw is None


@pytest.mark.parametrize(
    ("one", "why"),
    [
        ({"activitySegment": {}}, "no_time"),
        ({"placeVisit": {"duration": span(9, 1)}}, "no_time"),
        ({"activitySegment": {"duration": span(0, 1)}}, "unsupported"),
        ({"somethingElse": {}}, "unsupported"),
        ([], "malformed"),
    ],
)
def test_what_is_no_move_and_no_visit_is_a_named_reject(one: Plain, why: str) -> None:
    items, (fault,) = semantic(one)

    assert (items, fault.why) == ([], why)


def android(*segments: Plain, **more: Plain) -> Found:
    return read(GoogleTimeline(), json.dumps({"semanticSegments": segments, **more}))


def segment(begin: int, end: int, **more: Plain) -> Plain:
    return {"startTime": at(begin, "+01:00"), "endTime": at(end, "+01:00"), **more}


HERE, THERE = "51.5°, -0.12°", "51.51°, -0.12°"


def test_the_form_of_android_gives_visits_trips_and_paths() -> None:
    best = {"placeId": "p", "semanticType": "HOME", "probability": 0.7,
            "placeLocation": {"latLng": HERE}}  # fmt: skip
    walk = {"start": {"latLng": HERE}, "end": {"latLng": THERE}, "distanceMeters": 1500,
            "topCandidate": {"type": "WALKING"}}  # fmt: skip
    way = [{"point": HERE, "time": at(60, "+01:00")}, {"point": "nowhere"}]

    (visit, trip, path), (fault,) = android(
        segment(0, 60, visit={"topCandidate": best}),
        segment(60, 85, activity=walk),
        segment(60, 85, timelinePath=way),
    )

    start = HOUR_8 - 60 * MINUTE
    assert visit.fields == {
        "start": start, "end": start + 60 * MINUTE, "offset_min": 60, "duration_s": 3600,
        "lat": 51.5, "lon": -0.12, "place_id": "p", "type": "HOME", "confidence": 0.7,
    }  # fmt: skip
    assert (trip.fields["distance_m"], trip.fields["mean_speed_ms"]) == (1500, 1)
    assert (trip.fields["type"], trip.fields["offset_min"]) == ("WALKING", 60)
    assert (path.dataset, path.fields["kind"]) == ("paths", "path")
    assert path.fields["points"] == [[start + 60 * MINUTE, 51.5, -0.12, None]]
    assert fault.detail == "1 points whose place is not on the globe"


def test_what_a_phone_measured_is_cut_at_silences() -> None:
    def measured(minute: int) -> Plain:
        place = {"LatLng": HERE, "timestamp": at(minute), "altitudeMeters": 7, "accuracyMeters": 3}
        return {"position": place}

    signals = [*map(measured, (0, 5, 40)), {"wifiScan": {}}, {"position": {"LatLng": HERE}}]

    (first, second), rejects = android(rawSignals=signals)

    assert [len(one.fields["points"]) for one in (first, second)] == [2, 1]
    assert first.fields["points"][0] == [HOUR_8, 51.5, -0.12, 7.0]
    assert first.raw[0] == ["rawSignals 1", '{"accuracyMeters":3}']
    assert [fault.why for fault in rejects] == ["unsupported", "malformed"]


def test_places_that_are_often_gone_to_are_places() -> None:
    profile = {"frequentPlaces": [{"placeLocation": HERE, "label": "HOME"}, {"label": "WORK"}]}

    ((place,), (fault,)) = android(userLocationProfile=profile)

    assert (place.fields["lat"], place.fields["name"]) == (51.5, "HOME")
    assert fault.why == "malformed"


def test_the_form_of_ios_is_read_with_its_numbers_as_text() -> None:
    best = {"placeID": "p", "semanticType": "Home", "probability": "0.25",
            "placeLocation": "geo:51.500000,-0.120000"}  # fmt: skip
    walk = {"start": "geo:51.5,-0.12", "end": "geo:51.51,-0.12", "distanceMeters": "1500.5"}
    way = [{"point": "geo:51.5,-0.12", "durationMinutesOffsetFromStartTime": "30"}]
    document = [
        segment(0, 60, visit={"topCandidate": best, "probability": "0.9"}),
        segment(60, 85, activity=walk),
        segment(60, 85, timelinePath=way),
        segment(60, 85, timelineMemory={"destinations": []}),
    ]

    (visit, trip, path), (fault,) = read(GoogleTimeline(), json.dumps(document))

    assert (visit.fields["place_id"], visit.fields["confidence"]) == ("p", 0.25)
    assert (visit.fields["lat"], visit.fields["lon"]) == (51.5, -0.12)
    assert trip.fields["distance_m"] == 1500.5
    assert path.fields["start"] == HOUR_8 + 30 * MINUTE  # half an hour after its beginning
    assert (fault.position, fault.why) == ("4", "unsupported")


@pytest.mark.parametrize("source", ALL[:3])
@pytest.mark.parametrize(
    "content", ["", "{", '{"locations": [{}', "[1, 2", '{"timelineObjects": "x"', "\xff", "null]"]
)
def test_a_file_that_is_cut_or_no_json_is_broken(source: Source, content: str) -> None:
    count, told = outcome(source, content.encode("latin-1"))

    assert (count, told[-1]) == (0, "broken")


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (
            '{"locations": [{"timestampMs": "1", "latitudeE7": 1, "longitudeE7": 1}]}',
            "google_records",
        ),
        ('{"timelineObjects": [{"placeVisit": {}}]}', "google_semantic"),
        ('{"semanticSegments": [{"startTime": "x"', "google_timeline"),
        ('{"rawSignals": [{"position": {}}]}', "google_timeline"),
        ('[{"endTime": "x", "startTime": "y", "visit": {}}]', "google_timeline"),
        ('{"locations": [{"name": "x", "timestamp": "2025-01-01"}]}', "jsonlines"),
    ],
)
def test_each_form_is_known_by_its_content(content: str, name: str) -> None:
    assert known_as(content, ALL) == name


def test_points_that_come_newest_first_give_the_same_trips_and_visits() -> None:
    moves = [record(k, k * 100_000) for k in range(5)]
    still = [record(k, 400_000 + k % 2) for k in range(5, 30, 5)]

    forth, _ = records(*moves, *still)
    back, _ = records(*reversed([*moves, *still]))

    assert [item.fields for item in back] == [item.fields for item in forth]
