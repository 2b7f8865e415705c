"""A dataset left in place and one that is kept are one and the same to whoever asks."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.connectors import samples
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, SourceAwayError
from sealhold.model.ids import Collection
from sealhold.model.quantities import DAY
from sealhold.node import Node
from sealhold.stores.spec import ReadView
from sealhold.vault.deciding import scan_all
from sealhold.vault.owned import RECORDS
from sealhold.vault.placed import PLACED
from tests.scenarios.vaults import Asker, Hands, Job, calendar, new_home, opened, sum_of

IS_ODD = b"def evaluate(obj, res):\n    return int(obj['summary']) % 2\n"
TRIPS = "SELECT * FROM trips ORDER BY start"
SUMS = "SELECT name, sum(distance_m) d FROM trips GROUP BY ALL ORDER BY ALL"


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Node, Hands, Path]]:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        folder = tmp_path / "rides"
        folder.mkdir()
        yield node, clock, folder


def number(**more: Plain) -> Job:
    """Return the task that counts events that are called by an odd number."""
    return replace(Job(code=IS_ODD, aggregate=sum_of(0, 10), most=10), **more)


def rows(view: ReadView) -> int:
    return sum(1 for _ in scan_all(view, RECORDS))


def test_a_folder_left_in_place_answers_as_one_that_is_kept(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, _, folder = vault
    (folder / "ways.gpx").write_bytes(samples.gpx(5).content)
    source = node.standing.add("rides", "folder", {"place": str(folder)}, mode="federate")
    there = [node.records.query(each) for each in (TRIPS, SUMS)]
    assert len(there[0].rows) == 5
    assert rows(node.parts.core.store) == 0

    kept = node.standing.set_mode(source, "archive")
    shutil.move(folder, folder.with_name("away"))  # so nothing is read there any more
    here = [node.records.query(each) for each in (TRIPS, SUMS)]
    assert [each.rows for each in here] == [each.rows for each in there]

    shutil.move(folder.with_name("away"), folder)
    left = node.standing.set_mode(kept, "federate")
    assert left.mode == "federate"
    assert rows(node.parts.core.store) == 0
    assert [node.records.query(each).rows for each in (TRIPS, SUMS)] == [e.rows for e in there]


def test_a_place_that_is_away_is_an_error_and_never_an_empty_answer(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, _, folder = vault
    (folder / "ways.gpx").write_bytes(samples.gpx(2).content)
    node.standing.add("rides", "folder", {"place": str(folder)}, mode="federate")
    shutil.rmtree(folder)
    with pytest.raises(SourceAwayError):
        node.records.query(TRIPS)


def test_a_grant_goes_on_when_its_dataset_is_moved(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    calendar(folder / "plans.ics", ["1", "2", "5"])
    source = node.standing.add("plans", "folder", {"place": str(folder)}, mode="federate")
    fixed = Asker(node, "fixed").granted(node, number())
    daily = Asker(node, "daily").granted(
        node, number(objects="open", name="Daily", expires="2026-11-27T00:00:00Z")
    )
    answers = [node.runs.run(fixed).value, node.runs.run(daily).value]
    versions = looked(node)
    assert [*versions.values()] == [1, 1, 1]

    kept = node.standing.set_mode(source, "archive")
    assert looked(node) == {}
    clock.move(DAY)
    answers += [node.runs.run(fixed).value, node.runs.run(daily).value]
    node.standing.set_mode(kept, "federate")
    assert looked(node) == versions
    clock.move(DAY)
    answers += [node.runs.run(fixed).value, node.runs.run(daily).value]
    # a function that nobody asked before is evaluated where the objects lie
    answers.append(
        node.runs.run(
            Asker(node, "new").granted(node, number(code=IS_ODD + b"# anew\n", name="New"))
        ).value
    )
    assert answers == [2] * 7


def looked(node: Node) -> dict[bytes, int]:
    """Return the version of each item that was looked at where it lies."""
    return {found.row[0]: found.row[3] for found in scan_all(node.parts.core.store, PLACED)}


def test_what_a_folder_has_no_more_is_listed_no_more(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    (folder / "a.gpx").write_bytes(samples.gpx(3).content)
    (folder / "b.ics").write_bytes(samples.icalendar(4).content)
    source = node.standing.add("all", "folder", {"place": str(folder)})
    taken = node.standing.pull(source)
    assert (taken.new, taken.gone) == (3 + 3 + 4, 0)
    (folder / "a.gpx").unlink()
    taken = node.standing.pull(source)
    assert (taken.new, taken.same, taken.gone) == (0, 4, 6)
    assert node.records.counts() == {Collection("events"): 4}
    (folder / "a.gpx").write_bytes(samples.gpx(3).content)
    assert node.standing.pull(source).gone == 0
    assert node.records.counts()[Collection("trips")] == 3


def test_two_sources_cannot_have_one_name(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    node.standing.add("rides", "folder", {"place": str(folder)})
    with pytest.raises(ConflictError):
        node.standing.add("rides", "folder", {"place": str(folder)})


def test_what_was_kept_of_a_forgotten_source_is_asked_as_before(tmp_path: Path) -> None:
    table, clock = tmp_path / "stays.csv", Hands()
    table.write_text("town,n\nBern,1\nBasel,2\n")
    asked = "SELECT town, n FROM stays ORDER BY town"
    home = new_home(tmp_path / "home", clock)
    with opened(home, clock) as node:
        source = node.standing.add("stays", "table", {"place": str(table)})
        node.standing.pull(source)
        node.standing.remove(node.standing.find("stays"))
        assert node.records.query(asked).rows == (("Basel", 2), ("Bern", 1))

    with opened(home, clock) as node:
        assert node.records.query(asked).rows == (("Basel", 2), ("Bern", 1))
        back = node.standing.add("stays", "table", {"place": str(table)})
        taken = node.standing.pull(back)
        assert back.id == source.id
        assert (taken.new, taken.same) == (0, 2)
        assert len(node.records.query(asked).rows) == 2
