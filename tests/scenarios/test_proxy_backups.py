"""A proxy's state goes with the vault's backup; what comes back of it is used once, and rightly."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sealhold.model.errors import ProxyStateLostError, TamperedError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.node import backing, create, opened
from sealhold.node.node import Node
from sealhold.node.placing import place_of
from sealhold.node.proxying import proxying
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.copying import Part
from sealhold.vault.backups import checked, read_manifest
from sealhold.vault.home import Home
from sealhold.vault.proxycopies import put_back
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import said, served
from tests.proxying.starting import PASSPHRASE, policy_for, prepared
from tests.proxying.talking import Talk
from tests.proxying.worlds import BADGE
from tests.scenarios.backed import OWNER, nobody_watches


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.mark.timeout(120)
@pytest.mark.threat("T771")
def test_a_state_is_backed_up_restored_elsewhere_and_served(
    rented: Cluster, tmp_path: Path
) -> None:
    home, place = tmp_path / "vault", tmp_path / "place"
    prepared(home, policy_for(rented, (BADGE,)))
    with served(home) as address, Talk(address) as link:
        assert not said(link, BADGE.create).sqlstate
        for sql in BADGE.inserts(1):
            assert not said(link, sql).sqlstate
        before = link.rows("SELECT * FROM badge ORDER BY id")
    older = shutil.copy2(home / "proxy" / "worlds.db", tmp_path / "older.db")
    with opened(home, PASSPHRASE) as node:
        made = backing.back_up(node, str(place), nobody_watches)
        assert [each.outcome for each in backing.drill(node).tried] == ["held"] * 3
    with served(home) as address, Talk(address) as link:  # it goes on after the backup
        assert not said(link, "INSERT INTO badge (id, pan) VALUES (900, 'after')").sqlstate

    there = tmp_path / "restored"
    world = node.world
    restore = backing.Restore(there, str(place), Home(home), world, backup=made.id)
    restore.fill(nobody_watches, lambda: PASSPHRASE)
    with Node(there, world) as back:
        back.unlock(PASSPHRASE, OWNER)
    with served(there) as address, Talk(address) as link:
        assert link.rows("SELECT * FROM badge WHERE id < 900 ORDER BY id") == before
        assert link.rows("SELECT id FROM badge WHERE pan = '4007919-1'") == [("2",)]
        assert said(link, "SELECT pan FROM badge WHERE id = 900").sqlstate == "SH003"
        for number in range(901, 905):
            sql = f"INSERT INTO badge (id, pan) VALUES ({number}, 'new {number}')"
            assert not said(link, sql).sqlstate
        assert said(link, "INSERT INTO badge (id, pan) VALUES (9, '4007919-1')").sqlstate == "23505"
    counted = "SELECT count(*) = count(DISTINCT _sh_rid) FROM badge"
    assert rented.run(counted, "rented") == [("t",)]

    shutil.copy2(older, home / "proxy" / "worlds.db")  # alone, and older than the vault remembers
    for ending in ("-wal", "-shm"):
        (home / "proxy" / f"worlds.db{ending}").unlink(missing_ok=True)
    with opened(home, PASSPHRASE) as node, pytest.raises(ProxyStateLostError):
        proxying(node, {}).__enter__()


@pytest.mark.threat("T770")
@pytest.mark.parametrize("name", ["b1/proxy/a.b/0", "b1/proxy/a/b/0", "b1/keys/a/0", "b1/x"])
def test_a_part_that_is_no_state_is_put_nowhere(tmp_path: Path, name: str) -> None:
    place = MemoryObjects()
    part = Part(ObjectName(name), 1, bytes(32))
    place.put(part.name, SealedBytes(b"x"))
    with pytest.raises(TamperedError):
        put_back(Home(tmp_path), [part], partial(checked, place))
    assert not [*tmp_path.iterdir()]


def test_a_backup_without_a_proxy_has_the_form_that_it_had(tmp_path: Path) -> None:
    home, place = tmp_path / "vault", tmp_path / "place"
    create(home, PASSPHRASE, headless=True)
    with opened(home, PASSPHRASE) as node:
        backing.back_up(node, str(place), nobody_watches)
        manifest = read_manifest(place_of(str(place), node.world))
    assert not manifest.states
