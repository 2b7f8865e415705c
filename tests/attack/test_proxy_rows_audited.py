"""Audits of a provider's rows: each that is not as it was written is named, with its table."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from sealhold.audit.event import EventKind, Outcome
from sealhold.audit.reading import read_entries
from sealhold.crypto.seal import Sealer
from sealhold.model.ids import Id16
from sealhold.node import opened
from sealhold.node.node import Node
from sealhold.node.proxying import Proxy, proxying
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


@pytest.mark.threat("T712", "T713", "T722")
def test_audits_name_each_row_that_is_not_as_it_was_written(
    rented: Cluster, tmp_path: Path
) -> None:
    prepared(tmp_path / "vault", policy_for(rented, TABLES))
    scene = Scene(rented, HostileProvider(), tmp_path)
    with serving(tmp_path) as proxy, Talk(proxy.address) as link:
        fill(link)
    with scene.kept("level") as put_back, opened(tmp_path / "vault", PASSPHRASE) as node:
        with proxying(node, {}) as proxy_:
            found = partial(findings, proxy_)
            assert found("level") == found("patient") == {}
            scene.sql("UPDATE level SET id = 100000 WHERE id = 3")
            assert found("level") == {"changed": 1}
            put_back("id IN (3, 100000)")
            scene.sql("DELETE FROM level WHERE id IN (5, 6)")
            scene.sql("DELETE FROM patient WHERE id IN (5, 6)")
            assert found("level") == {"missing": 2}
            assert found("patient") == {}  # under `row` nobody says what is missing
            put_back("id IN (5, 6)")
            scene.sql("ALTER TABLE level DROP CONSTRAINT level__sh_rid_key")
            scene.sql("INSERT INTO level SELECT 90000, code, at, at_o, metres, metres_o, pumping,"
                      " _sh_rid + 2^40::bigint, _sh_v, _sh_tag FROM level WHERE id = 5")  # fmt: skip
            assert found("level") == {"changed": 1}  # a number that nobody drew
            scene.sql("DELETE FROM level WHERE id = 90000")
            scene.sql("ALTER TABLE level DROP CONSTRAINT level_pkey")
            scene.sql("INSERT INTO level SELECT * FROM level WHERE id = 5")
            assert found("level") == {"doubled": 1}
            put_back("id = 5")
            assert found("level") == {}
    with serving(tmp_path) as proxy, Talk(proxy.address) as link:
        scene.sql("CREATE TABLE kept AS TABLE level")
        link.say("UPDATE level SET metres = 5 WHERE id <= 20")
        link.say("DELETE FROM level WHERE id > 230")
        scene.sql("DELETE FROM level")
        scene.sql("INSERT INTO level SELECT * FROM kept")
    with opened(tmp_path / "vault", PASSPHRASE) as node, proxying(node, {}) as proxy_:
        # a whole table that was put back
        assert findings(proxy_, "level") == {"replayed": 20, "deleted": 10}
        sampled = proxy_.audits.run("level", 1, lambda _table, _rows: None)
        assert sampled.tables[0].found == 30
        assert proxy_.audits.adopt("level") == 240
        assert findings(proxy_, "level") == {}
        said = told(node, EventKind.PROXY_AUDIT)
        assert ("public.level", "2 missing", Outcome.FAILED) in said
        assert told(node, EventKind.PROXY_HEAD)
