"""A home that is put back to a copy made since it was opened: what it charged is not charged again.

- Homes in one folder each, as a user copies them; what they keep outside lies beside.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.node import Node
from sealhold.node.devicework import DeviceWork
from sealhold.vault.syncrows import HELD
from tests.scenarios.paired_homes import paired_homes, sync
from tests.scenarios.vaults import PASSPHRASE
from tests.unit.budget_devices import charged

AWAY, UNWRITTEN = "BudgetAwayError", "AuditUnavailableError"


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Node, Node]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with paired_homes(tmp_path) as (one, other):
        assert charge(other) == AWAY  # it is asked for
        sync(one, other)
        yield one, other


def charge(node: Node, bits: int = 1) -> str:
    return charged(node.parts.core, bits)


def spent(node: Node) -> int:
    return sum(each.row[4] for each in node.parts.core.deciding.all(HELD.name))


def put_back(node: Node, *folders: Path) -> None:
    """Put folders back to the copies beside them."""
    node.lock()
    for folder in folders:
        shutil.rmtree(folder)
        shutil.copytree(beside(folder), folder)
    node.unlock(PASSPHRASE)


def copy(*folders: Path) -> None:
    for folder in folders:
        shutil.copytree(folder, beside(folder))


def beside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name} of before")


@pytest.mark.threat("T525")
def test_a_home_put_back_since_it_was_opened_spends_its_slice_once(
    homes: tuple[Node, Node], tmp_path: Path
) -> None:
    one, other = homes
    copy(tmp_path / "other")
    assert charge(other) == ""

    put_back(other, tmp_path / "other")

    assert charge(other) == AWAY
    sync(other, one)
    assert charge(other) == ""  # of a slice that it was lent anew


@pytest.mark.threat("T525")
def test_a_home_that_was_put_back_is_a_copy_once(homes: tuple[Node, Node], tmp_path: Path) -> None:
    _, other = homes
    copy(tmp_path / "other")
    assert charge(other) == ""
    put_back(other, tmp_path / "other")
    first = DeviceWork(other).devices.me.incarnation
    for _ in range(2):
        other.lock()
        other.unlock(PASSPHRASE)
        assert DeviceWork(other).devices.me.incarnation == first


@pytest.mark.threat("T525")
def test_a_home_that_charged_nothing_since_goes_on(
    homes: tuple[Node, Node], tmp_path: Path
) -> None:
    _, other = homes
    assert charge(other) == ""
    copy(tmp_path / "other")
    put_back(other, tmp_path / "other")
    assert charge(other) == ""


@pytest.mark.threat("T525")
def test_a_machine_put_back_whole_hears_of_its_charge_at_its_first_exchange(
    homes: tuple[Node, Node], tmp_path: Path
) -> None:
    one, other = homes
    copy(tmp_path / "other", tmp_path / "state")
    assert charge(other) == ""
    sync(other, rounds=1)

    put_back(other, tmp_path / "other", tmp_path / "state")
    sync(other, rounds=1)

    assert charge(other) == AWAY
    sync(one, other)
    assert charge(other) == ""


@pytest.mark.threat("T525")
def test_what_leaves_no_mark_outside_is_not_charged_again_and_again(
    homes: tuple[Node, Node], tmp_path: Path
) -> None:
    _, other = homes
    state = tmp_path / "state" / "sealhold"
    state.rename(beside(state))
    state.write_text("in the way")

    assert charge(other) == UNWRITTEN  # charged, and nothing is told
    before = spent(other)
    assert before
    assert [charge(other), charge(other)] == [UNWRITTEN, UNWRITTEN]
    assert spent(other) == before
    assert other.records.search("day").items == ()  # all else goes on

    state.unlink()
    beside(state).rename(state)
    assert charge(other) == ""
    assert spent(other) > before


@pytest.mark.threat("T525")
@pytest.mark.parametrize("mark", [b"short", b"\xff" * 40, b"\x00" * 40, b"\xff" * 64])
def test_a_mark_that_is_none_is_taken_for_one_of_another_state_and_the_vault_opens(
    homes: tuple[Node, Node], tmp_path: Path, mark: bytes
) -> None:
    one, other = homes
    assert charge(other) == ""
    (kept,) = (tmp_path / "state" / "sealhold").glob(f"{other.parts.core.owner.hex()}.log")
    other.lock()
    kept.write_bytes(mark)
    other.unlock(PASSPHRASE)
    assert charge(other) == AWAY
    sync(other, one)
    assert charge(other) == ""
