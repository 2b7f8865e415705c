"""A trip that two sources saw is told as seen by both, and stays two items."""

import json
from pathlib import Path

from sealhold.model.ids import Kind, show
from sealhold.node import Node
from tests.scenarios.vaults import new_home, opened
from tests.transcripts.cli import Cli

POINT = '<trkpt lat="{}" lon="{}"><time>{}</time></trkpt>'


def gpx(path: Path, *ends: tuple[float, float, str]) -> Path:
    """Write a track through these points."""
    points = "".join(POINT.format(*each) for each in ends)
    path.write_text(f'<gpx version="1.1"><trk><trkseg>{points}</trkseg></trk></gpx>')
    return path


def phone(path: Path, start: str, end: str, first: str, last: str) -> Path:
    """Write what a phone says of one move."""
    move = {"start": {"latLng": first}, "end": {"latLng": last}}
    segment = {"startTime": start, "endTime": end, "activity": move}
    path.write_text(json.dumps({"semanticSegments": [segment]}))
    return path


def also(node: Node, connector: str) -> list[list[str]]:
    """Return by which sources each trip of a connector was seen, too."""
    made = node.records.origins.made_by(connector)
    items = [node.records.get(show(Kind.RECORD, each.id)) for each in made]
    return [[each.source for each in item.also] for item in items]


RIDE = ((52.5, 13.4, "2025-05-01T08:00:00Z"), (52.53, 13.41, "2025-05-01T08:15:00Z"))
START, END = "2025-05-01T10:02:00+02:00", "2025-05-01T10:18:00+02:00"  # the ride, two hours east


def test_a_trip_of_two_sources_is_linked_both_ways_and_counted_twice(tmp_path: Path) -> None:
    with opened(new_home(tmp_path / "home")) as node:
        ride = gpx(tmp_path / "a.gpx", *RIDE)
        again = gpx(tmp_path / "b.gpx", RIDE[0], (52.531, 13.41, "2025-05-01T08:15:30Z"))
        move = phone(tmp_path / "t.json", START, END, "52.501\u00b0, 13.4\u00b0", "52.53, 13.41")
        node.sources.import_paths([ride, again, move])
        sources = {each.connector: each.name for each in node.sources.list()}

        assert also(node, "gpx") == [[sources["google_timeline"]]] * 2
        assert also(node, "google_timeline") == [[sources["gpx"]] * 2]
        assert node.records.query("SELECT count(*) FROM trips").rows == ((3,),)

    cli = Cli(tmp_path)
    listed = json.loads(cli.line("source why --connector google_timeline --json").out)["items"]
    told = cli.line(f"source why {listed[0]['id']}").out
    assert told.count("Also seen by") == 2
