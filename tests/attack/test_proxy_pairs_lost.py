"""Words through rollbacks, commits whose answer is lost, and kills: found are what is there."""

from contextlib import closing, suppress
from random import Random
from threading import Thread
from time import monotonic, sleep

import psycopg
import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster
from tests.proxying.migrating import Running
from tests.proxying.notes import Link, address, check_labels, found, link, proxy, rented
from tests.proxying.worlds import WORDS

KILLS = 12
__all__ = ["link", "proxy", "rented"]


@pytest.mark.threat("T705")
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "rounds", [60, pytest.param(1_000, marks=[pytest.mark.soak, pytest.mark.timeout(3_000)])]
)
def test_rollbacks_and_lost_commits_use_no_label_again(
    rented: Cluster, proxy: Running, link: Link, rounds: int
) -> None:
    draw = Random(rounds)
    start = len(rented.log.read_text())
    truth: dict[int, str | None] = {}
    for turn in range(rounds):
        transaction(proxy, rented, draw, truth)
        if turn % 20 == 19:
            checked(link, truth)
    if rounds <= 60:
        proxy.kill(rented)
        proxy.start()
        with closing(psycopg.connect(address(proxy).conninfo, autocommit=True)) as again:
            checked(again, truth)
    else:
        checked(link, truth)
    assert check_labels(rented.log.read_text()[start:]) > rounds


@pytest.mark.threat("T705")
@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_a_kill_in_the_middle_of_changes_leaves_what_is_found(
    rented: Cluster, proxy: Running, link: Link
) -> None:
    link.close()
    start = len(rented.log.read_text())
    for turn in range(KILLS):
        working = Thread(target=worked, args=(address(proxy), Random(turn), turn * 10_000))
        working.start()
        sleep(0.4 + 0.05 * (turn % 5))
        proxy.kill(rented)
        working.join(20)
        proxy.start()
        with closing(psycopg.connect(address(proxy).conninfo, autocommit=True)) as again:
            rows = again.execute("SELECT id, text FROM note").fetchall()
            assert rows
            checked(again, {int(str(row[0])): row[1] and str(row[1]) for row in rows})
    check_labels(rented.log.read_text()[start:])


def worked(where: Address, draw: Random, first: int) -> None:
    """Change rows until the connection is cut: by statements, transactions and COPY."""
    truth: dict[int, str | None] = {first: "fever"}
    with suppress(psycopg.Error), closing(psycopg.connect(where.conninfo)) as other:
        other.execute("INSERT INTO note VALUES (%s, 'fever')", (first,))
        other.commit()
        while True:
            change(other, draw, truth)
            if draw.random() < 0.3:
                with other.cursor() as cursor, cursor.copy("COPY note FROM STDIN") as copy:
                    for row in range(max(truth) + 1, max(truth) + 40):
                        truth[row] = "stable line"
                        copy.write_row((row, truth[row], 7))
            other.commit()


def transaction(
    proxy: Running, rented: Cluster, draw: Random, truth: dict[int, str | None]
) -> None:
    """Do one transaction that ends in some way, and keep what it must have left."""
    with closing(psycopg.connect(address(proxy).conninfo, autocommit=True)) as other:
        other.execute("BEGIN")
        new = dict(truth)
        change(other, draw, new)
        if draw.random() < 0.5:
            other.execute("SAVEPOINT s")
            kept = dict(new)
            change(other, draw, new)
            if draw.random() < 0.5:
                other.execute("ROLLBACK TO s")
                new = kept
        end = draw.choice(("COMMIT", "COMMIT", "ROLLBACK", "lost", "gone"))
        if end == "lost":  # the answer to the commit is not waited for
            other.pgconn.send_query(b"COMMIT")
            other.pgconn.finish()
            settled(rented, truth, new)
        elif end == "gone":
            other.pgconn.finish()
        else:
            other.execute(end.encode())
            if end == "COMMIT":
                truth.clear()
                truth.update(new)


def settled(rented: Cluster, truth: dict[int, str | None], new: dict[int, str | None]) -> None:
    """Find out at the provider whether a lost commit was done."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'rented' AND state <> 'idle'"
    until = monotonic() + 5
    while rented.run(others) != [("0",)] and monotonic() < until:
        sleep(0.01)
    sleep(0.02)
    there = {int(row[0] or 0) for row in rented.run("SELECT id FROM note", "rented")}
    if there == set(new) != set(truth):
        truth.clear()
        truth.update(new)


def change(link: Link, draw: Random, truth: dict[int, str | None]) -> None:
    """Add a row always, so that what was committed can be told, and change another one."""
    row = max(truth, default=0) + draw.randint(1, 3)
    truth[row] = " ".join(draw.sample(WORDS, draw.randint(0, 3)))
    link.execute("INSERT INTO note VALUES (%s, %s)", (row, truth[row]))
    other = draw.choice([*truth])
    if draw.random() < 0.4 and other != row:
        truth[other] = draw.choice((None, "fever", "left right"))
        link.execute("UPDATE note SET text = %s WHERE id = %s", (truth[other], other))


def checked(link: Link, truth: dict[int, str | None]) -> None:
    for word in ("fever", "left", "stable"):
        assert found(link, word) == sorted(
            row for row, text in truth.items() if text and word in text.split()
        ), word
