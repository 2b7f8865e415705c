"""The ledger of micro-rho: one counter per collection and year, one charge per draw, one cap."""

from collections.abc import Iterator

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.model.errors import ConflictError, LeakExhaustedError, NoiseExhaustedError
from sealhold.model.ids import Collection
from sealhold.model.quantities import MicroRho, Year
from sealhold.stores.spec import Op
from sealhold.vault.noisebudget import ONE_COLLECTION, Draw, NoiseBudget
from sealhold.vault.writer import Work
from tests.unit.memory_vault import MemoryVault, memory_vault

EVENTS, TRIPS = Collection("events"), Collection("trips")
YEAR, NEXT = Year(2026), Year(2027)
ENTRY = Entry(event=Event(kind=EventKind.CHARGE, actor=Actor.VAULT))


@pytest.fixture
def vault() -> Iterator[MemoryVault]:
    with memory_vault() as found:
        yield found


@pytest.fixture
def budget(vault: MemoryVault) -> NoiseBudget:
    return NoiseBudget(vault.core.deciding)


def draw(number: int, day: int = 1) -> Draw:
    return Draw(name=bytes([number]) * 32, day=day)


def commit(vault: MemoryVault, ops: tuple[Op, ...]) -> None:
    vault.core.writer.commit(Work(ops, (ENTRY,)))


def test_a_draw_is_charged_once_and_then_is_paid(vault: MemoryVault, budget: NoiseBudget) -> None:
    assert not budget.paid(draw(1))

    commit(vault, budget.ops(draw(1), EVENTS, MicroRho(7), YEAR))

    assert budget.paid(draw(1))
    assert budget.ops(draw(1), EVENTS, MicroRho(7), YEAR) == ()
    assert budget.meter(EVENTS, YEAR).used == 7


def test_each_day_and_each_question_is_a_draw_of_its_own(
    vault: MemoryVault, budget: NoiseBudget
) -> None:
    for each in (draw(1), draw(1, day=2), draw(2)):
        commit(vault, budget.ops(each, EVENTS, MicroRho(7), YEAR))

    assert budget.meter(EVENTS, YEAR).used == 21


def test_each_collection_and_each_year_has_a_counter_of_its_own(
    vault: MemoryVault, budget: NoiseBudget
) -> None:
    commit(vault, budget.ops(draw(1), EVENTS, MicroRho(5), YEAR))
    commit(vault, budget.ops(draw(2), EVENTS, MicroRho(6), NEXT))
    commit(vault, budget.ops(draw(3), TRIPS, MicroRho(7), YEAR))

    assert [budget.meter(EVENTS, year).used for year in (YEAR, NEXT)] == [5, 6]
    assert budget.meter(EVENTS, YEAR).ever == budget.meter(EVENTS, NEXT).ever == 11
    assert budget.meter(TRIPS, YEAR).used == 7


def test_the_cap_can_be_used_to_its_last_millionth(vault: MemoryVault, budget: NoiseBudget) -> None:
    commit(vault, budget.ops(draw(1), EVENTS, ONE_COLLECTION, YEAR))

    with pytest.raises(NoiseExhaustedError, match="`events` of 2026 are 1 micro-rho short"):
        budget.ops(draw(2), EVENTS, MicroRho(1), YEAR)
    assert budget.ops(draw(1), EVENTS, ONE_COLLECTION, YEAR) == ()


def test_a_first_draw_beyond_the_cap_is_refused(budget: NoiseBudget) -> None:
    with pytest.raises(NoiseExhaustedError, match="1,500,000 micro-rho short"):
        budget.ops(draw(1), EVENTS, MicroRho(2_000_000), YEAR)


def test_two_charges_made_from_the_same_look_do_not_pass_the_cap_together(
    vault: MemoryVault, budget: NoiseBudget
) -> None:
    commit(vault, budget.ops(draw(1), EVENTS, MicroRho(1), YEAR))
    both = [budget.ops(draw(n), EVENTS, MicroRho(300_000), YEAR) for n in (2, 3)]

    commit(vault, both[0])
    with pytest.raises(LeakExhaustedError):
        commit(vault, both[1])

    assert budget.meter(EVENTS, YEAR).used == 300_001
    assert not budget.paid(draw(3))


def test_two_charges_of_one_draw_made_from_the_same_look_are_one(
    vault: MemoryVault, budget: NoiseBudget
) -> None:
    commit(vault, budget.ops(draw(9), EVENTS, MicroRho(1), YEAR))
    both = [budget.ops(draw(1), EVENTS, MicroRho(5), YEAR) for _ in range(2)]

    commit(vault, both[0])
    with pytest.raises(ConflictError):
        commit(vault, both[1])

    assert budget.meter(EVENTS, YEAR).used == 6


def test_the_first_two_charges_of_a_year_do_not_overwrite_each_other(
    vault: MemoryVault, budget: NoiseBudget
) -> None:
    both = [budget.ops(draw(n), EVENTS, MicroRho(5), YEAR) for n in (1, 2)]

    commit(vault, both[0])
    with pytest.raises(ConflictError):
        commit(vault, both[1])

    assert budget.meter(EVENTS, YEAR).used == 5
