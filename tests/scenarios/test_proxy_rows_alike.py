"""Tables whose rows are tagged are asked as the database alone is: identical, or refused."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.proxying.cases import Case, written_cases
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.generating import generated
from tests.proxying.oracle import Oracle, ask_all
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Way
from tests.proxying.worlds import WORLDS

GUARDED = tuple(replace(each, integrity="table") if each.listed else each for each in WORLDS)
ANSWERED = 0.7  # of what is promised without tags


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def asked(rented: Cluster, folder: Path, cases: Sequence[Case]) -> None:
    with (
        start_proxy(policy_for(rented, GUARDED), folder) as proxy,
        Oracle(proxy.address, rented.address("plain")) as oracle,
    ):
        oracle.fill(GUARDED)
        for nth, case in enumerate(cases):
            for _ in ask_all(oracle, [case], [[*Way][nth % 3]]):
                pass
        differing = oracle.contents(GUARDED)

    assert not oracle.report.wrong, str(oracle.report)
    assert not differing
    assert oracle.report.answered >= ANSWERED, str(oracle.report)


def test_tagged_tables_answer_as_the_database_alone_or_refuse(
    rented: Cluster, tmp_path: Path
) -> None:
    written = [case for case in written_cases() if case.feature != "views"]  # none can be made
    asked(rented, tmp_path, [*written[::15], *generated(30, 3)])


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(4, 8))
def test_many_more_statements_on_tagged_tables(rented: Cluster, tmp_path: Path, seed: int) -> None:
    for name in ("rented", "plain"):
        rented.run(f"DROP DATABASE {name} WITH (FORCE)")
        rented.run(f"CREATE DATABASE {name}")
    written = [case for case in written_cases() if case.feature != "views"]
    asked(rented, tmp_path, [*written, *generated(2_000, seed)])
