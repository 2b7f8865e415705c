"""What reaches a rented database through the proxy: searched for ten thousand planted values."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxying.cluster import Cluster, cluster
from tests.proxying.hunting import PLACES, Hunt
from tests.proxying.markers import PLANTED, Planter, found_in, number, text
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Talk

MARKERS = 10_000
COPIED = ("copies", "csv_copies")  # no statement holds their rows
LEFT = ("updates", "inserts", "binds", "binary_binds", "copies", "csv_copies", "several")


@pytest.fixture(scope="module")
def logging() -> Iterator[Cluster]:
    with cluster("all") as started:
        yield started


def test_without_a_proxy_the_hunt_finds_what_was_planted_in_every_place_and_way(
    logging: Cluster,
) -> None:
    hunt = Hunt(logging, "rented")

    with hunt.watching() as port:
        planter = Planter(logging.address("rented").at(port), MARKERS // 10)
        planter.plant()
    found = hunt.found()

    assert set(found) == set(PLACES)
    assert not planter.refused
    for way, numbers in planter.numbers.items():
        assert {*numbers} <= {*found["wire"]}, way
        assert way in COPIED or {*numbers} & {*found["log"]}, way
    for way in LEFT:
        assert {*planter.numbers[way]} & ({*found["files"]} | {*found["wal"]}), way
        assert way == "updates" or {*planter.numbers[way]} <= {*found["dump"]}, way
    assert found["activity"]


@pytest.mark.threat("T662")
@pytest.mark.parametrize(
    "tls", [pytest.param(False, marks=pytest.mark.soak), True], ids=["plain", "tls"]
)
def test_through_the_proxy_no_planted_value_reaches_the_provider_in_any_way(
    tmp_path: Path, *, tls: bool
) -> None:
    with cluster("all") as rented:
        hunt = Hunt(rented, "rented")
        with (
            hunt.watching(tls=tls) as port,
            start_proxy(policy_for(rented, (PLANTED,), port=port, tls=tls), tmp_path) as proxy,
        ):
            planter = Planter(proxy.address, MARKERS)
            planter.plant()
            with Talk(proxy.address) as link:
                ((kept,),) = link.rows("SELECT count(*) FROM planted")
        found = hunt.found()

    assert not planter.refused
    assert int(kept or 0) > len(planter.numbers["inserts"]) * 6  # they were stored
    assert hunt.passed(b"planted")  # and the wire was watched
    for place, markers in found.items():
        ways = {
            way: nth for way, numbers in planter.numbers.items() for nth in numbers
            if nth in markers
        }  # fmt: skip
        assert not ways, place


@pytest.mark.parametrize(
    "data",
    [
        text(77).encode(),
        text(77).encode().hex().encode(),
        text(77).encode().hex().upper().encode(),
        number(77).to_bytes(8),
        number(77).to_bytes(8, "little"),
        str(number(77)).encode(),
    ],
)
def test_a_marker_is_found_in_each_form(data: bytes) -> None:
    assert set(found_in(b"x" + data + b"y")) == {77}


def test_noise_holds_no_marker() -> None:
    assert not found_in(bytes(range(256)) * 100)
