"""Versions of rows: what holds, what is on its way, what was replaced, and what a kill leaves."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.crypto.secret import Secret
from sealhold.model.errors import RowStaleError, RowTamperedError
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import columns_of
from sealhold.protect.guards import guards_of, tag_rows
from sealhold.protect.policy import ColumnPolicy, Integrity, Policy, TablePolicy
from sealhold.protect.rowparts import DELETED, Ticket
from sealhold.protect.state import State
from sealhold.protect.versions import Versions
from tests.planned import CountingEntropy

KEYS = Derived(lambda _: Secret(bytes(32), "none"))
KEY = Secret(bytes(range(32)), "state")
TABLE = TablePolicy(
    dataset="clinic",
    name="t",
    integrity=Integrity.TABLE,
    columns=(ColumnPolicy(name="a", type="text", protect=("sealed",)),),
)
POLICY = Policy(name="clinic", version=1, tables=(TABLE,))
PLACE = "public.t"


def versions_of(state: State) -> Versions:
    columns = columns_of(POLICY, KEYS, CountingEntropy())
    tag_rows(POLICY, columns, KEYS)
    return Versions(state, guards_of(columns))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.make(tmp_path / "p.db", KEY, CountingEntropy())
    yield made
    made.close()


@pytest.fixture
def versions(state: State) -> Versions:
    return versions_of(state)


def written(versions: Versions, *rids: int) -> int:
    """Write rows, and return their version."""
    version = versions.draw()
    versions.apply([(versions.stage(PLACE, rids, version), rids)])
    return version


def is_taken(versions: Versions, rid: int, version: int, since: int | None = None) -> bool:
    try:
        versions.judge(PLACE, [(rid, version)], versions.now if since is None else since)
    except (RowStaleError, RowTamperedError):
        return False
    return True


def test_what_holds_is_taken_and_what_it_replaced_from_who_began_before(
    versions: Versions,
) -> None:
    first = written(versions, 1)
    began = versions.now
    second = written(versions, 1)

    assert is_taken(versions, 1, second)
    assert is_taken(versions, 1, first, began)
    with pytest.raises(RowStaleError):
        versions.judge(PLACE, [(1, first)], versions.now)


@pytest.mark.threat("T711")
def test_a_version_that_was_rolled_back_is_never_taken_again(versions: Versions) -> None:
    held = written(versions, 1)
    version = versions.draw()
    ticket = versions.stage(PLACE, [1], version)

    assert is_taken(versions, 1, version)  # somebody may see it before we hear of its end
    versions.drop([ticket])
    with pytest.raises(RowTamperedError):
        versions.judge(PLACE, [(1, version)], versions.now)
    assert is_taken(versions, 1, held)
    assert written(versions, 1) != version


def test_two_ends_that_are_told_in_the_other_order_leave_the_newer_version(
    versions: Versions,
) -> None:
    written(versions, 1, 2)
    began = versions.now
    older, newer = versions.draw(), versions.draw()
    one, two = versions.stage(PLACE, [1, 2], older), versions.stage(PLACE, [1], newer)
    three = versions.stage(PLACE, [2], DELETED)

    versions.apply([(two, [1]), (three, [2])])
    versions.apply([(one, [1, 2])])

    assert versions.version(PLACE, 1) == newer
    assert versions.version(PLACE, 2) == DELETED
    assert is_taken(versions, 1, older, began)
    assert not is_taken(versions, 1, older)
    assert not is_taken(versions, 2, older)


@pytest.mark.threat("T714")
@pytest.mark.threat("T715")
def test_a_kill_leaves_two_versions_until_one_is_seen(state: State, versions: Versions) -> None:
    held = written(versions, 1, 2, 3)
    version = versions.draw()
    versions.stage(PLACE, [1, 2], version)
    versions.stage(PLACE, [3], DELETED)
    again = versions_of(state)

    assert again.doubts == {(PLACE, 1), (PLACE, 2), (PLACE, 3)}
    assert all(is_taken(again, rid, held) for rid in (1, 2, 3))
    assert is_taken(again, 1, version)  # seen: it was committed
    assert not is_taken(again, 1, held)
    again.judge(PLACE, [(2, held)], again.now, is_last=True)  # seen under lock: it was not
    assert not is_taken(again, 2, version)
    again.settle(PLACE, 3, 0)
    again.flush()
    last = versions_of(state)
    assert not last.doubts
    assert [last.version(PLACE, rid) for rid in (1, 2, 3)] == [version, held, DELETED]


def test_sums_do_not_depend_on_the_way(state: State, versions: Versions, tmp_path: Path) -> None:
    written(versions, 1)
    version = written(versions, 1, 2)
    versions.apply([(versions.stage(PLACE, [2], DELETED), [2])])
    other = versions_of(state)
    assert other.head() == versions.head()

    fresh = State.make(tmp_path / "q.db", KEY, CountingEntropy())
    direct = versions_of(fresh)
    direct.apply([(Ticket(1, PLACE, (1,), version), [1])])
    assert direct.head() == versions.head()
    fresh.close()


def test_a_table_that_is_made_anew_has_no_rows(state: State, versions: Versions) -> None:
    version = written(versions, 1, 5_000)
    versions.stage(PLACE, [2], versions.draw())
    versions.forget(PLACE)

    for each in (versions, versions_of(state)):
        assert each.parts(PLACE) == []
        assert not each.doubts
        assert not is_taken(each, 1, version)
