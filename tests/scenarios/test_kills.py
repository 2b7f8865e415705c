"""SIGKILL at random moments: what was acknowledged stands, once; the rest is whole or absent."""

import random
import shutil
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sealhold.node import Node, Places
from sealhold.vault.deciding import scan_all
from sealhold.vault.owned import RECORDS
from sealhold.vault.questions import QUESTIONS
from tests.conformance import pgserver
from tests.forked import FORKS
from tests.scenarios.killed import ROWS, Turn, digest, table, work
from tests.scenarios.vaults import Hands, new_home, opened

KILLS = 10  # of one vault
ON_SERVER = 5  # of one whose rows are on a server, which is slower to start; ten in `make soak`
LONGEST = 2.0  # seconds that a process lives before the moment of its kill
MOMENTS = {  # seconds after a step began within which the kill comes
    "start": 0.3,
    "open": 1.5,
    "importing": 0.2,
    "asked": 0.5,
    "allowed": 0.1,
    "charged": 0.015,
}


@dataclass
class Told:
    """What the processes were told, all of them together."""

    begun: set[str] = field(default_factory=set)  # files
    imported: set[str] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)
    answers: dict[str, str] = field(default_factory=dict)  # grant to the digest of its bytes
    steps: Counter[str] = field(default_factory=Counter)

    def hear(self, said: tuple[str, ...]) -> None:
        step, *about = said
        self.steps[step] += 1
        match step:
            case "importing":
                self.begun.add(about[0])
            case "imported":
                assert about[1] == str(ROWS)
                self.imported.add(about[0])
            case "allowed":
                self.allowed.add(about[0])
            case "ran":
                self.answers[about[0]] = about[1]
            case "failed":
                pytest.fail(f"the process ended by itself: {about[0]}")
            case _:
                pass


def live_and_die(home: Path, folder: Path, turn: Turn, told: Told) -> None:
    """Start the process, kill it at a moment that the seed says, and note what it had said."""
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=work, args=(home, folder, turn, theirs))
    process.start()
    theirs.close()
    _wait(ours, random.Random(turn.seed), told)
    process.kill()
    process.join()
    while True:
        try:
            told.hear(ours.recv())
        except EOFError:
            ours.close()
            return


def _wait(said: Connection, rng: random.Random, told: Told) -> None:
    """Wait until a step began, and then a moment of it; or some time, and even the start is cut."""
    after = rng.choice([*MOMENTS, "open", "importing", "charged"])
    until = time.monotonic() + LONGEST
    while after != "start" and time.monotonic() < until:
        if said.poll(0.001):
            step = said.recv()
            told.hear(step)
            if step[0] == after:
                break
    time.sleep(rng.uniform(0, MOMENTS[after]))


def check(node: Node, folder: Path, told: Told) -> None:
    state = node.audit.verify()
    assert state.whole, state.faults
    _check_imports(node, folder, told)
    _check_charges(node, told)
    for grant in node.runs.owed():
        node.runs.run(f"g-{grant.hex()[-12:]}")
    assert node.runs.owed() == []
    _check_charges(node, told)


def _check_imports(node: Node, folder: Path, told: Told) -> None:
    for name in told.begun:
        found = node.records.search(name).total
        if name in told.imported:
            assert found == ROWS
        else:
            again = node.sources.import_paths([table(folder, name)])
            assert (again.new, again.changed) == (ROWS - found, 0)
            told.imported.add(name)
    kept = sum(1 for _ in scan_all(node.parts.core.store, RECORDS))
    assert kept == sum(node.records.counts().values()) == ROWS * len(told.imported)


def _check_charges(node: Node, told: Told) -> None:
    lines = list(node.audit.lines())
    charges = [line for line in lines if line.kind == "charge"]
    answers = node.runs.answers()
    grants = {f"g-{view.id.hex()[-12:]}": view for view in node.grants.list()}
    assert told.allowed <= set(grants)
    assert len(charges) == sum(view.uses for view in grants.values()) <= len(grants)
    assert sum(line.cost for line in charges) == sum(view.spent for view in grants.values())
    asked = [found.row[1] for found in node.parts.core.deciding.all(QUESTIONS.name)]
    assert sum(asked) == len(charges)
    assert sum(line.cost for line in charges) >= sum(answer.cost for answer in answers)
    released = {f"g-{answer.grant.hex()[-12:]}": digest(answer.sealed) for answer in answers}
    assert told.answers.items() <= released.items()
    told.answers.update(released)  # from now on these very bytes


def many_kills(
    tmp_path: Path, first: int, places: Places | None = None, kills: int = KILLS
) -> Counter[str]:
    home, told = new_home(tmp_path / "home", Hands(), places), Told()
    for number in range(kills):
        turn = Turn(number, seed=first + number)
        live_and_die(home, tmp_path, turn, told)
        with opened(home, turn.clock) as node:
            check(node, tmp_path, told)
    with opened(home, Turn(kills, seed=first + kills).clock) as node:
        for grant, sealed in told.answers.items():  # asked again: the same bytes, no charge
            answer = node.runs.run(grant)
            assert (digest(answer.sealed), answer.cost) == (sealed, 0)
        assert node.audit.verify().whole
    shutil.rmtree(home)
    return told.steps


@pytest.mark.threat("T72")
@pytest.mark.parametrize("first", range(0, 10, KILLS))
def test_a_vault_that_was_killed_again_and_again_lost_and_doubled_nothing(
    tmp_path: Path, first: int
) -> None:
    steps = many_kills(tmp_path, first)

    assert steps["open"]


@pytest.mark.threat("T72")
@pytest.mark.parametrize(
    ("first", "kills"), [(40, ON_SERVER), pytest.param(50, KILLS, marks=pytest.mark.soak)]
)
def test_a_vault_whose_rows_are_on_a_server_lost_and_doubled_nothing(
    tmp_path: Path, first: int, kills: int
) -> None:
    rows = f"{pgserver.address()}?schema={pgserver.schema_of(tmp_path)}"

    steps = many_kills(tmp_path, first, Places(records=rows), kills)

    assert steps["open"]


@pytest.mark.soak
@pytest.mark.threat("T72")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("first", range(1_000, 1_200, KILLS))
def test_two_hundred_kills_lose_and_double_nothing(tmp_path: Path, first: int) -> None:
    many_kills(tmp_path, first)
