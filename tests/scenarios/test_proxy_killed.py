"""A proxy that is killed in the middle of a COPY, of a change in two phases, of a transaction.

What was acknowledged is there afterwards, what was cut off is there whole or not at all, every row
opens, and no row number comes twice.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Timer
from time import sleep

import psycopg
import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import Running
from tests.proxying.starting import policy_for, prepared
from tests.proxying.tables import Table
from tests.proxying.worlds import clear, hidden, maybe, number, whole, words

LEDGER = Table(
    name="ledger", dataset="bank", rows=0, columns=(
        clear("id", "integer", number, "PRIMARY KEY"),
        clear("batch", "integer", whole(0, 9), "NOT NULL"),
        hidden("owner", "text", "match", words, "NOT NULL"),
        hidden("amount", "integer", "order", whole(0, 999), "NOT NULL"),
        hidden("note", "text", "sealed", maybe(words)),
    ),
)  # fmt: skip
ROWS = 5_000  # of one batch


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def lines(batch: int) -> bytes:
    first = batch * ROWS
    return b"".join(
        b"%d\t%d\towner %d\t%d\tnote %d\n" % (first + n, batch, n, n % 1_000, n)
        for n in range(ROWS)
    )


def copied(address: Address, batch: int) -> None:
    with psycopg.connect(address.conninfo) as link, link.cursor() as cursor:
        with cursor.copy("COPY ledger FROM STDIN") as copy:
            data = lines(batch)
            for at in range(0, len(data), 8_192):
                copy.write(data[at : at + 8_192])
        cursor.execute("UPDATE ledger SET amount = amount + 1 WHERE batch = %s", (batch,))


def check(address: Address, rented: Cluster, acknowledged: set[int], tried: int) -> None:
    """Read all that is there: whole batches, each changed as a whole, with those acknowledged."""
    with psycopg.connect(address.conninfo) as link:
        rows = link.execute("SELECT id, batch, owner, amount, note FROM ledger").fetchall()
    found = {row[1] for row in rows}
    assert acknowledged <= found <= set(range(tried))
    assert sorted(rows) == [
        (batch * ROWS + n, batch, f"owner {n}", n % 1_000 + 1, f"note {n}")
        for batch in sorted(found)
        for n in range(ROWS)
    ]
    (numbers,) = rented.run("SELECT count(*), count(DISTINCT _sh_rid) FROM ledger", "rented")
    assert numbers[0] == numbers[1] == str(len(rows))


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "kills", [3, pytest.param(50, marks=[pytest.mark.soak, pytest.mark.timeout(1_800)])]
)
def test_a_kill_leaves_whole_batches_and_all_that_were_acknowledged(
    rented: Cluster, tmp_path: Path, kills: int
) -> None:
    home = tmp_path / "vault"
    prepared(home, policy_for(rented, (LEDGER,)))
    running = Running(home)
    random = Random(kills)
    acknowledged: set[int] = set()
    address = running.start()
    try:
        with psycopg.connect(address.conninfo, autocommit=True) as link:
            link.execute("DROP TABLE IF EXISTS ledger")
            link.execute(LEDGER.create)
        for batch in range(kills):
            killing = Timer(random.uniform(0.05, 0.9), running.kill, (rented,))
            killing.start()
            with suppress(psycopg.OperationalError):
                copied(address, batch)
                acknowledged.add(batch)
            killing.join()
            running.start()
            if batch % 10 == 2:
                check(address, rented, acknowledged, batch + 1)
        copied(address, kills)
        sleep(0.1)
        check(address, rented, acknowledged | {kills}, kills + 1)
    finally:
        running.stop()
