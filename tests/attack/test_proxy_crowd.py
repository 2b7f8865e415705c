"""Many clients at once, some of which send noise: each gets its own rows, and memory stays."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.proxying.cluster import Cluster, cluster
from tests.proxying.crowds import CROWD, crowd, noise, resident_mb
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Talk

GROWTH = 64.0  # MB over what stood after the first seconds
BASE = 40.0  # MB: logins and plans of a crowd come first


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.mark.threat("T663")
@pytest.mark.parametrize(
    ("workers", "vandals", "seconds"),
    [
        (12, 4, 4.0),
        pytest.param(170, 30, 600.0, marks=[pytest.mark.soak, pytest.mark.timeout(900)]),
    ],
)
def test_a_crowd_is_served_rightly_whatever_vandals_send(
    rented: Cluster, tmp_path: Path, workers: int, vandals: int, seconds: float
) -> None:
    rented.run(f"CREATE DATABASE crowd{workers}")
    memory: list[float] = []
    text = policy_for(rented, (CROWD,), database=f"crowd{workers}")
    with start_proxy(text, tmp_path, f"crowd{workers}") as proxy:
        tally = crowd(
            proxy.address, workers, vandals, seconds,
            lambda: memory.append(resident_mb(proxy.process.pid)),
        )  # fmt: skip
        with Talk(proxy.address) as link:
            ((left,),) = link.rows("SELECT count(*) FROM crowd")

    assert not tally.wrong, tally.wrong[:5]
    assert left == str(workers * 20)
    assert tally.done > workers * 10
    assert tally.vandalised
    middle = memory[len(memory) // 2]
    assert memory[-1] - memory[0] < GROWTH + BASE
    assert seconds < 60 or memory[-1] - middle < GROWTH


def test_noise_is_the_same_for_a_seed_and_of_many_kinds() -> None:
    one, two = ([noise(random) for _ in range(200)] for random in (Random(1), Random(1)))

    assert one == two
    assert len(set(one)) > 60
