"""The chain of snapshots: when one is made, what it holds, and what differs between two."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from sealhold.model.errors import NotFoundError
from sealhold.model.ids import Id16, JobId, SourceId, canonical, timed_id
from sealhold.model.quantities import DAY, Instant
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault import rollback
from sealhold.vault.caps import CAPS
from sealhold.vault.catalogue import Catalogue, SourceRow
from sealhold.vault.settings import SETTINGS
from sealhold.vault.snapshotrows import COUNT, PARTS
from sealhold.vault.snapshots import UPGRADE, chain_of, entry_of
from sealhold.vault.snapshotviews import Snapshots
from sealhold.vault.writer import Work
from tests.unit.memory_vault import NOON, MemoryVault, job_row, memory_vault

RIDES = SourceRow(
    id=SourceId(Id16(bytes(15) + b"s")),
    name="rides",
    connector="folder",
    kind="folder",
    settings={"place": "tracks"},
    readers={"gpx": "1"},
)


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


def change(vault: MemoryVault, *ops: Op) -> None:
    """Change rows, as whatever sets something does."""
    entry = entry_of(vault.core, bytes(32), "a test")
    vault.core.writer.commit(Work(ops, (entry,)))


def cap(value: int) -> Put:
    return Put(CAPS.name, ("app", value))


def test_one_is_made_when_something_is_set_and_none_when_nothing_is(vault: MemoryVault) -> None:
    snapshots = Snapshots(vault.core)

    made = [snapshots.keep(), snapshots.keep()]
    change(vault, cap(5))
    made += [snapshots.keep(), snapshots.keep()]

    assert made == [True, False, True, False]
    newest, first = snapshots.list()
    assert (first.number, first.parent, first.causes, first.lost) == (1, "", ("first",), 0)
    assert (newest.number, newest.parent, newest.causes) == (2, first.id, ("settings",))
    assert newest.signer == first.signer


def test_what_differs_is_told_with_what_stood_there(vault: MemoryVault) -> None:
    snapshots = Snapshots(vault.core)
    snapshots.keep()
    change(vault, cap(5))
    snapshots.keep()
    change(vault, cap(7))
    snapshots.keep()

    (added,) = snapshots.diff("1", "2")
    (changed,) = snapshots.diff("2", "3")
    (removed,) = snapshots.diff("3", "1")

    assert (added.path, added.change, added.before, added.after) == (
        "settings/cap app",
        "added",
        None,
        5,
    )
    assert (changed.change, changed.before, changed.after) == ("changed", 5, 7)
    assert (removed.change, removed.before) == ("removed", 7)


def test_one_is_found_by_its_number_and_by_how_its_id_begins(vault: MemoryVault) -> None:
    snapshots = Snapshots(vault.core)
    snapshots.keep()
    (view,) = snapshots.list()

    assert snapshots.show("1")[0] == snapshots.show(view.id[:8])[0] == view
    assert {each.path for each in snapshots.show("1")[1]} == {"program/sealhold"}
    for text in ("2", view.id[:7], "x"):
        with pytest.raises(NotFoundError):
            snapshots.show(text)


def test_a_source_its_readers_and_its_readings_are_in_it_and_no_password(
    vault: MemoryVault,
) -> None:
    catalogue = Catalogue(vault.core.store, vault.core.papers, vault.core.owner)
    done = replace(job_row(), id=JobId(timed_id(NOON, vault.core.entropy)), source=RIDES.id)
    under_way = replace(done, id=JobId(timed_id(NOON, vault.core.entropy)), state="running")
    jobs = (replace(done, state="done"), under_way)
    change(vault, catalogue.put_source(RIDES), *map(catalogue.put_job, jobs))
    snapshots = Snapshots(vault.core)
    snapshots.keep()

    held = {each.path: each.content for each in snapshots.show("1")[1]}

    assert held["connectors/gpx"] == ["1"]
    source = held[f"sources/{canonical(RIDES.id)}"]
    assert (source["name"], source["settings"]) == ("rides", {"place": "tracks"})
    assert list(held["imports/2026-11"]) == [canonical(done.id)]
    assert snapshots.telling_of({done.id, under_way.id}) == {done.id: 1}


def test_equal_parts_are_kept_once(vault: MemoryVault) -> None:
    snapshots, store = Snapshots(vault.core), vault.core.store
    change(vault, cap(5))
    snapshots.keep()
    before = store.count(PARTS.name, 100)
    change(vault, cap(6))
    snapshots.keep()
    change(vault, cap(5))
    snapshots.keep()

    assert store.count(PARTS.name, 100) == before + 2  # another cap, and the list of settings
    assert snapshots.diff("1", "3") == ()


def test_a_chain_that_was_left_behind_is_gone_on_from_with_its_number(vault: MemoryVault) -> None:
    change(vault, Put(SETTINGS.name, (COUNT, 7), Expect.ABSENT))
    snapshots = Snapshots(vault.core)
    snapshots.keep()
    change(vault, cap(5))
    snapshots.keep()

    assert [(each.number, each.lost) for each in snapshots.list()] == [(9, 0), (8, 7)]


def test_the_last_upgrade_is_the_newest_snapshot_with_an_older_form(vault: MemoryVault) -> None:
    core, snapshots = vault.core, Snapshots(vault.core)
    for form, at in ((1, NOON), (2, Instant(NOON + DAY))):
        due = chain_of(core).due(at, (UPGRADE,), form=form)
        assert due is not None
        core.writer.commit(Work(due.ops, (entry_of(core, due.id, "a test"),)))
    snapshots.keep()

    assert snapshots.before_upgrade(3).form == 2
    assert snapshots.before_upgrade(2).form == 1
    with pytest.raises(NotFoundError):
        snapshots.before_upgrade(1)


def test_what_an_older_database_ends_is_what_going_back_ends(vault: MemoryVault) -> None:
    ending = rollback.all_permissions(vault.core)

    assert (ending.apps, ending.consents, ending.tokens) == (0, 0, 0)
    assert [op.row[0] for op in ending.ops if isinstance(op, Put)] == ["unsaid"]
