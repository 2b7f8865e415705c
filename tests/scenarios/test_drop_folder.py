"""A folder that is emptied: what lies there is taken in, and moved aside with a report."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.connectors import samples
from sealhold.frontends.http.drops import Drops
from sealhold.model.errors import InvalidError
from sealhold.model.quantities import Instant
from sealhold.node import Node
from tests.scenarios.vaults import Hands, new_home, opened


@pytest.fixture
def clock() -> Hands:
    """Return a clock that is a bit ahead of that of the disk."""
    return Hands(Instant(int((time.time() + 10) * 1_000)))


@pytest.fixture
def vault(tmp_path: Path, clock: Hands) -> Iterator[tuple[Node, Path]]:
    place = tmp_path / "drop"
    place.mkdir()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.standing.add("inbox", "drop", {"place": str(place)})
        yield node, place


def lying(place: Path) -> list[str]:
    return sorted(str(each.relative_to(place)) for each in place.rglob("*") if each.is_file())


def test_what_is_dropped_is_taken_in_and_moved_aside(vault: tuple[Node, Path]) -> None:
    node, place = vault
    (place / "ways.gpx").write_bytes(samples.gpx(3).content)
    (place / "letter.pdf").write_bytes(b"%PDF-1.7 nothing that is read")
    Drops(node).once()
    assert lying(place) == [
        "done/ways.gpx",
        "done/ways.gpx.report.txt",
        "rejected/letter.pdf",
        "rejected/letter.pdf.report.txt",
    ]
    assert (place / "done/ways.gpx.report.txt").read_text() == (
        "6 new, 0 changed, 0 the same as before, 0 skipped\n"
    )
    assert "a PDF document" in (place / "rejected/letter.pdf.report.txt").read_text()
    (place / "ways.gpx").write_bytes(samples.gpx(3).content)
    Drops(node).once()
    assert "done/ways 2.gpx" in lying(place)
    assert node.records.query("SELECT count(*) FROM trips").rows[0] == (3,)


def test_a_file_that_is_still_written_waits(tmp_path: Path) -> None:
    clock = Hands(Instant(int(time.time() * 1_000)))
    place = tmp_path / "drop"
    place.mkdir()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        node.standing.add("inbox", "drop", {"place": str(place)})
        (place / "ways.gpx").write_bytes(samples.gpx(3).content[:100])
        os.utime(place / "ways.gpx", (0, 0))  # a copy that keeps the time of its original
        Drops(node).once()
    assert lying(place) == ["ways.gpx"]


def test_what_is_dropped_cannot_be_left_in_place(vault: tuple[Node, Path]) -> None:
    node, place = vault
    with pytest.raises(InvalidError, match="cannot be left in place"):
        node.standing.set_mode(node.standing.find("inbox"), "federate")
    with pytest.raises(InvalidError, match="cannot be left in place"):
        node.standing.add("other", "drop", {"place": str(place)}, mode="federate")
