"""Places that data is read from: away, cut off, hostile to each other, asked about by outsiders."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from sealhold.connectors import samples
from sealhold.model.errors import SealholdError, SourceAwayError
from sealhold.node import Node
from sealhold.vault.standing import Standing
from tests.scenarios.vaults import Asker, Hands, Job, allow, calendar, new_home, opened

TRIPS = "SELECT id, name, start FROM trips ORDER BY ALL"


class CutError(Exception):
    """The process ends here."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "rides"
    place.mkdir()
    (place / "ways.gpx").write_bytes(samples.gpx(4).content)
    return new_home(tmp_path / "home", Hands())


@pytest.fixture
def vault(home: Path) -> Iterator[tuple[Node, Path]]:
    with opened(home, Hands()) as node:
        yield node, home.parent / "rides"


@pytest.mark.threat("T380")
@pytest.mark.parametrize("mode", ["archive", "federate"])
def test_a_place_that_is_away_takes_nothing_with_it(vault: tuple[Node, Path], mode: str) -> None:
    node, place = vault
    source = node.standing.add("rides", "folder", {"place": str(place)}, mode=mode)
    node.standing.pull(source)
    before = node.records.query(TRIPS).rows
    shutil.move(place, place.with_name("away"))
    with pytest.raises(SourceAwayError):
        node.standing.pull(source)
    assert node.standing.find("rides").state == "failed"
    if mode == "federate":
        with pytest.raises(SourceAwayError):
            node.records.query(TRIPS)
    shutil.move(place.with_name("away"), place)
    node.standing.pull(node.standing.find("rides"))
    assert node.records.query(TRIPS).rows == before
    assert node.standing.find("rides").state == ""


@pytest.mark.threat("T380")
def test_what_stands_in_a_broken_file_is_not_held_to_be_gone(vault: tuple[Node, Path]) -> None:
    node, place = vault
    source = node.standing.add("rides", "folder", {"place": str(place)})
    node.standing.pull(source)
    before = node.records.query(TRIPS).rows
    content = (place / "ways.gpx").read_bytes()
    (place / "ways.gpx").write_bytes(content[: len(content) // 2])
    taken = node.standing.pull(source)
    assert (taken.gone, len(taken.broken)) == (0, 1)
    assert node.records.query(TRIPS).rows == before


@pytest.mark.threat("T383")
@pytest.mark.parametrize("to", ["archive", "federate"])
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_change_of_mode_that_is_cut_leaves_each_item_once(
    home: Path, monkeypatch: pytest.MonkeyPatch, to: str, nth: int
) -> None:
    place, mode = home.parent / "rides", {"archive": "federate", "federate": "archive"}[to]
    with opened(home, Hands()) as node:
        source = node.standing.add("rides", "folder", {"place": str(place)}, mode=mode)
        node.standing.pull(source)
        before = node.records.query(TRIPS).rows
        left, whole = [nth], Standing._commit  # reason: where it is cut

        def cut(self: Standing, *args: object) -> None:
            left[0] -= 1
            if not left[0]:
                raise CutError
            whole(self, *args)  # type: ignore[arg-type]  # reason: passed on as it came

        with monkeypatch.context() as patch:
            patch.setattr(Standing, "_commit", cut)
            with suppress(CutError):
                node.standing.set_mode(source, to)
    with opened(home, Hands()) as node:
        assert node.records.query(TRIPS).rows == before
        node.standing.set_mode(node.standing.find("rides"), to)
        assert node.records.query(TRIPS).rows == before


@pytest.mark.threat("T384")
def test_a_place_cannot_take_the_items_of_another(vault: tuple[Node, Path]) -> None:
    node, place = vault
    other = place.with_name("other")
    other.mkdir()
    calendar(place / "mine.ics", ["mine"], uid="same")
    calendar(other / "theirs.ics", ["theirs"], uid="same")
    for name, folder in (("mine", place), ("theirs", other)):
        node.standing.pull(node.standing.add(name, "folder", {"place": str(folder)}))
    rows = node.records.query("SELECT summary, source FROM events ORDER BY ALL").rows
    assert [tuple(row) for row in rows] == [("mine", "mine"), ("theirs", "theirs")]


@pytest.mark.threat("T385")
@pytest.mark.parametrize("there", ["there", "away"])
def test_what_an_app_hears_when_it_asks_is_the_same_if_a_place_is_away(
    vault: tuple[Node, Path], there: str
) -> None:
    node, place = vault
    calendar(place / "plans.ics", ["1"])
    node.standing.add("plans", "folder", {"place": str(place)}, mode="federate")
    asker = Asker(node)
    request = asker.ask(node, Job())
    allow(node, request)
    if there == "away":
        shutil.rmtree(place)
    assert refused(lambda: node.outside.invoke(asker.token, request)) is None
    assert refused(lambda: node.outside.fetch(asker.token, request)) is None


def refused(work: Callable[[], object]) -> object:
    """Return what somebody hears: the answer, or the refusal."""
    try:
        return work()
    except SealholdError as err:
        return type(err), str(err)
