"""Two proxies: one asks the other's rows and sums under a grant, and keeps the receipt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.node import opened
from sealhold.node.peerwork import PeerWork
from tests.proxying.cluster import cluster
from tests.proxying.peering import GRID, HEAD, ROWS, Pair, pair, serving
from tests.proxying.starting import PASSPHRASE


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with cluster() as rented:
        made = pair(rented, tmp_path_factory.mktemp("peers"))
        made.grant("rows", HEAD + ROWS)
        with serving(made):
            yield made


def test_rows_under_a_grant_come_with_a_receipt(both: Pair) -> None:
    answer = both.ask("rows", "SELECT id, name, age FROM patient WHERE name = $1", "name 7")

    assert answer.columns == ("id", "name", "age")
    assert answer.rows == (("7", "name 7", "27"),)
