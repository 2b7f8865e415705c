"""Decoy tables at a provider that changes rows without knowing which were made up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import QuarantinedError
from sealhold.node import opened, proxywatching
from sealhold.node.proxying import Proxy, proxying
from tests.proxying.alarming import alarming_policy, found, made, until
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.starting import PASSPHRASE

CHANGES = {
    "card": "UPDATE card SET id = id + 1 WHERE id = 3",
    "gone": "DELETE FROM gone WHERE id = 5",
    "more": "INSERT INTO more SELECT id, body, body_m, _sh_rid + 99 FROM more WHERE id = 1",
    "drop": 'DROP TABLE "drop"',
}
ODD = "odd"
SAID = {
    "note": "",
    **dict.fromkeys(CHANGES, 'reactions = ["quarantine", "notify"]\nbait = 7'),
    ODD: 'reactions = ["quarantine"]\nbait = 3',
}


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        started.run("CREATE TABLE odd (somebody_elses integer)", "rented")
        yield started


def laid(proxy: Proxy) -> bool:
    return all(proxy.watching.alarms.decoy(f"public.{each}") for each in CHANGES)


@pytest.mark.threat("T748")
def test_a_decoy_looks_like_any_table_and_each_change_at_the_provider_is_found(
    rented: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxywatching, "EACH", 0.05)
    monkeypatch.setattr(proxywatching, "CANARY", 0.1)
    home = made(tmp_path, alarming_policy(rented, SAID))
    told: list[tuple[str, str]] = []
    with (
        opened(home, PASSPHRASE) as node,
        proxying(node, {}) as proxy,
        proxy.watching.going_on(lambda cause, place: told.append((cause, place))),
    ):
        assert until(lambda: laid(proxy))
        assert not until(lambda: len(told) > 1, 0.5)
        honest, suspected, spots = list(told), proxy.watching.suspected(), proxy.watching.spots()
        rows = rented.run("SELECT id, body, body_m, _sh_rid FROM card", "rented")
        for nth, change in enumerate(CHANGES.values(), 2):
            rented.run(change, "rented")
            assert until(lambda: len(told) == nth)  # noqa: B023 - it is called at once
        with pytest.raises(QuarantinedError):
            proxy.watching.spots()

    assert honest == [("decoy-missing", "public.odd")]
    assert (suspected, len(spots)) == (frozenset(), 1)
    assert told[1:] == [("decoy-changed", f"public.{each}") for each in CHANGES]
    assert len(rows) == len({row[1] for row in rows}) == len({row[2] for row in rows}) == 7
    assert found(home)[1] == {("provider", "rented")}
