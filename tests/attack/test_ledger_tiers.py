"""Tricks against the ledger where the tier of the program matters, in both: memo, instance, order.

What the program of a tier cannot change (prices, budgets, selections) stands in
`test_ledger_tricks`; ten thousand questions in `test_ledger_attacks`.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealhold.compute import memo, partition
from sealhold.compute.memo import Told
from sealhold.compute.spec import Tier
from sealhold.model.errors import LeakExhaustedError
from sealhold.model.quantities import HOUR, MICRO, MicroBits
from sealhold.node import Node
from sealhold.vault import budget
from sealhold.vault.deciding import scan_all
from sealhold.vault.writer import Work
from tests.attack.ledger_probe import EVENTS, entry, office_of
from tests.attack.ledger_programs import FUEL, speaking
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    kinds,
    named,
    new_home,
    opened,
    sum_of,
)

TIERS: tuple[Tier, ...] = ("py", "wasm")
SIXTEEN = {"min": 0, "max": 15, "step": 1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_home(tmp_path / "home")
    return tmp_path


@pytest.fixture(params=TIERS)
def job(request: pytest.FixtureRequest) -> Callable[..., Job]:
    """Return what makes a task whose program says, of k objects, digits of the first of them."""
    tier: Tier = request.param

    def make(k: int = 1, **more: Any) -> Job:  # noqa: ANN401  reason: parts of a job
        made = Job(
            code=speaking(tier, k),
            tier=tier,
            fuel=FUEL if tier == "wasm" else None,
            milliseconds=1000,
            k=k,
            evaluate=SIXTEEN,
            aggregate=sum_of(0, 15 * 64),
            most=64,
        )
        return replace(made, **more)

    return make


def bring(node: Node, folder: Path, digits: list[str]) -> None:
    """Bring objects each of which holds one digit again and again."""
    node.sources.import_paths([calendar(folder / "u.ics", [digit * 64 for digit in digits])])


@pytest.mark.threat("T41")
def test_a_program_under_another_name_author_and_app_is_evaluated_and_charged_once(
    folder: Path, job: Callable[..., Job]
) -> None:
    with opened(folder / "home") as node:
        bring(node, folder, ["7", "2"])
        asked = job()
        askers = [Asker(node, f"app {number}") for number in range(2)]
        requests = [
            askers[0].ask(node, asked),
            askers[1].ask(node, replace(asked, name="Another", version="2.0.0")),
        ]
        costs, values = [], []
        for request in requests:
            costs.append(card_of(node, request).cost_per_object)
            values.append(node.runs.run(named(allow(node, request))).value)

        other = job(code=asked.code + {"py": b" ", "wasm": b"\0\x02\x01x"}[asked.tier])
        changed = card_of(node, Asker(node, "third").ask(node, other))

        assert costs == [4 * MICRO, 0]
        assert values == [9, 9]
        assert changed.cost_per_object == 4 * MICRO  # one more byte is another program
        assert kinds(node).count("run") == 1


@pytest.mark.threat("T40")
@pytest.mark.parametrize("job", ["wasm"], indirect=True)
def test_a_sweep_of_parameters_is_a_sum_of_charges(folder: Path, job: Callable[..., Job]) -> None:
    """Two values of eight bits are all that an object may tell; the third is refused."""
    wide = {"min": 0, "max": 255, "step": 1}
    with opened(folder / "home") as node:
        node.sources.import_paths([calendar(folder / "u.ics", ["1234567890abcdef"])])
        asked = [job(params={"p": n}, name=f"Digit {n}", evaluate=wide) for n in range(3)]
        told = [
            node.runs.run(Asker(node, f"app {number}").granted(node, one)).value
            for number, one in enumerate(asked[:2])
        ]
        third = Asker(node, "third").ask(node, asked[2])

        with pytest.raises(LeakExhaustedError):
            allow(node, third)

    assert told == [1, 2]


@pytest.mark.threat("T168")
def test_members_that_change_one_by_one_give_a_partition_two_evaluations_in_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch, job: Callable[..., Job]
) -> None:
    k, clock = 16, Hands()
    monkeypatch.setattr(budget, "ONE_OBJECT", MicroBits(2 * k * 4 * MICRO))
    with opened(folder / "home", clock) as node:
        for turn in range(3):  # each time another quarter of them changed
            bring(node, folder, ["2" if n % 4 < turn else "1" for n in range(3 * k)])
            asked = job(k=k, versions=2, name=f"Turn {turn}")
            Asker(node, f"app {turn}").granted(node, asked)
            clock.move(HOUR)
        (told,) = functions(node)
        charged = card_of(node, Asker(node, "probe").ask(node, Job())).object_before

    assert {value for _, value in told.first.values()} == {1}
    assert {number for later in told.later.values() for number in later} == {1}
    assert charged == 2 * k * 4 * MICRO


@pytest.mark.threat("T168")
def test_an_erased_object_is_in_no_value_of_those_that_spoke_for_it(
    folder: Path, job: Callable[..., Job]
) -> None:
    with opened(folder / "home") as node:
        bring(node, folder, ["7"] * 9)
        grant = Asker(node).granted(node, job(k=4))
        before = node.runs.run(grant).value
        core = node.parts.core
        mates = max(partition.read(core, EVENTS, 4).members, key=len)

        erased = office_of(node).replay.erase(EVENTS, mates[-1])
        core.writer.commit(Work(erased, (entry(node),)))
        (told,) = functions(node)

    assert before == 9 * 7
    assert {told.first[name][1] for name in mates} == {0}
    assert {told.first[name][1] for name in told.first.keys() - set(mates)} == {7}


@pytest.mark.threat("T190")
def test_an_aggregate_of_its_own_learns_nothing_from_the_order_of_objects(
    folder: Path, job: Callable[..., Job]
) -> None:
    """It says all that it is given, in the order in which it is given."""
    own = {"kind": "custom", "args": {}, "range": {"min": 0, "max": 4095, "step": 1}, "default": 0}
    with opened(folder / "home") as node:
        bring(node, folder, ["9", "3", "7"])
        asked = job(aggregate=own)
        value = node.runs.run(Asker(node).granted(node, asked)).value

    assert value == 0x379


def functions(node: Node) -> list[Told]:
    """Return all that each function has said."""
    core = node.parts.core
    ids = {found.row[0] for found in scan_all(core.store, memo.MEMO)}
    return [memo.read(core, f) for f in ids - {memo.presence_id(EVENTS)}]
