"""Tricks against the ledger, one by one: what an author, an app or whoever brings data may try."""

from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.compute import partition
from sealhold.model.encoding import Plain
from sealhold.model.errors import LeakExhaustedError
from sealhold.model.ids import Collection, FieldName
from sealhold.model.quantities import DAY, HOUR, MICRO, MicroBits
from sealhold.node import Node
from sealhold.vault import budget
from sealhold.vault.deciding import scan_all
from sealhold.vault.recognising import IDENTITIES
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    allow,
    calendar,
    card_of,
    charged,
    kinds,
    named,
    new_home,
    opened,
    sum_of,
)

EVENTS = Collection("events")
FIRST_LETTER = b"def evaluate(obj, res):\n    return int(obj['summary'][0] >= 'm')\n"
KEEPS_ALL = b"""\
seen = []
def evaluate(obj, res):
    seen.append(obj['summary'])
    return len(seen) % 2
"""


def job(**more: Plain) -> Job:
    return replace(Job(code=FIRST_LETTER, aggregate=sum_of(0, 31), most=31), **more)


def bring(node: Node, folder: Path, summaries: list[str], uid: str = "u") -> None:
    node.sources.import_paths([calendar(folder / f"{uid}.ics", summaries, uid=uid)])


def answered(node: Node, asker: Asker, asked: Job) -> int:
    return node.runs.run(asker.granted(node, asked)).value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    new_home(tmp_path / "home")
    return tmp_path


@pytest.mark.threat("T170")
def test_an_attribute_that_changes_between_two_looks_is_not_told_twice(folder: Path) -> None:
    """The app asks the same selection before and after: an object keeps the cell it was in."""
    clock = Hands()
    early = "start < '2026-01-01T02:00:00Z'"
    asks = job(
        code=b"def evaluate(obj, res):\n    return 1\n",
        fields=("start",),
        selections={"early": (early, ["start"])},
    )
    with opened(folder / "home", clock) as node:
        bring(node, folder, ["a"] * 4)  # at 0, 1, 2 and 3 o'clock
        before = answered(node, Asker(node, "one"), asks)
        moved = (folder / "u.ics").read_text().replace("T030000Z", "T000100Z")
        (folder / "u.ics").write_text(moved)
        node.sources.import_paths([folder / "u.ics"])
        clock.move(HOUR)

        after = answered(node, Asker(node, "two"), replace(asks, name="Again"))
        twice = answered(node, Asker(node, "three"), replace(asks, name="Versions", versions=2))

    assert (before, after) == (2, 2)
    assert twice == 3  # charged for a second version, the cell is looked at again


@pytest.mark.threat("T170")
def test_two_selections_that_differ_in_one_object_are_charged_for_its_cell(folder: Path) -> None:
    """Counting and differencing: the difference of both answers is the one object's bit."""
    with opened(folder / "home") as node:
        bring(node, folder, ["apple", "pear", "plum"])
        costs, values = [], []
        for number, hour in enumerate((2, 3)):
            end = f"start < '2026-01-01T{hour:02d}:00:00Z'"
            asks = job(
                name=f"Until {hour}",
                fields=("start", "summary"),
                selections={"until": (end, ["start"])},
            )
            asker = Asker(node, f"app {number}")
            request = asker.ask(node, asks)
            costs.append(card_of(node, request).cost_per_object)
            values.append(node.runs.run(named(allow(node, request))).value)

    assert values[1] - values[0] == 1
    assert costs == [2 * MICRO, 1 * MICRO]  # one bit of the program for both, one of each cell


@pytest.mark.threat("T166")
def test_whoever_brings_data_around_an_object_does_not_choose_its_neighbours(folder: Path) -> None:
    """A source that brings 15 known objects before and 15 after the victim does not surround it."""
    with opened(folder / "home") as node:
        bring(node, folder, ["known"] * 15, uid="a")
        bring(node, folder, ["victim"], uid="v")
        bring(node, folder, ["known"] * 15, uid="b")
        bring(node, folder, ["own"] * 200, uid="c")
        Asker(node).granted(node, job(code=KEEPS_ALL, k=16))

        core = node.parts.core
        came = sorted(scan_all(core.store, IDENTITIES), key=lambda found: found.row[1])
        known = {found.row[0] for found in (*came[:15], *came[16:31])}
        parts = partition.read(core, EVENTS, 16)
        mates = parts.mates(came[15].row[0])

    assert sum(map(len, parts.members)) == 231
    assert len(known & set(mates)) < 10  # 2 of 15 are expected


@pytest.mark.petrus("P8")
@pytest.mark.threat("T166")
def test_adding_changing_and_deleting_moves_no_object_to_other_neighbours(folder: Path) -> None:
    clock = Hands()
    with opened(folder / "home", clock) as node:
        bring(node, folder, ["a"] * 10)
        churned = node.sources.import_paths([calendar(folder / "x.ics", ["x"] * 10, uid="x")])
        Asker(node, "one").granted(node, job(code=KEEPS_ALL, k=4))
        before = partition.read(node.parts.core, EVENTS, 4).members
        node.sources.undo(next(j for j in node.sources.jobs() if j.id == churned.files[0].job))
        bring(node, folder, ["changed"] * 12)
        node.sources.import_paths([folder / "x.ics"])
        clock.move(DAY)

        Asker(node, "two").granted(node, job(code=KEEPS_ALL, k=4, name="Again"))

        after = partition.read(node.parts.core, EVENTS, 4).members
    assert after[: len(before)] == before
    assert sum(map(len, after)) == 22  # the ten that came back are the ten that were there


@pytest.mark.threat("T168")
@pytest.mark.parametrize("k", [4, 16, 32])
def test_each_member_changed_once_gives_a_partition_two_evaluations_and_no_more(
    folder: Path, monkeypatch: pytest.MonkeyPatch, k: int
) -> None:
    monkeypatch.setattr(budget, "ONE_OBJECT", MicroBits(2 * k * MICRO))
    clock = Hands()
    with opened(folder / "home", clock) as node:
        asks = job(code=KEEPS_ALL, k=k, versions=2, aggregate=sum_of(0, 100), most=100)
        runs, bound = list[int](), 0
        for turn in range(5):  # each time another eighth of them changed
            texts = ["new" if n % 8 < turn else "old" for n in range(64)]
            bring(node, folder, texts)
            asker = Asker(node, f"app {turn}")
            request = asker.ask(node, replace(asks, name=f"Turn {turn}"))
            bound = card_of(node, request).object_before or 2 * k * MICRO
            before = sum(line.rows_read for line in node.audit.lines() if line.kind == "run")
            allow(node, request)
            after = sum(line.rows_read for line in node.audit.lines() if line.kind == "run")
            runs.append(after - before)
            clock.move(HOUR)

    assert runs[0] == 64
    assert sum(runs) <= 2 * 64
    assert bound == 2 * k * MICRO


@pytest.mark.threat("T41")
def test_a_narrower_view_of_the_same_program_is_another_function(folder: Path) -> None:
    with opened(folder / "home") as node:
        bring(node, folder, ["apple"])
        wide = job(fields=("start", "summary"))
        first, second = Asker(node, "one"), Asker(node, "two")
        first.granted(node, wide)
        request = second.ask(node, replace(wide, name="Narrow"))
        terms = replace(
            card_of(node, request).asked_terms, fields=frozenset({FieldName("summary")})
        )

        wider, narrower = card_of(node, request), node.requests.show_with(request, terms)

    assert (wider.cost_per_object, narrower.cost_per_object) == (0, 1 * MICRO)


@pytest.mark.threat("T40")
def test_two_apps_that_work_together_are_counted_together(folder: Path) -> None:
    """Each takes half of what an object may tell; a third finds nothing left."""
    half = {"min": 0, "max": 255, "step": 1}
    with opened(folder / "home") as node:
        bring(node, folder, ["apple"])
        for number in range(2):
            code = f"def evaluate(obj, res):\n    return {number}\n".encode()
            asked = job(code=code, evaluate=half, aggregate=sum_of(0, 255), most=1)
            Asker(node, f"app {number}").granted(node, asked)
        third = Asker(node, "third").ask(node, job())

        with pytest.raises(LeakExhaustedError, match="1 bits short"):
            allow(node, third)


@pytest.mark.threat("T73")
def test_a_clock_that_is_set_back_opens_no_year_and_no_day_again(folder: Path) -> None:
    clock = Hands()
    with opened(folder / "home", clock) as node:
        bring(node, folder, ["green"] * 3)
        grant = Asker(node).granted(
            node, Job(objects="open", expires="2026-11-25T00:00:00Z"), until=clock.now + 3 * DAY
        )
        clock.move(DAY)
        node.runs.run(grant)
        spent = node.budgets.meters()[0].used
    clock.move(-300 * DAY)

    with opened(folder / "home", clock) as node:
        again = node.runs.run(grant)

        assert (again.cost, node.budgets.meters()[0].used) == (0, spent)
        assert charged(node) == spent


@pytest.mark.threat("T165")
def test_a_constant_program_that_is_asked_again_is_evaluated_once(folder: Path) -> None:
    clock = Hands()
    with opened(folder / "home", clock) as node:
        bring(node, folder, ["green"] * 3)
        constant = job(code=b"def evaluate(obj, res):\n    return 1\n")
        values = []
        for number in range(4):
            asker = Asker(node, f"app {number}")
            values.append(answered(node, asker, replace(constant, version=f"1.0.{number}")))
            clock.move(HOUR)

        assert values == [3] * 4
        assert kinds(node).count("run") == 1
