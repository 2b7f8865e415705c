"""A budget that several devices spend from: counted by one, lent in slices, never over its cap."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.recordsync import NAME
from tests.unit.budget_devices import Spender
from tests.unit.copied_devices import copy, put_back
from tests.unit.owned_devices import machine, pair
from tests.unit.replicas import Shelf

BITS = 1_000_000
CAP = 40 * BITS  # of one purpose in a year


@contextmanager
def spenders(count: int, role: Role = Role.FULL) -> Iterator[list[Spender]]:
    with ExitStack() as stack:
        found = [Spender(stack.enter_context(machine(b"spender %d" % at))) for at in range(count)]
        found[0].begin()
        for at, other in enumerate(found[1:], 1):
            pair(found[0].machine, other.machine, f"device {at}", role)
        yield found


def meet(shelf: Shelf, *devices: Spender, rounds: int = 3) -> None:
    for _ in range(rounds):
        for each in devices:
            each.sync(shelf)


def test_a_single_device_charges_as_it_always_did() -> None:
    with spenders(1) as (alone,):
        assert alone.charge(20) == ""
        assert alone.charge(21) == "LeakExhaustedError"


def test_each_device_waits_for_a_slice_and_then_spends_from_it() -> None:
    with spenders(2) as (one, other):
        assert one.charge(1) == other.charge(1) == "BudgetAwayError"
        meet(Shelf(), one, other)
        assert one.charge(3) == other.charge(3) == ""
        # a slice is an eighth: what is beyond it waits until the devices met
        assert other.charge(3) == "BudgetAwayError"


@pytest.mark.threat("T524")
def test_what_was_spent_before_there_was_a_second_device_counts() -> None:
    with spenders(1) as (one,), machine(b"late") as late:
        assert one.charge(19) == one.charge(19) == ""
        other = Spender(late)
        pair(one.machine, late, "late")
        assert other.charge(1) == one.charge(1) == "BudgetAwayError"
        shelf = Shelf()
        for _ in range(6):
            meet(shelf, one, other, rounds=1)
            one.charge(1), other.charge(1)
        assert one.told + other.told == CAP


def test_devices_that_meet_spend_all_of_the_cap_and_no_more() -> None:
    with spenders(3) as devices:
        shelf = Shelf()
        for _ in range(12):
            meet(shelf, *devices, rounds=1)
            for each in devices:
                each.charge(5)
        assert sum(each.told for each in devices) == CAP


@pytest.mark.threat("T525")
def test_a_restored_device_spends_nothing_of_what_it_was_lent() -> None:
    with spenders(2) as (one, other):
        shelf = Shelf()
        one.charge(1), other.charge(1)
        meet(shelf, one, other)
        kept = copy(other.machine)
        assert other.charge(5) == ""
        put_back(other.machine, kept)
        other.machine.token = b"another start"
        other.machine.again()
        assert other.charge(1) == "BudgetAwayError"
        for _ in range(10):
            meet(shelf, one, other, rounds=1)
            one.charge(5), other.charge(1)
        assert CAP - 10 * BITS <= one.told + other.told <= CAP


@pytest.mark.threat("T525")
def test_a_restored_device_that_counted_goes_on_from_what_the_others_know() -> None:
    with spenders(2) as (one, other):
        shelf = Shelf()
        one.charge(1), other.charge(1)
        meet(shelf, one, other)
        kept = copy(one.machine)
        for _ in range(3):
            assert (one.charge(2), other.charge(2)) == ("", "")
            meet(shelf, one, other)
        put_back(one.machine, kept)
        one.machine.token = b"another start"
        one.machine.again()
        assert one.charge(1) == "BudgetAwayError"
        for _ in range(10):
            meet(shelf, one, other, rounds=1)
            one.charge(5), other.charge(5)
        assert 12 * BITS < one.told + other.told <= CAP
        # its own book was a copy: it counts in a next term
        (ledger,) = other.machine.devices.collection(NAME).members.state.ledgers.values()
        assert (ledger.term, ledger.device) == (2, one.machine.devices.me.id)


def test_another_admin_counts_when_the_one_that_did_is_gone() -> None:
    with spenders(3, Role.ADMIN) as (one, other, third):
        shelf = Shelf()
        for each in (one, other, third):
            each.charge(1)
        meet(shelf, one, other, third)
        assert one.charge(5) == other.charge(2) == ""
        joining.remove(other.machine.devices, one.machine.devices.me.id)
        for _ in range(8):
            meet(shelf, other, third, rounds=1)
            other.charge(5), third.charge(5)
        assert 7 * BITS < sum(each.told for each in (one, other, third)) <= CAP
        opened = other.machine.devices.collection(NAME)
        (ledger,) = opened.members.state.ledgers.values()
        assert ledger.term == 2
