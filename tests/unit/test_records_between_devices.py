"""Records of a vault on all devices of its owner: given, taken in, changed, taken back, erased."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from sealhold.sharing.devices.certs import Role
from tests.unit.memory_vault import item
from tests.unit.record_devices import Keeper, keepers, several
from tests.unit.replicas import Shelf


def settle(shelf: Shelf, *devices: Keeper, rounds: int = 2) -> None:
    for _ in range(rounds):
        for each in devices:
            each.sync(shelf)


def test_records_come_to_the_other_device_and_are_found_there() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("tram ride home", "violin lesson"))
        settle(shelf, one, other)
        assert other.texts() == one.texts() == ["tram ride home", "violin lesson"]
        assert other.finds("violin") == 1
        (record,) = other.machine.vault.firewall.get([other.record_of("violin lesson")])
        assert record.provenance.original_id == "violin"
        assert record.provenance.connector == "things"


def test_nothing_goes_twice_and_what_came_is_not_given_back() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a", "b", "c"))
        settle(shelf, one, other)
        heads = [each.opened().opened.replica.state.last for each in (one, other)]
        assert other.opened().give().changed == one.opened().give().changed == 0
        assert other.opened().take().changed == one.opened().take().changed == 0
        settle(shelf, one, other)
        assert heads == [each.opened().opened.replica.state.last for each in (one, other)]


def test_long_records_go_in_packs_and_come_whole() -> None:
    with keepers(2) as (one, other):
        shelf, long = Shelf(), "word " * 40_000
        one.reads("june", [item(long, own="long"), item("short", own="short")])
        settle(shelf, one, other)
        assert other.texts() == sorted(["short", long])


def test_the_same_file_read_on_both_devices_gives_each_record_once() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        # two equal coffees without a name of their source stay two
        file = [*several("a", "b"), item("coffee"), item("coffee")]
        one.reads("june", file)
        other.reads("june again", file)
        settle(shelf, one, other, rounds=3)
        assert one.texts() == other.texts() == ["a", "b", "coffee", "coffee"]
        one.reads("june once more", file)
        settle(shelf, one, other)
        assert one.texts() == other.texts() == ["a", "b", "coffee", "coffee"]


def test_a_change_goes_on_and_replaces_the_version_before() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a first"))
        settle(shelf, one, other)
        other.reads("july", several("a second"))
        settle(shelf, other, one)
        assert one.texts() == other.texts() == ["a second"]
        assert one.opened().opened.replica.state.versions.in_conflict() == []


def test_two_changes_apart_stand_beside_each_other_and_one_is_shown_on_both() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a first"))
        settle(shelf, one, other)
        one.reads("here", several("a here"))
        other.reads("there", several("a there"))
        settle(shelf, one, other, rounds=3)
        assert one.texts() == other.texts()
        for each in (one, other):
            assert len(each.opened().opened.replica.state.versions.in_conflict()) == 1


def test_an_import_that_is_taken_back_goes_everywhere_and_may_come_again() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a", "b"))
        one.reads("july", several("c"))
        settle(shelf, one, other)
        other.undoes("june")
        settle(shelf, other, one)
        assert one.texts() == other.texts() == ["c"]
        one.reads("june2", several("a"))
        settle(shelf, one, other)
        assert one.texts() == other.texts() == ["a", "c"]


def test_an_undone_change_puts_the_version_before_back_everywhere() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a first"))
        settle(shelf, one, other)
        one.reads("july", several("a second"))
        settle(shelf, one, other)
        one.undoes("july")
        settle(shelf, one, other)
        assert one.texts() == other.texts() == ["a first"]


@pytest.mark.threat("T522")
def test_a_change_outweighs_that_another_device_took_the_record_back() -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a first"))
        settle(shelf, one, other)
        one.undoes("june")
        other.reads("july", several("a second"))
        settle(shelf, one, other, rounds=3)
        assert one.texts() == other.texts() == ["a second"]
        state = one.opened().opened.replica.state
        assert len(state.versions.edited_over_deletes()) == 1


@pytest.mark.threat("T523")
@pytest.mark.parametrize("role", [Role.ADMIN, Role.FULL])
def test_an_erased_record_is_erased_on_all_devices_also_if_one_changed_it(role: Role) -> None:
    with keepers(2, [role]) as (one, other):
        shelf = Shelf()
        one.reads("june", several("a first", "b"))
        settle(shelf, one, other)
        other.erase(other.record_of("a first"))
        one.reads("july", several("a second"))
        settle(shelf, one, other, rounds=4)
        assert one.texts() == other.texts() == ["b"]
        assert len(one.opened().opened.replica.state.erased) == 1
        assert other.finds("first") == one.finds("second") == 0


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("side", ["gives", "takes"])
def test_a_kill_at_any_commit_gives_and_takes_each_record_once(side: str) -> None:
    with keepers(2) as (one, other):
        shelf = Shelf()
        one.reads("june", [*several("a", "b"), item("coffee"), item("coffee")])
        one.reads("july", several("c"))
        dies = one if side == "gives" else other
        if dies is other:
            settle(shelf, one, rounds=1)
            other.machine.sync(shelf)
        for at in range(40):
            writer, left = dies.machine.vault.core.writer, [at]
            real_commit, real_submit = writer.commit, writer.submit

            def counted(real: Callable[[Any], Any], work: Any) -> Any:  # noqa: ANN401
                left[0] -= 1  # noqa: B023  # reason: called within the turn
                if left[0] < 0:  # noqa: B023
                    raise _KilledError
                return real(work)

            writer.commit = partial(counted, real_commit)  # type: ignore[method-assign]
            writer.submit = partial(counted, real_submit)  # type: ignore[method-assign]
            try:
                dies.opened().give() if dies is one else dies.opened().take()
                is_over = True
            except _KilledError:
                is_over = False
            finally:
                writer.commit, writer.submit = real_commit, real_submit  # type: ignore[method-assign]
            dies.again()
            if is_over:
                break
        else:
            raise AssertionError("it never came to its end")
        assert at > 2
        settle(shelf, one, other)
        assert one.texts() == other.texts() == ["a", "b", "c", "coffee", "coffee"]
        things = one.opened().opened.replica.state.versions.objects()
        assert len(things) == 5
