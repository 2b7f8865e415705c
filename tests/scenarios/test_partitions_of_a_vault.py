"""Objects that share a run, objects that change, sets that grow: evaluated and charged as declared.

The programs here are the worst kind: they keep what they saw and speak through each other's values.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.log import Entry
from sealhold.compute import memo, partition
from sealhold.compute.members import frozen
from sealhold.model.encoding import Plain
from sealhold.model.errors import LeakExhaustedError, TamperedError
from sealhold.model.ids import Collection
from sealhold.model.quantities import DAY, HOUR, MICRO
from sealhold.node import Node
from sealhold.stores.spec import Delete
from sealhold.vault.deciding import scan_all
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    new_home,
    opened,
    sum_of,
)

EVENTS = Collection("events")
COUNTS_ITS_CALLS = b"""\
seen = []
def evaluate(obj, res):
    seen.append(obj['summary'])
    return len(seen) % 2
"""
NAMES_ITSELF = b"def evaluate(obj, res):\n    return int(obj['summary'])\n"
SIXTEEN: Plain = {"min": 0, "max": 15, "step": 1}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Node, Hands, Path]]:
    clock = Hands()
    with opened(new_home(tmp_path / "home", clock), clock) as node:
        yield node, clock, tmp_path


def bring(node: Node, folder: Path, summaries: list[str], uid: str = "u") -> None:
    node.sources.import_paths([calendar(folder / f"{uid}{len(summaries)}.ics", summaries, uid=uid)])


def together(k: int, **more: Plain) -> Job:
    job = Job(code=COUNTS_ITS_CALLS, k=k, aggregate=sum_of(0, 100), most=100)
    return replace(job, **more)


def number(versions: int = 1, **more: Plain) -> Job:
    """Return the task that sums up the numbers that events are called by."""
    job = Job(code=NAMES_ITSELF, evaluate=SIXTEEN, aggregate=sum_of(0, 150), most=10)
    return replace(job, versions=versions, **more)


# --- partitions ---


@pytest.mark.parametrize("k", [4, 16])
def test_all_of_a_partition_meet_one_instance_and_each_partition_a_fresh_one(
    vault: tuple[Node, Hands, Path], k: int
) -> None:
    node, _, folder = vault
    bring(node, folder, ["a"] * 40)
    grant = Asker(node).granted(node, together(k))

    value = node.runs.run(grant).value

    parts = partition.read(node.parts.core, EVENTS, k)
    assert max(len(each) for each in parts.members) <= k
    assert value == sum((len(each) + 1) // 2 for each in parts.members)  # each second, from the 1st


def test_what_a_null_object_is_said_is_not_counted(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    bring(node, folder, ["a"])
    always = Job(code=b"def evaluate(obj, res):\n    return 1\n", k=16, most=31)

    assert node.runs.run(Asker(node).granted(node, always)).value == 1


def test_a_partition_keeps_its_members_whatever_comes(vault: tuple[Node, Hands, Path]) -> None:
    node, clock, folder = vault
    bring(node, folder, ["a"] * 20)
    Asker(node, "one").granted(node, together(4))
    before = partition.read(node.parts.core, EVENTS, 4).members
    bring(node, folder, ["b"] * 20, uid="v")
    clock.move(DAY)

    Asker(node, "two").granted(node, together(4, name="Another"))

    after = partition.read(node.parts.core, EVENTS, 4).members
    assert after[: len(before)] == before
    assert sum(map(len, after)) == 40


def test_one_object_in_a_partition_is_charged_for_all_k(vault: tuple[Node, Hands, Path]) -> None:
    node, _, folder = vault
    bring(node, folder, ["a"])

    asker = Asker(node)
    fits = card_of(node, asker.ask(node, together(4)))
    request = asker.ask(node, together(32, name="Wide"))

    assert fits.cost_per_object == 4 * MICRO
    with pytest.raises(LeakExhaustedError):
        allow(node, request)  # 32 bits


# --- versions ---


def test_a_changed_object_keeps_its_old_value_where_one_version_is_granted(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = vault
    bring(node, folder, ["1", "2"])
    first = node.runs.run(Asker(node, "one").granted(node, number())).value
    bring(node, folder, ["5", "7"])
    clock.move(HOUR)

    later = node.runs.run(Asker(node, "two").granted(node, number(name="Another"))).value

    assert (first, later) == (3, 3)


@pytest.mark.threat("T168")
def test_a_changed_object_is_evaluated_as_often_as_was_charged(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = vault
    values, costs = [], []
    for turn, summaries in enumerate((["1", "2"], ["5", "7"], ["9", "9"])):
        bring(node, folder, summaries)
        asker = Asker(node, f"app {turn}")
        request = asker.ask(node, number(2, name=f"Number {turn}"))
        costs.append(card_of(node, request).cost_per_object)
        values.append(node.runs.run(f"g-{allow(node, request).id.hex()[-12:]}").value)
        clock.move(HOUR)

    assert values == [3, 12, 12]  # the third version is one too many
    assert costs == [2 * 4 * MICRO, 0, 0]


def test_more_versions_of_a_known_function_cost_the_difference_before_they_count(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = vault
    bring(node, folder, ["1", "2"])
    node.runs.run(Asker(node, "one").granted(node, number()))
    bring(node, folder, ["5", "7"])
    clock.move(HOUR)
    asker = Asker(node, "two")
    request = asker.ask(node, number(3, name="More"))

    card = card_of(node, request)
    value = node.runs.run(f"g-{allow(node, request).id.hex()[-12:]}").value

    assert card.cost_per_object == 2 * 4 * MICRO
    assert value == 12


def test_an_object_that_was_deleted_and_comes_again_is_that_object(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, clock, folder = vault
    file = calendar(folder / "c.ics", ["4"])
    job = node.sources.import_paths([file]).files[0].job
    first = node.runs.run(Asker(node, "one").granted(node, number())).value
    node.sources.undo(next(each for each in node.sources.jobs() if each.id == job))
    node.sources.import_paths([calendar(folder / "d.ics", ["11"])])
    clock.move(HOUR)

    again = node.runs.run(Asker(node, "two").granted(node, number(name="Another"))).value

    assert (first, again) == (4, 4)


# --- erasing ---


def test_erasing_makes_every_value_of_the_partition_the_default_for_each_function(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, _, folder = vault
    bring(node, folder, ["a"] * 9)
    core = node.parts.core
    grants = [
        Asker(node, f"app {n}").granted(node, together(4, params={"p": n}, name=f"N {n}"))
        for n in range(2)
    ]
    for grant in grants:
        node.runs.run(grant)
    parts = partition.read(core, EVENTS, 4)
    victim = frozen(core, node.grants.list()[0].id, 0)[0].logical
    functions = {found.row[0] for found in scan_all(core.store, memo.MEMO)}

    ops = node.runs._office.replay.erase(EVENTS, victim)
    core.writer.commit(Work(ops, (entry(node),)))

    mates = set(parts.mates(victim))
    for f in functions - {memo.presence_id(EVENTS)}:
        told = memo.read(core, f)
        assert {told.first[name][1] for name in mates} == {0}
        kept = told.first.keys() - mates
        assert sum(told.first[name][1] for name in kept) >= len(kept) // 2
    assert len(functions) == 3


# --- the memo ---


@pytest.mark.threat("T167")
def test_a_page_of_the_memo_that_is_gone_is_found_before_anything_is_evaluated_again(
    vault: tuple[Node, Hands, Path],
) -> None:
    node, _, folder = vault
    bring(node, folder, ["4"])
    Asker(node, "one").granted(node, number())
    core = node.parts.core
    pages = [found.row[:2] for found in scan_all(core.store, memo.MEMO)]

    gone = tuple(Delete(memo.MEMO.name, key) for key in pages)
    core.writer.commit(Work(gone, (entry(node),)))

    with pytest.raises(TamperedError):
        Asker(node, "two").granted(node, number(name="Another"))


def entry(node: Node) -> Entry:
    """Return a log entry for what a test writes."""
    return Teller(node.parts.core.keys).entry(Event(kind=EventKind.RUN, actor=Actor.VAULT))
