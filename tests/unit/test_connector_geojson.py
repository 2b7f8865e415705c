"""GeoJSON: what becomes of points, lines and areas."""

import json

import pytest

from sealhold.connectors.sources.geojson import GeoJson
from sealhold.model.encoding import Plain
from tests.unit.connector_reading import Found, outcome, read

HOUR_8 = 1_735_718_400_000  # 2025-01-01T08:00:00Z


def feature(kind: str, coordinates: Plain, properties: Plain = None, **more: Plain) -> Plain:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties, **more}


def features(*many: Plain, **more: Plain) -> Found:
    return read(GeoJson(), json.dumps({"type": "FeatureCollection", **more, "features": many}))


def test_a_point_is_a_place_with_its_words_time_and_what_is_left() -> None:
    properties = {"title": "Hut", "desc": "cold", "time": "2025-01-01T09:00:00+01:00", "stars": 3}

    ((place,), rejects) = features(feature("Point", [7.5, 46.5, 1200], properties, id=9))

    assert not rejects
    assert (place.dataset, place.position) == ("places", "features 1")
    assert place.fields == {
        "at": HOUR_8, "offset_min": 60, "lat": 46.5, "lon": 7.5, "ele": 1200.0,
        "name": "Hut", "description": "cold", "type": None,
    }  # fmt: skip
    assert json.loads(place.raw) == {"id": 9, "properties": {"stars": 3}}


def test_a_line_is_a_route_and_with_a_time_for_each_point_a_trip() -> None:
    line = [[0, 0], [0.01, 0], [0.04, 0]]
    times = [f"2025-01-01T08:0{n}:00Z" for n in range(3)]

    ((route, trip, few), _) = features(
        feature("LineString", line, {"name": "Plan"}),
        feature("LineString", line, {"coordTimes": times, "activity": "run"}),
        feature("LineString", line, {"coordinateProperties": {"times": times[:2]}}),
    )

    assert (route.dataset, route.fields["kind"], route.fields["name"]) == ("routes", "line", "Plan")
    assert route.fields["distance_m"] == pytest.approx(4447.8, abs=0.1)
    assert (trip.dataset, trip.fields["start"], trip.fields["duration_s"]) == ("trips", HOUR_8, 120)
    assert (trip.fields["type"], trip.raw) == ("run", None)
    assert trip.fields["points"][1] == [HOUR_8 + 60_000, 0.0, 0.01, None]
    assert (few.dataset, json.loads(few.raw["times"])) == ("routes", times[:2])


def test_lines_are_cut_at_gaps_and_each_of_many_has_its_own_times() -> None:
    lines = [[[0, 0], [1, 0]], [[2, 0], [3, 0], [4, 0]]]
    times = [
        ["2025-01-01T08:00:00Z", "2025-01-01T08:01:00Z"],
        ["2025-01-01T09:00:00Z", "2025-01-01T09:01:00Z", "2025-01-01T09:30:00Z"],
    ]

    (items, _) = features(feature("MultiLineString", lines, {"coordTimes": times}))

    assert [(item.dataset, item.position) for item in items] == [
        ("trips", "features 1 line 1 part 1"),
        ("trips", "features 1 line 2 part 1"),
        ("routes", "features 1 line 2 part 2"),
    ]


def test_collections_and_single_documents_are_read_too() -> None:
    point = {"type": "Point", "coordinates": [1, 2, 3, 4]}
    collection = {"type": "GeometryCollection", "geometries": [point, point]}

    assert len(features({"type": "Feature", "geometry": collection, "properties": {}})[0]) == 2
    ((alone,), _) = read(GeoJson(), json.dumps(point))
    assert (alone.fields["ele"], alone.raw, alone.position) == (3.0, [None, "[4]"], "document")
    ((many, _second), _) = features(feature("MultiPoint", [[1, 2], [3, 4]]))
    assert many.position == "features 1 pt 1"


def test_a_point_off_the_globe_is_told_and_the_line_stands_without_it() -> None:
    ((line,), (fault,)) = features(feature("LineString", [[0, 0], [181, 0], [1, 0], "x"]))

    assert len(line.fields["points"]) == 2
    assert (fault.why, fault.detail) == (
        "malformed", "2 points whose place is not on the globe",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (feature("Polygon", [[[0, 0], [1, 0], [1, 1], [0, 0]]]), "unsupported"),
        ({"type": "Feature", "geometry": None, "properties": {}}, "unsupported"),
        (feature("Curve", [1, 2]), "malformed"),
        (feature("Point", [1]), "malformed"),
        (feature("Point", [10**400, True]), "malformed"),
        (feature("Point", ["1", "2"]), "malformed"),
        (feature("MultiPoint", []), "malformed"),
        (feature("LineString", []), "malformed"),
        (feature("MultiLineString", {}), "malformed"),
        ("text", "malformed"),
    ],
)
def test_what_is_no_place_is_a_named_reject(one: Plain, why: str) -> None:
    items, (fault,) = features(one)

    assert (items, fault.why) == ([], why)


def test_collections_may_not_nest_for_ever() -> None:
    inner: Plain = {"type": "Point", "coordinates": [1, 2]}
    for _ in range(12):
        inner = {"type": "GeometryCollection", "geometries": [inner]}

    assert outcome(GeoJson(), json.dumps(inner)) == (0, ["too_large"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", []),
        ("EPSG:4326", []),
        ("urn:ogc:def:crs:EPSG::3857", ["broken"]),
    ],
)
def test_degrees_of_wgs_84_alone_are_read(name: str, told: list[str]) -> None:
    crs = {"type": "name", "properties": {"name": name}}
    document = {"type": "FeatureCollection", "crs": crs, "features": [feature("Point", [1, 2])]}

    assert outcome(GeoJson(), json.dumps(document))[1] == told


def test_what_is_other_json_is_not_taken() -> None:
    sniff = GeoJson().sniff

    assert sniff(b'{"type": "FeatureCollection", "features": [', "x").sure == 96
    assert sniff(b'{"type": "Topology", "features": []}', "x").sure == 0
    assert sniff(b'{"type": "FeatureCollection"}', "x").sure == 0
    lines = json.dumps(feature("Point", [1, 2])) + "\n"
    assert sniff(lines.encode(), "x").sure == 96
    assert sniff(lines.encode() * 2, "x").sure == 0
