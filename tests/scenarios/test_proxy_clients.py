"""Programs that know nothing of a proxy work through it as they do without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxying.addresses import Address
from tests.proxying.clients import CLIENTS, by_pgbench
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.oracle import Oracle
from tests.proxying.sqlalchemy_suite import SCHEMA, TABLES, run_suite
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.worlds import WORLDS

RIGHT = 0.8  # of SQLAlchemy's tests; the others are refused


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def ends(
    rented: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Address, Address]]:
    """Return the proxy and the database alone, both with the same rows."""
    folder = tmp_path_factory.mktemp("proxy")
    for name in ("rented", "plain"):
        rented.run(SCHEMA, name)
    tables = (*WORLDS, *TABLES)
    with start_proxy(policy_for(rented, tables, tls=True), folder) as proxy:
        truth = rented.address("plain")
        with Oracle(proxy.address, truth) as oracle:
            oracle.fill(WORLDS)
        yield proxy.address, truth


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_sees_the_same_through_the_proxy(ends: tuple[Address, Address], name: str) -> None:
    ours, theirs = ends

    assert CLIENTS[name](ours) == CLIENTS[name](theirs)


def test_pgbench_leaves_the_same_in_each_of_its_modes(
    ends: tuple[Address, Address], tmp_path: Path
) -> None:
    ours, theirs = ends

    assert by_pgbench(ours, tmp_path) == by_pgbench(theirs, tmp_path)


def test_sqlalchemy_s_own_tests_pass_or_are_refused(
    ends: tuple[Address, Address], tmp_path: Path
) -> None:
    ours, theirs = ends
    (tmp_path / "ours").mkdir()
    (tmp_path / "theirs").mkdir()

    truth = run_suite(theirs, tmp_path / "theirs")
    went = run_suite(ours, tmp_path / "ours")

    assert not truth.failed
    assert not went.failed
    assert truth.passed <= went.passed | went.refused
    assert len(truth.passed & went.passed) >= RIGHT * len(truth.passed)
