"""The proxy and the database alone are asked the same: identical or refused, and nothing else."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxying.cases import Case, written_cases
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.generating import generated
from tests.proxying.oracle import Oracle, ask_all
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Way
from tests.proxying.worlds import WORLDS

MADE = 1_200
ANSWERED = 0.8  # of what the proxy promises
SEED = 1


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def asked_all(rented: Cluster, folder: Path, cases: list[Case]) -> tuple[Oracle, list[str]]:
    """Ask all cases, and return what came of it, and which tables differ at the end."""
    with (
        start_proxy(policy_for(rented), folder) as proxy,
        Oracle(proxy.address, rented.address("plain")) as oracle,
    ):
        oracle.fill(WORLDS)
        for sql in oracle.views():
            rented.run(sql, "rented")
        for nth, case in enumerate(cases):
            ways = [[*Way][nth % 3]] if case.feature.startswith("made") else Way
            for _ in ask_all(oracle, [case], ways):
                pass
        return oracle, oracle.contents(WORLDS)


def test_every_statement_is_answered_as_by_the_database_alone_or_refused(
    rented: Cluster, tmp_path: Path
) -> None:
    cases = [*written_cases(), *generated(MADE, SEED)]

    oracle, differing = asked_all(rented, tmp_path, cases)

    assert not oracle.report.wrong, str(oracle.report)
    assert not differing
    assert len({str(case) for case in cases}) >= 1_500
    assert oracle.report.answered >= ANSWERED, str(oracle.report)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_many_more_statements_are_answered_so_or_refused(
    rented: Cluster, tmp_path: Path, seed: int
) -> None:
    for name in ("rented", "plain"):
        rented.run(f"DROP DATABASE {name} WITH (FORCE)")
        rented.run(f"CREATE DATABASE {name}")

    oracle, differing = asked_all(rented, tmp_path, [*generated(10_000, seed)])

    assert not oracle.report.wrong, str(oracle.report)
    assert not differing
