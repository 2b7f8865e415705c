"""A proxy that is killed while rows are written: what it acknowledged stands, no row is stale."""

import signal
from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Timer

import pytest

from sealhold.node import opened
from sealhold.node.proxying import proxying
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.rowscenes import TABLES, fill
from tests.proxying.starting import PASSPHRASE, policy_for, prepared, serving
from tests.proxying.talking import Step, Talk
from tests.proxying.worlds import LEVEL

ROWS, COPIED = LEVEL.rows, 2_000
LINES = b"".join(b"%d\tB-1\t2024-01-01\t1.5\tt\n" % (10_000 + nth) for nth in range(COPIED))


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def write_until_killed(link: Talk, random: Random) -> dict[int, str]:
    """Write until the proxy is gone; return what it acknowledged."""
    acknowledged: dict[int, str] = {}
    for nth in range(10_000):
        one, value = random.randrange(1, 240), f"{random.randrange(10)}.00"
        match nth % 4:
            case 2:
                step = Step("COPY level FROM STDIN", data=LINES)
            case 3:
                step = Step("DELETE FROM level WHERE id >= 10000")
            case _:
                step = Step(f"UPDATE level SET metres = {value} WHERE id = {one}")
        said = link.say(step)[-1]
        if said.kind == "lost":
            break
        assert said.kind == "done", said
        if said.tag == "UPDATE 1":
            acknowledged[one] = value
    return acknowledged


def check(link: Talk, acknowledged: dict[int, str]) -> None:
    """Check that all rows are there, with what was acknowledged."""
    rows = link.rows("SELECT id::text, metres::text FROM level WHERE id < 10000")
    found = {row[0]: row[1] for row in rows}
    many = link.rows("SELECT count(*) FROM level WHERE id >= 10000")
    assert len(found) == ROWS
    assert many in ([("0",)], [(str(COPIED),)])
    wrong = {
        one: found[str(one)] for one, value in acknowledged.items() if found[str(one)] != value
    }
    assert len(wrong) <= 1, wrong  # the last one may have been done without being acknowledged
    assert link.say("DELETE FROM level WHERE id >= 10000")[0].kind == "done"


def rounds(rented: Cluster, folder: Path, count: int, seed: int) -> None:
    """Kill a proxy so many times, then audit."""
    prepared(folder / "vault", policy_for(rented, TABLES))
    random = Random(seed)
    acknowledged: dict[int, str] = {}
    for nth in range(count + 1):
        with serving(folder) as proxy, Talk(proxy.address) as link:
            if not nth:
                fill(link)
            check(link, acknowledged)
            if nth < count:
                wait = random.uniform(0.0, 0.4)
                timer = Timer(wait, proxy.process.send_signal, (signal.SIGKILL,))
                timer.start()
                acknowledged |= write_until_killed(link, random)
                timer.join()
    with opened(folder / "vault", PASSPHRASE) as node, proxying(node, {}) as audited:
        seen = audited.audits.run("", 0, lambda _table, _rows: None)
    assert [each.found for each in seen.tables] == [0, 0], seen


@pytest.mark.threat("T714")
@pytest.mark.threat("T715")
def test_a_killed_proxy_leaves_rows_that_are_right(rented: Cluster, tmp_path: Path) -> None:
    rounds(rented, tmp_path, 1, 1)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.threat("T714")
@pytest.mark.threat("T715")
def test_many_kills_leave_rows_that_are_right(rented: Cluster, tmp_path: Path) -> None:
    for name in ("patient", "level"):
        rented.run(f"DROP TABLE IF EXISTS {name}", "rented")
    rounds(rented, tmp_path, 50, 2)
