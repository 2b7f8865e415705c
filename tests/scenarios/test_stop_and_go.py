"""A run over some hundred objects, cut short by Ctrl-C or a kill: gone on with, charged once."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from sealhold.model.errors import StoppedError
from sealhold.model.quantities import DAY, Instant
from sealhold.node import Node, system_clock
from tests.forked import FORKS
from tests.scenarios.pseudo_terminal import at_terminal, without_terminal
from tests.scenarios.vaults import PASSPHRASE, Asker, Hands, Job, allow, named, new_home, opened

OBJECTS = 1_300
ODD = OBJECTS // 2
ENVIRONMENT = {"SEALHOLD_PASSPHRASE": PASSPHRASE}
COUNT = Job(
    # Slow enough for a look, a key or a kill in the middle.
    code=b"""
def evaluate(obj, res):
    for i in range(20000): pass
    return obj['cells']['n'] % 2
""",
    collection="rows",
    fields=("cells",),
    most=OBJECTS,
    milliseconds=2_000,
    expires="2100-01-01T00:00:00Z",
    aggregate={
        "kind": "count",
        "args": {"value": 1},
        "range": {"min": 0, "max": OBJECTS, "step": 1},
        "default": 0,
    },
)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a home of many rows, and an app that the vault knows."""
    folder = tmp_path_factory.mktemp("full")
    home = new_home(folder / "home", Hands(system_clock()))
    table = folder / "rows.jsonl"
    rows = ({"n": n, "text": f"row {n}"} for n in range(OBJECTS))
    table.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with opened(home, Hands(system_clock())) as node:
        assert node.sources.import_paths([table]).new == OBJECTS
    return folder


@pytest.fixture
def folder(full: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(full, tmp_path / "copy"))


@contextmanager
def now(folder: Path) -> Iterator[Node]:
    with opened(folder / "home", Hands(system_clock())) as node:
        yield node


def asked(node: Node) -> str:
    until = Instant(system_clock() + 20 * DAY)
    return Asker(node).ask(node, COUNT, until=until)


def waiting(folder: Path) -> str:
    """Return a grant of which nothing is evaluated yet."""
    with now(folder) as node:
        request = asked(node)
        node.stop()
        return named(allow(node, request))


def known(node: Node) -> int:
    """Return how many objects the log says were evaluated."""
    return sum(line.rows_read for line in node.audit.lines() if line.kind == "run")


def check_whole(folder: Path, grant: str) -> None:
    """Run to the end, and look that nothing was evaluated, charged or answered twice."""
    with now(folder) as node:
        assert known(node) < OBJECTS
        answer = node.runs.run(grant)
        again = node.runs.run(grant)
        charges = [line.cost for line in node.audit.lines() if line.kind == "charge"]
        assert known(node) == OBJECTS
        assert node.audit.verify().whole
    assert answer.value == ODD
    assert (again.sealed, again.cost) == (answer.sealed, 0)
    assert charges == [answer.cost]


def test_ctrl_c_at_a_terminal_ends_a_run_and_the_same_command_goes_on(folder: Path) -> None:
    grant = waiting(folder)

    with at_terminal("run", grant, folder=folder, env=ENVIRONMENT) as terminal:
        terminal.wait_for(f"/{OBJECTS}")
        terminal.interrupt()
        assert terminal.end() == 130, terminal.seen

    assert "no answer left" in terminal.seen
    assert f"sealhold run {grant}" in terminal.seen
    with now(folder) as node:
        assert 0 < known(node) < OBJECTS
        assert node.runs.answers() == ()
        assert [line.kind for line in node.audit.lines()].count("charge") == 1
    check_whole(folder, grant)


def test_the_command_that_goes_on_answers_like_an_unbroken_run(folder: Path, full: Path) -> None:
    other = Path(shutil.copytree(full, folder / "unbroken"))
    grant, unbroken = waiting(folder), waiting(other)
    with at_terminal("run", grant, folder=folder, env=ENVIRONMENT) as terminal:
        terminal.wait_for(f"/{OBJECTS}")
        terminal.interrupt()
        assert terminal.end() == 130, terminal.seen

    told = [
        json.loads(without_terminal("run", which, "--json", folder=where, env=ENVIRONMENT).stdout)
        for where, which in ((folder, grant), (other, unbroken))
    ]

    assert [each["answer"]["value"] for each in told] == [ODD, ODD]
    assert told[0]["answer"]["cost"] == told[1]["answer"]["cost"]
    assert told[0]["grant"]["spent"] == told[1]["grant"]["spent"]


def test_ctrl_c_while_a_request_is_allowed_leaves_it_allowed(folder: Path) -> None:
    with now(folder) as node:
        request = asked(node)

    with at_terminal("request", "approve", request, folder=folder, env=ENVIRONMENT) as terminal:
        terminal.wait_for(f"/{OBJECTS}")
        terminal.interrupt()
        assert terminal.end() == 130, terminal.seen

    assert "it is allowed" in terminal.seen
    with now(folder) as node:
        (grant,) = node.grants.list()
        assert 0 < known(node) < OBJECTS
    check_whole(folder, named(grant))


@pytest.mark.threat("T72")
def test_what_was_said_is_kept_while_the_rest_is_evaluated(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sealhold.compute.replay.BATCH", 100)
    grant = waiting(folder)
    seen: list[tuple[int, int]] = []
    with now(folder) as node:

        def look(done: int, every: int) -> None:
            assert every == OBJECTS
            if done % 100 == 50:
                seen.append((done, known(node)))

        assert node.runs.run(grant, progress=look).value == ODD
        kept = [line.rows_read for line in node.audit.lines() if line.kind == "run"]

    assert seen == [(done, done - 50) for done in range(50, OBJECTS, 100)]
    assert kept == [100] * (OBJECTS // 100)


def run_until_killed(folder: Path, grant: str, said: Connection) -> None:
    with now(folder) as node:
        node.runs.run(grant, progress=lambda done, every: said.send((done, every)))


@pytest.mark.threat("T72")
def test_a_run_that_is_killed_in_the_middle_goes_on_and_is_charged_once(folder: Path) -> None:
    grant = waiting(folder)
    ours, theirs = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=run_until_killed, args=(folder, grant, theirs))
    process.start()
    theirs.close()

    done, every = ours.recv()
    process.kill()
    process.join()

    assert 0 < done < every == OBJECTS
    check_whole(folder, grant)


def test_a_node_that_was_stopped_runs_nothing_until_it_is_opened_again(folder: Path) -> None:
    grant = waiting(folder)
    with now(folder) as node:
        node.stop()
        with pytest.raises(StoppedError):
            node.runs.run(grant)
        assert known(node) == 0

    check_whole(folder, grant)
