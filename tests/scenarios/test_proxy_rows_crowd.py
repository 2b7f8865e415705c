"""Many honest clients at once on tables whose rows are tagged: nothing is taken for an attack."""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from threading import Thread
from time import monotonic

import pytest

from sealhold.node import opened
from sealhold.node.proxying import proxying
from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.rowscenes import TABLES, fill
from tests.proxying.starting import PASSPHRASE, policy_for, prepared, serving
from tests.proxying.talking import Step, Talk

CLIENTS = 4
BUSY = {"40001", "40P01", "23505", "25P02"}  # what a crowd meets at any server
BEGINS = ("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ", "")
ENDS = ("COMMIT", "COMMIT", "ROLLBACK")


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def one_of(random: Random) -> Step:
    """Return a statement of an honest client."""
    nth, value = random.randrange(1, 40), random.randrange(100)
    return random.choice((
        Step(f"SELECT code, metres FROM level WHERE id = {nth}"),
        Step("SELECT count(*), max(metres) FROM level WHERE id < 60"),
        Step(f"SELECT l.id, p.name FROM level l JOIN patient p ON p.id = l.id WHERE l.id < {nth}"),
        Step(f"UPDATE level SET metres = {value} WHERE id = {nth} RETURNING metres"),
        Step(f"UPDATE level SET metres = metres + 1, code = 'c{value}' WHERE id < {nth} / 8"),
        Step(f"DELETE FROM level WHERE id = {500 + nth} RETURNING code"),
        Step(f"INSERT INTO level (id, code) VALUES ({500 + nth}, 'n') ON CONFLICT DO NOTHING"),
        Step(f"SAVEPOINT s; UPDATE level SET metres = 0 WHERE id = {nth}; ROLLBACK TO s"),
        Step("COPY (SELECT id, code FROM level WHERE id > 500) TO STDOUT"),
        Step("COPY level (id, code) FROM STDIN", data=b"%d\tcopied\n" % (600 + nth)),
        Step(f"DELETE FROM level WHERE id = {600 + nth}"),
    ))  # fmt: skip


def client(address: Address, seed: int, until: float, wrong: list[str]) -> None:
    random = Random(seed)
    with Talk(address) as link:
        while monotonic() < until and not wrong:
            begin = random.choice(BEGINS)
            steps = [one_of(random) for _ in range(random.randrange(1, 4))]
            if begin:
                steps = [Step(begin), *steps, Step(random.choice(ENDS))]
            for step in steps:
                if "SAVEPOINT" in step.sql and not begin:
                    continue
                wrong += [
                    f"{step.sql}: {answer.sqlstate} {answer.message}"
                    for answer in link.say(step)
                    if answer.sqlstate and answer.sqlstate not in BUSY
                ]


def crowd(rented: Cluster, folder: Path, seconds: float) -> None:
    prepared(folder / "vault", policy_for(rented, TABLES))
    wrong: list[str] = []
    with serving(folder) as proxy:
        with Talk(proxy.address) as link:
            fill(link)
        until = monotonic() + seconds
        clients = [
            Thread(target=client, args=(proxy.address, seed, until, wrong))
            for seed in range(CLIENTS)
        ]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
    with opened(folder / "vault", PASSPHRASE) as node, proxying(node, {}) as audited:
        seen = audited.audits.run("", 0, lambda _table, _rows: None)

    assert not wrong
    assert [each.found for each in seen.tables] == [0, 0], seen


@pytest.mark.soak
def test_a_crowd_of_honest_clients_raises_no_alarm(rented: Cluster, tmp_path: Path) -> None:
    crowd(rented, tmp_path, 5.0)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_minute_of_honest_clients_raises_no_alarm(rented: Cluster, tmp_path: Path) -> None:
    for name in ("patient", "level"):
        rented.run(f"DROP TABLE IF EXISTS {name}", "rented")
    crowd(rented, tmp_path, 60.0)
