"""The one place that charges: caps by year, by app, by purpose, and of each object for life."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError, LeakExhaustedError
from sealhold.model.ids import AppId, Collection, Id16, Purpose
from sealhold.model.quantities import MICRO, MicroBits, Year
from sealhold.stores.spec import Op
from sealhold.vault.budget import ALL_ASKERS, ONE_APP, ONE_OBJECT, ONE_PURPOSE, Budget, Leak
from sealhold.vault.writer import Work
from tests.unit.memory_vault import MemoryVault, memory_vault

APPS = [AppId(Id16(bytes([n]) * 16)) for n in range(9)]
CARE, ADS = Purpose("HealthCare"), Purpose("Marketing")
EVENTS, TRIPS = Collection("events"), Collection("trips")
YEAR = Year(2026)
ENTRY = Entry(event=Event(kind=EventKind.CHARGE, actor=Actor.VAULT))


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


@pytest.fixture
def budget(vault: MemoryVault) -> Budget:
    return Budget(vault.core.deciding, vault.core.keys)


def commit(vault: MemoryVault, ops: tuple[Op, ...]) -> None:
    vault.core.writer.commit(Work(ops, (ENTRY,)))


def bits(count: float) -> MicroBits:
    return MicroBits(int(count * MICRO))


def test_a_charge_counts_in_each_budget_it_touches(vault: MemoryVault, budget: Budget) -> None:
    commit(vault, budget.query_ops(bits(5), APPS[0], CARE, YEAR))
    commit(vault, budget.query_ops(bits(2), APPS[1], CARE, YEAR))

    every, one, other = budget.meters([(APPS[0], "One"), (APPS[1], "Two")], YEAR, bits(3))

    assert (every.used, every.pending, every.cap) == (bits(7), bits(3), ALL_ASKERS)
    assert (one.label, one.used, one.cap) == ("One", bits(5), ONE_APP)
    assert other.used == bits(2)
    assert budget.all_left(YEAR) == ALL_ASKERS - bits(7)


def test_what_is_left_is_the_least_of_all_that_apply(vault: MemoryVault, budget: Budget) -> None:
    for app in APPS[:2]:
        commit(vault, budget.query_ops(bits(18), app, CARE, YEAR))

    assert budget.left(APPS[0], CARE, YEAR) == bits(2)  # of the app
    assert budget.left(APPS[2], CARE, YEAR) == bits(4)  # of the purpose
    assert budget.left(APPS[2], ADS, YEAR) == bits(20)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ([(0, CARE, 20.000_001)], "this app"),
        ([(0, CARE, 20), (0, ADS, 0.000_001)], "this app"),
        ([(0, CARE, 20), (1, CARE, 20), (2, CARE, 1)], "this purpose"),
        (
            [(0, CARE, 20), (1, CARE, 20), (2, ADS, 20), (3, ADS, 5)],
            "all askers",
        ),
    ],
)
def test_the_charge_that_goes_over_a_cap_is_refused_and_the_cap_named(
    vault: MemoryVault, budget: Budget, asked: list[tuple[int, Purpose, float]], why: str
) -> None:
    *before, (app, purpose, cost) = asked
    for number, for_what, paid in before:
        commit(vault, budget.query_ops(bits(paid), APPS[number], for_what, YEAR))
    used = budget.all_meter(YEAR).used

    with pytest.raises(LeakExhaustedError, match=why):
        budget.query_ops(bits(cost), APPS[app], purpose, YEAR)

    assert budget.all_meter(YEAR).used == used


def test_a_cap_can_be_used_to_its_last_millionth(vault: MemoryVault, budget: Budget) -> None:
    commit(vault, budget.query_ops(ONE_APP, APPS[0], CARE, YEAR))

    assert budget.left(APPS[0], CARE, YEAR) == 0
    assert budget.query_ops(MicroBits(0), APPS[0], CARE, YEAR)


def test_each_year_has_its_own(vault: MemoryVault, budget: Budget) -> None:
    commit(vault, budget.query_ops(ONE_APP, APPS[0], CARE, YEAR))

    assert budget.left(APPS[0], CARE, Year(2027)) == ONE_APP


def test_two_charges_made_from_the_same_look_do_not_pass_a_cap_together(
    vault: MemoryVault, budget: Budget
) -> None:
    commit(vault, budget.query_ops(bits(1), APPS[0], CARE, YEAR))
    both = [budget.query_ops(bits(10), APPS[0], CARE, YEAR) for _ in range(2)]

    commit(vault, both[0])
    with pytest.raises(LeakExhaustedError):
        commit(vault, both[1])

    assert budget.all_meter(YEAR).used == bits(11)


def test_the_first_two_charges_of_a_year_do_not_overwrite_each_other(
    vault: MemoryVault, budget: Budget
) -> None:
    both = [budget.query_ops(bits(10), APPS[0], CARE, YEAR) for _ in range(2)]

    commit(vault, both[0])
    with pytest.raises(ConflictError):
        commit(vault, both[1])

    assert budget.all_meter(YEAR).used == bits(10)


# --- of one object, for life ---


def leak(kind: str, number: int, cost: float) -> Leak:
    return Leak(kind=kind, key=bytes([number]) * 32, cost=bits(cost))


def test_what_may_be_told_of_an_object_is_kept_by_collection(
    vault: MemoryVault, budget: Budget
) -> None:
    told = [leak("function", 1, 1), leak("family", 2, 3.7)]

    commit(vault, budget.leak_ops(EVENTS, told, bits(4.7)))

    assert sorted(budget.leaks(EVENTS), key=str) == sorted(told, key=str)
    assert budget.leaks(TRIPS) == []


def test_what_was_charged_before_costs_nothing_more_and_is_never_given_back(
    vault: MemoryVault, budget: Budget
) -> None:
    commit(vault, budget.leak_ops(EVENTS, [leak("function", 1, 3)], bits(3)))

    again = budget.leak_ops(EVENTS, [leak("function", 1, 3)], bits(3))
    cheaper = budget.leak_ops(EVENTS, [leak("function", 1, 1)], bits(3))
    commit(vault, budget.leak_ops(EVENTS, [leak("function", 1, 5)], bits(5)))

    assert again == cheaper == ()
    assert budget.leaks(EVENTS) == [leak("function", 1, 5)]


def test_an_object_tells_no_more_than_it_ever_may(budget: Budget) -> None:
    assert budget.leak_ops(EVENTS, [leak("function", 1, 16)], ONE_OBJECT)

    with pytest.raises(LeakExhaustedError, match=r"an object of `events` is 0\.001 bits short"):
        budget.leak_ops(EVENTS, [leak("function", 1, 16)], MicroBits(ONE_OBJECT + 1))


def test_the_caps_are_in_proportion() -> None:
    assert ONE_OBJECT < ONE_APP < ONE_PURPOSE < ALL_ASKERS
