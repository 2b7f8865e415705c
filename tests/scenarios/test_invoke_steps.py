"""SIGKILL at each step between an app's question and its answer, one after the other."""

import shutil
from itertools import count
from pathlib import Path

import pytest

from sealhold.node import Node
from tests.forked import FORKS
from tests.scenarios.invoked import answer_and_die
from tests.scenarios.vaults import (
    Asker,
    Hands,
    Job,
    calendar,
    charged,
    kinds,
    new_home,
    opened,
)

DEMAND = Job(slot={"seconds": 10, "mode": "demand", "max_slots": 1}, most=10)
COST = 3_459_432  # micro-bits of an answer: one of 0 to 10


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a home in which nothing was evaluated yet, and the grant to answer under."""
    folder = tmp_path_factory.mktemp("asked")
    home = new_home(folder / "home")
    with opened(home) as node:
        node.sources.import_paths([calendar(folder / "c.ics", ["green", "red", "green"])])
        return home, Asker(node).granted(node, DEMAND)


def lived(home: Path, grant: str, side: str, at: int) -> bool:
    """Let a process answer and die at a step; return whether it came to its end before that."""
    process = FORKS.Process(target=answer_and_die, args=(str(home), grant, side, str(at)))
    process.start()
    process.join()
    assert process.exitcode in {0, -9}
    return process.exitcode == 0


def check(node: Node) -> tuple[int, list[bytes]]:
    """Return how often was charged and what left, after a look at what must hold at any time."""
    state = node.audit.verify()
    assert state.whole, state.faults
    told = kinds(node)
    answers = [answer.sealed for answer in node.runs.answers()]
    assert len(answers) <= told.count("charge") <= 1
    assert bool(answers) == ("release" in told)
    assert charged(node) == told.count("charge") * COST
    return told.count("charge"), answers


@pytest.mark.threat("T72")
@pytest.mark.parametrize("side", ["commit", "value"])
def test_a_kill_at_any_step_of_an_answer_gives_nothing_back_and_nothing_twice(
    asked: tuple[Path, str], tmp_path: Path, side: str
) -> None:
    template, grant = asked
    seen = []
    for at in count():
        home = Path(shutil.copytree(template, tmp_path / str(at)))
        if lived(home, grant, side, at):
            break

        with opened(home, Hands()) as node:
            before, left = check(node)
            first, again = node.runs.run(grant), node.runs.run(grant)
            after, answers = check(node)

        assert first.value == 2
        assert first.sealed == again.sealed
        assert answers == [first.sealed]
        assert left in ([], answers)  # what left before the kill is what is said after it
        assert before <= after == 1
        seen.append((before, len(left)))

    assert seen == sorted(seen)  # the charge first, then the answer
    assert len(seen) >= 3
    if side == "commit":
        assert seen[-1] == (1, 1)
