"""Caps that the owner sets: read at each charge, bounded above, and never a refund."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import CapTooHighError, ConflictError, LeakExhaustedError
from sealhold.model.ids import AppId, Collection, Id16, Purpose
from sealhold.model.quantities import MICRO, MicroBits, Year
from sealhold.stores.spec import Op, Put
from sealhold.vault.budget import Budget, Leak, default_cap
from sealhold.vault.caps import HIGHEST, CapKind
from sealhold.vault.writer import Work
from tests.unit.memory_vault import MemoryVault, memory_vault

APP, CARE, EVENTS = AppId(Id16(bytes(16))), Purpose("HealthCare"), Collection("events")
YEAR = Year(2026)
ENTRY = Entry(event=Event(kind=EventKind.CHARGE, actor=Actor.VAULT))


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


@pytest.fixture
def budget(vault: MemoryVault) -> Budget:
    return Budget(vault.core.deciding, vault.core.keys)


def bits(count: float) -> MicroBits:
    return MicroBits(int(count * MICRO))


def commit(vault: MemoryVault, *ops: Op) -> None:
    vault.core.writer.commit(Work(ops, (ENTRY,)))


def charge(vault: MemoryVault, budget: Budget, cost: float) -> None:
    commit(vault, *budget.query_ops(bits(cost), APP, CARE, YEAR))


def leak(number: int, cost: float) -> Leak:
    return Leak(kind="function", key=bytes([number]) * 32, cost=bits(cost))


@pytest.mark.parametrize("kind", list(CapKind))
def test_a_cap_is_its_default_until_it_is_set(
    vault: MemoryVault, budget: Budget, kind: CapKind
) -> None:
    before = budget.cap(kind)

    commit(vault, budget.caps.op(kind, bits(7)))

    assert (before, budget.cap(kind)) == (default_cap(kind), bits(7))
    others = set(CapKind) - {kind}
    assert all(budget.cap(other) == default_cap(other) for other in others)


@pytest.mark.parametrize("kind", [CapKind.APP, CapKind.PURPOSE, CapKind.ALL])
def test_a_raised_cap_covers_what_the_default_does_not(
    vault: MemoryVault, budget: Budget, kind: CapKind
) -> None:
    for each in CapKind:
        commit(vault, budget.caps.op(each, HIGHEST[each]))
    commit(vault, budget.caps.op(kind, bits(70)))

    charge(vault, budget, 70)

    assert budget.all_meter(YEAR).used == bits(70)
    with pytest.raises(LeakExhaustedError, match=r"in 2026 is 0\.5 bits short"):
        budget.query_ops(bits(0.5), APP, CARE, YEAR)


def test_a_cap_below_what_is_spent_stops_charges_and_gives_nothing_back(
    vault: MemoryVault, budget: Budget
) -> None:
    charge(vault, budget, 12)

    commit(vault, budget.caps.op(CapKind.APP, bits(10)))

    with pytest.raises(LeakExhaustedError, match=r"this app in 2026 is 3 bits short"):
        budget.query_ops(bits(1), APP, CARE, YEAR)
    assert budget.left(APP, CARE, YEAR) == 0
    assert budget.app_meter(APP, "One", YEAR).used == bits(12)
    commit(vault, budget.caps.op(CapKind.APP, bits(13)))
    assert budget.left(APP, CARE, YEAR) == bits(1)


def test_a_charge_decided_on_under_a_cap_fails_once_that_cap_is_lowered(
    vault: MemoryVault, budget: Budget
) -> None:
    answer = budget.query_ops(bits(5), APP, CARE, YEAR)
    told = budget.leak_ops(EVENTS, [leak(1, 3)], bits(3))
    for kind in (CapKind.ALL, CapKind.OBJECT):
        commit(vault, budget.caps.op(kind, bits(1)))

    for ops in (answer, told):
        with pytest.raises(ConflictError):
            commit(vault, *ops)

    assert budget.all_meter(YEAR).used == 0
    assert budget.leaks(EVENTS) == []


def test_the_cap_of_an_object_bounds_what_is_new_and_leaves_what_was_told(
    vault: MemoryVault, budget: Budget
) -> None:
    commit(vault, budget.caps.op(CapKind.OBJECT, bits(32)))
    commit(vault, *budget.leak_ops(EVENTS, [leak(1, 32)], bits(32)))

    commit(vault, budget.caps.op(CapKind.OBJECT, bits(1)))

    assert budget.leak_ops(EVENTS, [leak(1, 32)], bits(32), bits(32)) == ()  # told already
    with pytest.raises(LeakExhaustedError, match="`events` is 32 bits short"):
        budget.leak_ops(EVENTS, [leak(2, 1)], bits(33), bits(32))


@pytest.mark.parametrize("kind", list(CapKind))
@pytest.mark.parametrize("beyond", [HIGHEST, dict.fromkeys(CapKind, -2)])
def test_no_cap_is_set_above_the_highest_or_below_nothing(
    budget: Budget, kind: CapKind, beyond: dict[CapKind, int]
) -> None:
    with pytest.raises(CapTooHighError, match=f"the cap `{kind.value}` is from 0 to"):
        budget.caps.op(kind, MicroBits(beyond[kind] + 1))

    for most in (HIGHEST[kind], MicroBits(0)):
        assert isinstance(budget.caps.op(kind, most), Put)


def test_the_highest_of_an_app_fits_into_that_of_a_purpose_and_both_into_the_year() -> None:
    assert HIGHEST[CapKind.APP] < HIGHEST[CapKind.PURPOSE] < HIGHEST[CapKind.ALL]
