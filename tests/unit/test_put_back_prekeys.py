"""A device that was put back to before erasures: it lacks prekeys that others sealed to since."""

from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.erasing import erase, state_of
from sealhold.sharing.devices.identity import DeviceKeys
from tests.unit.copied_devices import copy, put_back
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf


def erased(first: Machine, full: Machine, shelf: Shelf, name: str) -> None:
    """Have a file erased on both devices, to the end."""
    thing = first.write(name, b"gone")
    for each in (first, full) * 2:
        each.sync(shelf)
    erase(first.devices, first.files(), [thing])
    for each in (first, full) * 5:
        each.sync(shelf)
    assert state_of(first.devices, first.files()).is_done


def test_a_device_that_was_put_back_to_before_erasures_reads_and_writes_again() -> None:
    with machines(2, [Role.FULL]) as (first, full):
        shelf = Shelf()
        for each in (first, full) * 2:
            each.sync(shelf)
        kept = copy(full)
        for number in range(2):
            erased(first, full, shelf, f"{number}.txt")
        lost = full.devices.me.keys.prekeys[-1].number
        put_back(full, kept)
        full.devices.go_on_anew()
        first.write("new.txt", b"new")

        for each in (first, full) * 3:
            each.sync(shelf)

        assert full.devices.me.keys.prekeys[-1].number == lost + 1
        assert full.shown() == {"new.txt": b"new"}
        full.write("own.txt", b"own")
        erased(first, full, shelf, "2.txt")
        assert first.shown() == full.shown() == {"new.txt": b"new", "own.txt": b"own"}
        there = len(shelf.kept)
        for each in (first, full) * 2:
            assert not each.sync(shelf).troubles
        assert len(shelf.kept) == there  # it comes to rest


def test_a_device_that_was_put_back_and_has_the_key_in_force_takes_a_number_above() -> None:
    with machines(2, [Role.FULL]) as (first, full):
        shelf = Shelf()
        for each in (first, full) * 2:
            each.sync(shelf)
        older: DeviceKeys = full.devices.me.keys
        erased(first, full, shelf, "a.txt")
        full.devices.keep_keys(older)  # the bag's key stays

        erased(first, full, shelf, "b.txt")

        assert full.devices.me.keys.prekeys[-1].number > 2
        full.write("own.txt", b"own")
