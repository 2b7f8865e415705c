"""Decoy tables at a provider that changes rows without knowing which were made up."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import QuarantinedError
from sealhold.node import opened, proxywatching
from sealhold.node.proxying import proxying
from tests.proxying.alarming import alarming_policy, let_go, made, until
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.starting import PASSPHRASE

SAID = {"card": 'reactions = ["quarantine", "notify"]\nbait = 7', "note": ""}
CHANGES = (
    "UPDATE card SET id = id + 1 WHERE id = 3",
    "DELETE FROM card WHERE id = 5",
    "INSERT INTO card SELECT id, body, body_m, _sh_rid + 99 FROM card WHERE id = 1",
    "DROP TABLE card",
)


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.mark.threat("T748")
def test_a_decoy_looks_like_any_table_and_each_change_at_the_provider_is_found(
    rented: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxywatching, "EACH", 0.05)
    monkeypatch.setattr(proxywatching, "CANARY", 0.1)
    home = made(tmp_path, alarming_policy(rented, SAID))
    found = []
    for change in ("", *CHANGES):
        told: list[tuple[str, str]] = []
        with (
            opened(home, PASSPHRASE) as node,
            proxying(node, {}) as proxy,
            proxy.watching.going_on(lambda cause, place: told.append((cause, place))),  # noqa: B023 - ends with the loop
        ):
            assert until(lambda: bool(proxy.watching.alarms.decoy("public.card")))
            if not change:
                rows = rented.run("SELECT id, body, body_m, _sh_rid FROM card", "rented")
                assert not until(lambda: bool(told), 0.5)  # noqa: B023 - as above
                continue
            rented.run("CREATE TABLE IF NOT EXISTS kept AS TABLE card", "rented")
            rented.run(change, "rented")
            assert until(lambda: bool(told))  # noqa: B023 - as above
            with pytest.raises(QuarantinedError):
                proxy.watching.spots()
            found += told
        let_go(home, "provider", "rented")
        if change != CHANGES[-1]:
            rented.run("TRUNCATE card", "rented")
            rented.run("INSERT INTO card TABLE kept", "rented")

    assert found == [("decoy-changed", "public.card")] * len(CHANGES)
    assert len(rows) == 7
    assert len({row[1] for row in rows}) == len({row[2] for row in rows}) == 7


def test_a_decoy_that_cannot_be_made_is_told_and_no_fault_of_the_provider(
    rented: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proxywatching, "EACH", 0.05)
    monkeypatch.setattr(proxywatching, "CANARY", 0.1)
    rented.run("CREATE TABLE odd (somebody_elses integer)", "rented")
    home = made(tmp_path, alarming_policy(rented, {"odd": 'reactions = ["quarantine"]\nbait = 3'}))
    told: list[tuple[str, str]] = []
    with (
        opened(home, PASSPHRASE) as node,
        proxying(node, {}) as proxy,
        proxy.watching.going_on(lambda cause, place: told.append((cause, place))),
    ):
        assert until(lambda: bool(told))
        assert not until(lambda: bool(proxy.watching.suspected()), 0.5)
        assert len(proxy.watching.spots()) == 1

    assert told == [("decoy-missing", "public.odd")]
