"""Audits of a provider's rows: each that is not as it was written is named, with its table."""

import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import Sealer
from sealhold.model.errors import ProxyStateLostError
from sealhold.model.ids import Id16
from sealhold.node import opened
from sealhold.node.node import Node
from sealhold.node.proxying import Proxy, proxying
from sealhold.protect.state import State
from sealhold.vault.proxykeys import ProxyKeys
from sealhold.vault.proxyrows import ProxyRows, Thing
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.hostile_pg import HostileProvider
from tests.proxying.rowscenes import TABLES, Scene, fill
from tests.proxying.starting import PASSPHRASE, policy_for, prepared, serving
from tests.proxying.talking import Talk


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def findings(proxy: Proxy, table: str) -> dict[str, int]:
    """Return what an audit finds in a table, and how often."""
    (seen,) = proxy.audits.run(table, 0, lambda _table, _rows: None).tables
    counts: dict[str, int] = {}
    for each in seen.findings:
        assert each.table == f"public.{table}"
        assert each.row > 0
        counts[each.what] = counts.get(each.what, 0) + 1
    assert sum(counts.values()) == seen.found
    return counts


def told(node: Node, kind: EventKind) -> list[tuple[str | None, str | None, Outcome]]:
    """Return what the log says, the newest first."""
    core = node.parts.core
    core.writer.submit([]).result()

    def opener(subject: Id16) -> Sealer | None:
        return core.keys.events if subject == core.owner else Sealer(core.keyring.named("log"))

    events = [line.logged.event for line in read_entries(core.store, opener) if line.logged]
    return [(each.collection, each.reason, each.outcome) for each in events if each.kind is kind]


@pytest.fixture(scope="module")
def folder(rented: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("proxy")
    prepared(made / "vault", policy_for(rented, TABLES))
    with serving(made) as proxy, Talk(proxy.address) as link:
        fill(link)
        rented.run("CREATE TABLE before AS TABLE level", "rented")
        link.say("UPDATE level SET metres = 5 WHERE id <= 20")
        link.say("DELETE FROM level WHERE id > 230")
    return made


@pytest.mark.threat("T712")
@pytest.mark.threat("T713")
@pytest.mark.threat("T722")
def test_audits_name_each_row_that_is_not_as_it_was_written(rented: Cluster, folder: Path) -> None:
    scene = Scene(rented, HostileProvider(), folder)
    with (
        opened(folder / "vault", PASSPHRASE) as node,
        proxying(node, {}) as proxy,
        scene.kept("level") as put_back,
    ):
        found = partial(findings, proxy)
        assert found("level") == found("patient") == {}
        scene.sql("UPDATE level SET id = 100000 WHERE id = 3")
        assert found("level") == {"changed": 1}
        put_back("id IN (3, 100000)")
        scene.sql("DELETE FROM level WHERE id IN (5, 6)")
        scene.sql("DELETE FROM patient WHERE id IN (5, 6)")
        assert found("level") == {"missing": 2}
        assert found("patient") == {}  # under `row` nobody says what is missing
        put_back("id IN (5, 6)")
        scene.sql("UPDATE level SET _sh_rid = _sh_rid + 2^40::bigint WHERE id = 5")
        assert found("level") == {"changed": 1, "missing": 1}  # a number that nobody drew
        put_back("id = 5")
        scene.sql("ALTER TABLE level DROP CONSTRAINT level__sh_rid_key")
        scene.sql("ALTER TABLE level DROP CONSTRAINT level_pkey")
        scene.sql("INSERT INTO level SELECT * FROM level WHERE id = 5")
        assert found("level") == {"doubled": 1}
        put_back("id = 5")
        assert found("level") == {}
        said = told(node, EventKind.PROXY_AUDIT)
        assert ("public.level", "2 missing", Outcome.FAILED) in said
        assert told(node, EventKind.PROXY_HEAD)


@pytest.mark.threat("T712")
def test_an_audit_finds_a_whole_table_that_was_put_back(rented: Cluster, folder: Path) -> None:
    scene = Scene(rented, HostileProvider(), folder)
    with (
        opened(folder / "vault", PASSPHRASE) as node,
        proxying(node, {}) as proxy,
        scene.kept("level"),
    ):
        scene.sql("DELETE FROM level")
        scene.sql("INSERT INTO level SELECT * FROM before")
        assert findings(proxy, "level") == {"replayed": 20, "deleted": 10}
        sampled = proxy.audits.run("level", 1, lambda _table, _rows: None)
        assert sampled.tables[0].found == 30
        scene.sql("DELETE FROM level")
        scene.sql("INSERT INTO level SELECT * FROM kept")
        assert findings(proxy, "level") == {}
        scene.sql("UPDATE level SET _sh_tag = 'x' WHERE id = 1")
        assert proxy.audits.adopt("level") == 229  # all whose tags fit
        assert findings(proxy, "level") == {"changed": 1}
        scene.sql("DELETE FROM level")
        scene.sql("INSERT INTO level SELECT * FROM kept")
        assert proxy.audits.adopt("level") == 230


@pytest.mark.threat("T720")
def test_a_state_of_before_the_last_head_is_not_taken(rented: Cluster, tmp_path: Path) -> None:
    prepared(tmp_path / "vault", policy_for(rented, TABLES))
    path, older = tmp_path / "vault" / "proxy" / "worlds.db", tmp_path / "older.db"
    with opened(tmp_path / "vault", PASSPHRASE) as node, proxying(node, {}) as proxy:
        core, audits = node.parts.core, proxy.audits
        shutil.copy(path, older)  # after the start, so the turn of the start does not tell it
        audits.versions.drop([audits.versions.stage("public.level", [1], 5)])
        audits.note_head(always=True)
        kept = ProxyRows(core).get(Thing.STATE, "worlds")
        assert kept is not None
        turn, key = int(kept.paper["turn"]), ProxyKeys(core).state("worlds")

        with pytest.raises(ProxyStateLostError):
            State(older, key, core.entropy, turn)
