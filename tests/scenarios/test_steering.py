"""What the owner does about sources from a page, in a vault that is real."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.frontends.web.sourcewords import state_of
from sealhold.model.errors import ConflictError, InvalidError, NotFoundError
from sealhold.model.ids import canonical
from sealhold.node import Node
from sealhold.vault.steering import Steering

from .steering import added, read
from .vaults import PASSPHRASE, Hands, calendar, new_home, opened


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    clock = Hands()
    with opened(new_home(tmp_path_factory.mktemp("home") / "vault", clock), clock) as node:
        yield node


@pytest.fixture
def places(node: Node) -> Steering:
    return node.sources.places


def test_a_source_is_read_aside_and_tells_what_came(places: Steering, tmp_path: Path) -> None:
    id_text, _ = added(places, tmp_path, "read")

    (lies,) = places.lying(id_text)
    assert (lies.name, lies.what, places.show(id_text).count) == ("plans.ics", "iCalendar", 0)
    view = read(places, id_text)

    assert (view.source.items, view.count, view.datasets) == (2, 1, ("events",))
    (reading,) = view.readings
    assert (reading.new, reading.same, reading.state, reading.can_go) == (2, 0, "done", True)


def test_a_reading_under_way_is_told_and_no_second_one_begins(
    places: Steering, node: Node, tmp_path: Path
) -> None:
    id_text, _ = added(places, tmp_path, "busy")
    with node.sources.turn:  # an import is under way, so the reading waits
        assert places.run(id_text).is_read
        with pytest.raises(ConflictError, match="being read"):
            places.run(id_text)
        threads = [each for each in threading.enumerate() if each.name == "run"]
    for thread in threads:
        thread.join()

    assert places.show(id_text).source.items == 2
    assert not places.show(id_text).is_read


def test_a_paused_source_is_not_read_until_it_is_resumed(places: Steering, tmp_path: Path) -> None:
    id_text, _ = added(places, tmp_path, "paused")
    assert places.pause(id_text).source.state == "paused"
    with pytest.raises(ConflictError, match="is paused"):
        places.run(id_text)

    assert places.resume(id_text).source.state == "added"
    assert places.schedule(id_text, "6h").source.schedule == "6h"
    with pytest.raises(InvalidError):
        places.schedule(id_text, "whenever")


def test_items_are_left_in_place_kept_again_and_stay_when_the_source_is_removed(
    places: Steering, tmp_path: Path
) -> None:
    id_text, _ = added(places, tmp_path, "modes")
    kept = read(places, id_text)

    left = places.set_mode(id_text, "federate", kept.digest, PASSPHRASE)
    assert (left.source.mode, left.source.items) == ("federate", 0)
    again = places.set_mode(id_text, "archive", left.digest, PASSPHRASE)
    assert (again.source.mode, again.source.items) == ("archive", 2)

    places.remove(id_text, again.digest, PASSPHRASE)
    gone = places.show(id_text)
    assert (gone.source.kind, gone.source.items, gone.has_account) == ("file", 2, False)
    assert state_of(gone).word == "Removed, its items stay"
    with pytest.raises(NotFoundError):
        places.run(id_text)


def test_a_reading_is_taken_back_from_its_own_source_alone(
    places: Steering, tmp_path: Path
) -> None:
    id_text, _ = added(places, tmp_path, "back")
    other, _ = added(places, tmp_path, "other")
    view = read(places, id_text)
    job = canonical(view.readings[0].id)

    with pytest.raises(NotFoundError):
        places.take_back(other, job, places.show(other).digest, PASSPHRASE)
    assert places.take_back(id_text, job, view.digest, PASSPHRASE) == 2

    after = places.show(id_text)
    assert (after.source.items, after.readings[0].state, after.readings[0].can_go) == (
        0,
        "undone",
        False,
    )


def test_what_files_are_is_told_before_anything_is_taken_in(node: Node, tmp_path: Path) -> None:
    before = node.sources.jobs()
    table = tmp_path / "bank.csv"
    table.write_text("Datum;Betrag;Empfänger\n30.01.2026;-1,50;Shop\n31.01.2026;2,00;Ann\n")
    nothing = tmp_path / "x"
    nothing.write_bytes(b"\0\1\2")
    plans = calendar(tmp_path / "c.ics", ["red"])

    found = node.sources.recognise({table: "bank.csv", nothing: "x.bin", plans: "plans"})

    assert [(each.name, bool(each.what), each.is_table) for each in found] == [
        ("bank.csv", True, True),
        ("x.bin", False, False),
        ("plans", True, False),
    ]
    assert found[1].why
    look = node.sources.table_look(table)
    assert look.guess == {"date": "Datum", "amount": "Betrag", "payee": "Empfänger"}
    assert look.samples["Betrag"] == ("-1,50", "2,00")
    assert node.sources.jobs() == before

    node.sources.maps.keep(node.sources.map_preview(table, look.guess))
    (again,) = node.sources.recognise({table: "bank.csv"})
    assert (again.is_table, "bookings" in again.what) == (False, True)
    assert node.sources.maps.names() == (node.sources.table_look(table).mapping,)
