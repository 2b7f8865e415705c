"""`sealhold proxy agent` and `sealhold proxy fold`, as an owner and a provider run them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from time import sleep

import psycopg
import pytest

from sealhold.config import PASSPHRASE_VARIABLE
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.starting import PASSPHRASE
from tests.proxying.summing import TOKEN, agent, serving, summed_policy, wait_until
from tests.proxying.tables import Table
from tests.proxying.worlds import KEY, hidden, whole

COST = Table(
    name="cost", dataset="health", rows=0, columns=(
        KEY, hidden("paid", "integer", "he-sum", whole(-500, 500)),
    ),
)  # fmt: skip
BLOCKS = 24  # fewer rows than may be opened for one sum
SUMMED = "SELECT sum(paid), count(*) FROM cost"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def command(*words: str, token: str = TOKEN) -> "subprocess.Popen[str]":
    named = {"AGENT": token, "SEALHOLD_AGENT_TOKEN": token, PASSPHRASE_VARIABLE: PASSPHRASE}
    return subprocess.Popen(
        [sys.executable, "-m", "sealhold", "proxy", *words],
        env={**os.environ, **named}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run an agent, and yield where it is."""
    server = command("agent", str(folder), "--port", "0", "--json")
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["url"]
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
        assert server.returncode == 0


def filled(rented: Cluster, home: Path, rows: int, policy: str) -> int:
    rented.run("DROP TABLE IF EXISTS cost", "rented")
    with serving(home, policy) as served:
        served.rows(COST.create)
        with (
            psycopg.connect(served.address.conninfo) as link,
            link.cursor().copy("COPY cost FROM STDIN") as copy,
        ):
            copy.write("".join(f"{nth}\t{nth % 1_000 - 500}\n" for nth in range(rows)))
    return sum(nth % 1_000 - 500 for nth in range(rows))


def test_an_agent_that_runs_is_given_blocks_by_a_fold(rented: Cluster, tmp_path: Path) -> None:
    home = tmp_path / "vault"
    with running(tmp_path / "agent") as url:
        total = filled(rented, home, 4_500, summed_policy(rented, (COST,), url))
        fold = command("fold", "cost", "--home", str(home), "--json")
        said, _ = fold.communicate(timeout=60)
        assert json.loads(said)["folds"] == [
            {"column": "public.cost.paid", "blocks": 1, "rows": 4_096, "quarantined": False}
        ]
        with serving(home) as served:
            assert served.rows(SUMMED) == [(str(total), "4500")]


def test_an_agent_needs_a_token_and_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "agent").mkdir()
    (tmp_path / "agent" / "secret.key").write_text("x")
    for words, token, why in (
        (("agent", str(tmp_path / "new")), "", "SEALHOLD_AGENT_TOKEN"),
        (("agent", str(tmp_path / "agent")), TOKEN, "none of an agent's"),
        (("agent", str(tmp_path / "new"), "--host", "0.0.0.0"), TOKEN, "--certificate"),
    ):
        ended = command(*words, token=token)
        _, said = ended.communicate(timeout=60)
        assert ended.returncode, words
        assert why in " ".join(said.split()), said


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [30])
def test_folds_that_are_killed_lose_and_double_nothing(
    rented: Cluster, tmp_path: Path, kills: int
) -> None:
    home, random = tmp_path / "vault", Random(kills)
    with agent(tmp_path / "agent") as adder:
        rows = 4_096 * BLOCKS
        total = filled(rented, home, rows, summed_policy(rented, (COST,), adder.url))
        for _ in range(kills):
            fold = command("fold", "--home", str(home))
            before = len(adder.seen)
            while len(adder.seen) < before + 2 and fold.poll() is None:
                sleep(0.005)
            sleep(random.uniform(0, 0.2))
            with suppress(ProcessLookupError):
                fold.kill()
            fold.communicate()
        with serving(home) as served:
            assert served.rows(SUMMED) == [(str(total), str(rows))]
            marked = "SELECT count(*), count(DISTINCT paid_s) FROM cost WHERE paid_s > 0"
            whole = [(str(rows), str(BLOCKS))]
            wait_until(lambda: not served.fold() and rented.run(marked, "rented") == whole)
            assert served.rows(SUMMED) == [(str(total), str(rows))]
