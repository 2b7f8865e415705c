"""GPX: trips, lines and places, and what is kept of them."""

import io

import pytest

from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.spec import Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

HOUR_8 = 1_735_718_400_000  # 2025-01-01T08:00:00Z


def gpx(inner: str, root: str = 'version="1.1" xmlns="http://www.topografix.com/GPX/1/1"') -> bytes:
    return f"<?xml version='1.0'?><gpx {root}>{inner}</gpx>".encode()


def track(*points: tuple[float, float, str | None], name: str = "") -> str:
    inner = "".join(
        f'<trkpt lat="{lat}" lon="{lon}">' + (f"<time>{time}</time>" if time else "") + "</trkpt>"
        for lat, lon, time in points
    )
    return f"<trk><name>{name}</name><trkseg>{inner}</trkseg></trk>"


def read(content: bytes) -> tuple[list[Item], list[Reject]]:
    batches = list(Gpx().read(io.BytesIO(content), "file", None))
    items = [item for batch in batches for item in batch.items]
    return items, [reject for batch in batches for reject in batch.rejects]


def at(minute: int) -> str:
    return f"2025-01-01T{8 + minute // 60:02d}:{minute % 60:02d}:00Z"


def test_a_track_with_times_is_a_trip_with_its_length_and_speeds() -> None:
    ((trip,), _) = read(gpx(track((0, 0, at(0)), (0, 0.01, at(1)), (0, 0.04, at(2)), name="Run")))

    assert trip.dataset == "trips"
    assert (trip.fields["start"], trip.fields["end"]) == (HOUR_8, HOUR_8 + 120_000)
    assert trip.fields["duration_s"] == 120
    assert trip.fields["distance_m"] == pytest.approx(4447.8, abs=0.1)
    assert trip.fields["max_speed_ms"] == pytest.approx(55.6, abs=0.01)
    assert trip.fields["mean_speed_ms"] == pytest.approx(37.07, abs=0.01)
    assert trip.fields["name"] == "Run"
    assert trip.fields["points"][1] == [HOUR_8 + 60_000, 0.0, 0.01, None]
    assert trip.raw is None


def test_a_gap_of_over_twenty_minutes_makes_two_trips() -> None:
    items, _ = read(gpx(track(*((0, n / 100, at(n)) for n in (0, 20, 41, 42)))))

    assert [len(item.fields["points"]) for item in items] == [2, 2]
    assert [item.position for item in items] == ["trk 1 part 1", "trk 1 part 2"]


def test_points_without_time_are_a_line_and_no_trip() -> None:
    ((line,), _) = read(gpx(track((0, 0, None), (0, 0.01, None))))

    assert (line.dataset, line.fields["kind"]) == ("routes", "track")


def test_one_time_alone_makes_no_trip() -> None:
    ((line,), _) = read(gpx(track((0, 0, None), (0, 0.01, at(0)))))

    assert line.dataset == "routes"
    assert line.fields["points"][1][0] == HOUR_8


def test_a_point_without_time_inside_a_trip_is_kept_in_its_place() -> None:
    ((trip,), _) = read(gpx(track((0, 0, at(0)), (0, 1, None), (0, 0.01, at(1)))))

    assert [point[0] for point in trip.fields["points"]] == [HOUR_8, None, HOUR_8 + 60_000]
    assert trip.fields["max_speed_ms"] == pytest.approx(18.53, abs=0.01)


def test_a_written_offset_is_kept_beside_the_instant() -> None:
    times = ("2025-01-01T10:00:00+02:00", "2025-01-01T10:01:00+02:00")
    ((trip,), _) = read(gpx(track((0, 0, times[0]), (0, 1, times[1]))))

    assert (trip.fields["start"], trip.fields["offset_min"]) == (HOUR_8, 120)


@pytest.mark.parametrize(
    ("lat", "lon"), [("91", "0"), ("0", "-180.5"), ("nan", "0"), ("inf", "0"), ("x", "0"), ("", "")]
)
def test_a_point_that_is_not_on_the_globe_is_a_reject_and_the_trip_stands(
    lat: str, lon: str
) -> None:
    bad = f'<trkpt lat="{lat}" lon="{lon}"/></trkseg>'
    content = gpx(track((0, 0, at(0)), (0, 1, at(1))).replace("</trkseg>", bad))

    items, rejects = read(content)

    assert [item.dataset for item in items] == ["trips"]
    assert [(one.position, one.why) for one in rejects] == [("trk 1 seg 1 pt 3", Why.MALFORMED)]


def test_many_bad_points_are_told_twenty_times_and_then_counted() -> None:
    _, rejects = read(gpx("<trk><trkseg>" + '<trkpt lat="x" lon="y"/>' * 100 + "</trkseg></trk>"))

    assert len(rejects) == 21
    assert rejects[-1].detail.startswith("80 more")


def test_what_has_no_field_is_kept_with_its_point() -> None:
    extra = "<extensions><hr>120</hr></extensions></trkpt>"
    content = gpx(track((0, 0, at(0)), (0, 1, at(1))).replace("</trkpt>", extra, 1))

    ((trip,), _) = read(content)

    assert trip.raw["points"][0][0] == "seg 1 pt 1"
    assert "120" in str(trip.raw)


def test_a_time_that_is_none_leaves_its_text_in_raw() -> None:
    ((line,), _) = read(gpx(track((0, 0, "yesterday"), (0, 1, at(1)))))

    assert "yesterday" in str(line.raw)


def test_a_waypoint_is_a_place() -> None:
    place = '<wpt lat="46.5" lon="7"><ele>540</ele><name> Home </name><sym>House</sym></wpt>'
    ((item,), _) = read(gpx(place))

    assert item.dataset == "places"
    assert (item.fields["lat"], item.fields["ele"], item.fields["name"]) == (46.5, 540.0, "Home")
    assert "House" in str(item.raw)


def test_tracks_and_routes_without_points_are_told() -> None:
    _, rejects = read(gpx("<trk/><rte/><trk><trkseg/></trk>"))

    assert [one.position for one in rejects] == ["trk 1", "rte 1", "trk 2"]
    assert {one.why for one in rejects} == {Why.UNSUPPORTED}


@pytest.mark.parametrize("root", ["", 'version="1.0"', 'xmlns="urn:x" version="9"'])
def test_the_namespace_does_not_matter(root: str) -> None:
    assert len(read(gpx('<wpt lat="1" lon="2"/>', root))[0]) == 1


@pytest.mark.parametrize(
    "content", [b"", b"x", b"<gpx", b"<kml/>x", b"<kml><a/></kml>", gpx("<wpt>")[:-3]]
)
def test_what_is_no_gpx_is_unreadable(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError):
        read(content)


def test_a_cut_file_gives_what_was_whole() -> None:
    content = gpx('<wpt lat="1" lon="2"/><wpt lat="3" lon="4"/>')[:-20]
    batches = Gpx().read(io.BytesIO(content), "file", None)
    assert len(next(batches).items) == 1
    with pytest.raises(UnreadableSourceError):
        next(batches)
