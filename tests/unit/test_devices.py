"""The devices of a person: who joins has everything, who goes has nothing of what comes."""

from collections.abc import Iterator

import pytest

from sealhold.model.errors import DeniedError, InvalidError, NotFoundError
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.joinpapers import Holds
from tests.unit.owned_devices import Machine, machine, machines, pair
from tests.unit.replicas import Shelf

LONG = bytes(range(256)) * 800  # 200 KiB: goes into packs


@pytest.fixture
def three() -> Iterator[list[Machine]]:
    with machines(3) as found:
        yield found


def rounds(shelf: Shelf, *all_of: Machine) -> None:
    """Let each sync, twice: what one gives late reaches those before it."""
    for each in (*all_of, *all_of):
        assert each.sync(shelf).troubles == []


def test_what_one_device_writes_all_others_have(three: list[Machine]) -> None:
    first, second, third = three
    shelf = Shelf()
    first.write("a.txt", b"from the first")
    first.write("long.bin", LONG)
    rounds(shelf, first, second, third)
    third.write("b.txt", b"from the third")
    rounds(shelf, first, second, third)
    expected = {"a.txt": b"from the first", "long.bin": LONG, "b.txt": b"from the third"}
    assert first.shown() == second.shown() == third.shown() == expected


def test_devices_know_each_other_by_name(three: list[Machine]) -> None:
    shelf = Shelf()
    rounds(shelf, *three)
    names = [sorted(each.devices.names().values()) for each in three]
    assert names == [["device 1", "device 2", "first"]] * 3


def test_a_renamed_device_is_called_so_everywhere(three: list[Machine]) -> None:
    first, second, _ = three
    shelf = Shelf()
    rounds(shelf, *three)
    first.devices.rename(second.devices.me.id, "the phone")
    rounds(shelf, *three)
    assert second.devices.names()[second.devices.me.id] == "the phone"
    with pytest.raises(InvalidError):
        first.devices.rename(second.devices.me.id, " ")


def test_a_collection_that_began_later_reaches_all(three: list[Machine]) -> None:
    first, second, third = three
    shelf = Shelf()
    rounds(shelf, *three)
    first.devices.create(Holds.FILES, "music")
    first.write("song.txt", b"la la", "music")
    rounds(shelf, *three)
    second.write("other.txt", b"lo lo", "music")
    rounds(shelf, *three)
    assert third.shown("music") == {"song.txt": b"la la", "other.txt": b"lo lo"}


def test_a_device_begins_again_from_what_is_durable(three: list[Machine]) -> None:
    first, second, _ = three
    shelf = Shelf()
    first.write("a.txt", LONG)
    rounds(shelf, first, second)
    before = second.devices.me
    second.again()
    assert (second.devices.me.id, second.devices.me.incarnation) == (before.id, before.incarnation)
    second.sync(shelf)
    assert second.shown() == {"a.txt": LONG}


def test_who_joins_later_reads_what_was_before(three: list[Machine]) -> None:
    first, second, _ = three
    shelf = Shelf()
    first.write("a.txt", b"early")
    rounds(shelf, first, second)
    with machine() as late:
        pair(first, late, "late one")
        rounds(shelf, first, late, second)
        assert late.shown() == {"a.txt": b"early"}
        late.write("b.txt", b"late")
        rounds(shelf, late, second)
        assert second.shown() == {"a.txt": b"early", "b.txt": b"late"}


def test_a_removed_device_gets_nothing_more_and_is_heard_no_more(three: list[Machine]) -> None:
    first, second, third = three
    shelf = Shelf()
    rounds(shelf, *three)
    third.write("kept.txt", b"before it went")
    rounds(shelf, *three)
    joining.remove(first.devices, third.devices.me.id)
    first.write("new.txt", b"not for the third")
    rounds(shelf, first, second)
    third.write("late.txt", b"nobody listens")
    third.sync(shelf)
    rounds(shelf, first, second)
    expected = {"kept.txt": b"before it went", "new.txt": b"not for the third"}
    assert first.shown() == second.shown() == expected
    third.sync(shelf)
    assert "new.txt" not in third.shown()


def test_only_an_admin_takes_in_and_removes(three: list[Machine]) -> None:
    first, second, third = three
    rounds(Shelf(), *three)
    with pytest.raises(DeniedError):
        joining.remove(second.devices, third.devices.me.id)
    with pytest.raises(InvalidError):
        joining.remove(first.devices, first.devices.me.id)
    with pytest.raises(NotFoundError):
        joining.remove(first.devices, third.devices.me.id[:15] + b"?")  # type: ignore[arg-type]
    with pytest.raises(DeniedError):
        second.devices.create(Holds.FILES, "mine")


def test_an_admin_that_was_taken_in_takes_in_others() -> None:
    with machines(2, [Role.ADMIN]) as (first, second), machine() as third:
        shelf = Shelf()
        first.write("a.txt", b"a")
        rounds(shelf, first, second)
        pair(second, third, "third")
        rounds(shelf, second, third, first)
        third.write("b.txt", b"b")
        rounds(shelf, third, first, second)
        assert first.shown() == third.shown() == {"a.txt": b"a", "b.txt": b"b"}


def test_two_carriers_carry_what_one_of_them_lost(three: list[Machine]) -> None:
    first, second, _ = three
    shelf, stick = Shelf(), Shelf()
    first.write("a.txt", LONG)
    first.sync(shelf, stick)
    shelf.kept.clear()
    second.sync(shelf, stick)
    assert second.shown() == {"a.txt": LONG}
    assert second.sync(shelf, stick).away == []
    stick.is_away = True
    done = second.sync(shelf, stick)
    assert done.away == ["shelf1"]


def test_who_joins_after_a_removal_reads_what_was_before_it(three: list[Machine]) -> None:
    first, second, third = three
    shelf = Shelf()
    rounds(shelf, *three)
    second.write("a.txt", b"under an earlier key of the bag")
    rounds(shelf, *three)
    joining.remove(first.devices, third.devices.me.id)
    first.sync(shelf)
    with machine() as late:
        pair(first, late, "late one")
        first.sync(shelf)
        rounds(shelf, late)
        assert late.shown() == {"a.txt": b"under an earlier key of the bag"}


def test_who_was_taken_in_while_another_admin_removed_somebody_reads_all() -> None:
    with machines(3, [Role.ADMIN, Role.FULL]) as (first, second, third), machine() as late:
        shelf = Shelf()
        rounds(shelf, first, second, third)
        pair(first, late, "late one")
        joining.remove(second.devices, third.devices.me.id)
        second.write("a.txt", b"under an epoch that the late one was not given")
        second.sync(shelf)
        for each in (first, second, late):
            each.sync(shelf)
        rounds(shelf, first, second, late)
        late.write("b.txt", b"b")
        rounds(shelf, late, first, second)
        assert first.shown() == second.shown() == late.shown()
        assert late.shown().keys() == {"a.txt", "b.txt"}


def test_a_carrier_that_lost_everything_is_told_and_filled_again(three: list[Machine]) -> None:
    first, second, _ = three
    shelf = Shelf()
    first.write("a.txt", b"a")
    rounds(shelf, first)
    shelf.kept.clear()
    assert any("rolled back" in each for each in first.sync(shelf).troubles)
    assert second.sync(shelf).troubles == []
    assert second.shown() == {"a.txt": b"a"}


def test_a_carrier_that_lost_all_packs_gets_them_from_another(three: list[Machine]) -> None:
    first, second, _ = three
    shelf, stick = Shelf(), Shelf()
    first.write("a.txt", LONG)
    first.sync(shelf, stick)
    shelf.kept.clear()
    first.sync(shelf, stick)
    second.sync(shelf)
    assert second.shown() == {"a.txt": LONG}


def test_content_that_a_carrier_lost_and_nobody_has_stops_nothing_else(
    three: list[Machine],
) -> None:
    first, second, _ = three
    shelf = Shelf()
    first.write("a.txt", LONG)
    rounds(shelf, first)
    shelf.kept.clear()
    first.write("b.txt", b"b")
    first.sync(shelf)
    second.sync(shelf)
    state = second.files().replica.state
    assert {each.path for each in state.tree.shown().values()} == {("a.txt",), ("b.txt",)}
