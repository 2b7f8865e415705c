"""An export that is not what it was: it adds nothing until its owner looked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.connectors import samples
from sealhold.model.errors import SourceChangedError
from sealhold.node import Node
from tests.scenarios.vaults import Hands, new_home, opened

NAMES = "SELECT count(*), count(name) FROM trips"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Node, Path]]:
    with opened(new_home(tmp_path / "home", Hands()), Hands()) as node:
        (tmp_path / "first.gpx").write_bytes(samples.gpx(30).content)
        yield node, tmp_path


def nameless(count: int) -> bytes:
    """Return tracks of a device that writes no names any more."""
    text = samples.gpx(count).content.decode().replace("<ele>", "<ele>1")
    return text.replace("<name>", "<cmt>").replace("</name>", "</cmt>").encode()


@pytest.mark.threat("T398")
def test_an_import_that_lacks_what_was_always_there_adds_nothing(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    assert node.sources.import_paths([folder / "first.gpx"]).new == 60
    before = node.records.query(NAMES).rows
    (folder / "second.gpx").write_bytes(nameless(40))
    report = node.sources.import_paths([folder / "second.gpx"])
    assert (report.new, report.files[0].error) == (
        0,
        "what was always there is empty now: `places.name`, `trips.name`",
    )
    assert "--accept-change" in str(report.files[0].remedy)
    assert node.records.query(NAMES).rows == before
    accepted = node.sources.import_paths([folder / "second.gpx"], accept=True)
    assert accepted.new == 80
    (folder / "third.gpx").write_bytes(nameless(50))
    assert node.sources.import_paths([folder / "third.gpx"]).new == 20  # it is known so by now


@pytest.mark.threat("T398")
def test_a_source_that_lacks_what_was_always_there_waits_for_its_owner(
    vault: tuple[Node, Path],
) -> None:
    node, folder = vault
    place = folder / "rides"
    place.mkdir()
    (place / "a.gpx").write_bytes(samples.gpx(30).content)
    source = node.standing.add("rides", "folder", {"place": str(place)})
    node.standing.pull(source)
    before = node.records.query(NAMES).rows
    (place / "a.gpx").write_bytes(nameless(30))
    for _ in range(2):
        with pytest.raises(SourceChangedError, match=r"`trips\.name`"):
            node.standing.pull(source)
    assert node.standing.find("rides").state == "broken"
    assert node.records.query(NAMES).rows == before
    node.standing.accept(node.standing.find("rides"))
    assert node.standing.pull(source).new > 0


def test_a_few_items_prove_nothing(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    node.sources.import_paths([folder / "first.gpx"])
    (folder / "short.gpx").write_bytes(nameless(3))
    assert node.sources.import_paths([folder / "short.gpx"]).new > 0
