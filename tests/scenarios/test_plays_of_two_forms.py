"""A play that two exports tell, to the minute and to the second, is one play and the exact one."""

import json
from itertools import permutations
from pathlib import Path

import pytest

from sealhold.node import Node
from tests.scenarios.vaults import Hands, new_home, opened

OLD = json.dumps(
    [
        {"endTime": "2019-11-05 14:28", "artistName": "B", "trackName": "S", "msPlayed": 8778},
        {"endTime": "2019-11-05 14:28", "artistName": "B", "trackName": "S", "msPlayed": 8778},
        {"endTime": "2019-11-06 09:00", "artistName": "B", "trackName": "T", "msPlayed": 1000},
    ]
)
EXACT = json.dumps(
    [
        {
            "ts": f"2019-11-05T14:28:{second}Z",
            "ms_played": 8778,
            "master_metadata_track_name": "S",
            "master_metadata_album_artist_name": "B",
        }
        for second in ("07", "40")
    ]
)
FILES = {"StreamingHistory0.json": OLD, "Streaming_History_Audio_2019.json": EXACT}
PLAYS = 'SELECT title, precision_s, second("at") s FROM plays ORDER BY "at"'
ONCE = [["S", 1, 7], ["S", 1, 40], ["T", 60, 0]]


def plays(node: Node) -> list[list[object]]:
    return [list(row) for row in node.records.query(PLAYS).rows]


@pytest.mark.parametrize("order", [*permutations(FILES)], ids=["old first", "exact first"])
def test_in_whatever_order_they_are_imported_the_exact_one_stands(
    tmp_path: Path, order: tuple[str, ...]
) -> None:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        for name in order:
            (tmp_path / name).write_text(FILES[name])
            node.sources.import_file(name, tmp_path / name, lambda _done, _all: None)

        assert plays(node) == ONCE


def test_in_place_and_kept_they_are_the_same(tmp_path: Path) -> None:
    folder, clock = tmp_path / "music", Hands()
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content)
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        source = node.standing.add("music", "folder", {"place": str(folder)}, mode="federate")
        there = plays(node)
        node.standing.set_mode(source, "archive")

        assert there == plays(node) == ONCE
