"""A live table is protected while it is used and the proxy is killed: no row is wrong or lost."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import sleep

import pytest
from psycopg import pq

from sealhold.model.errors import MigrationError
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import (
    ACCOUNT,
    ALL,
    Client,
    Row,
    Running,
    filled,
    held,
    owned,
    phase,
    running_over,
    said,
    sealhold,
    wait_for,
)
from tests.proxying.starting import policy_for, prepared
from tests.proxying.talking import Talk
from tests.proxying.transfers import Transfers, kept


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("rows", "kills", "gap"),
    [
        (20_000, 3, 1.5),
        pytest.param(1_000_000, 20, 25.0, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
def test_a_table_that_is_migrated_under_load_and_kills_holds_every_row(
    rented: Cluster, tmp_path: Path, rows: int, kills: int, gap: float
) -> None:
    truth = filled(rented, rows)
    home = tmp_path / "vault"
    prepared(home, policy_for(rented, (ACCOUNT,)))
    running = Running(home, ("--migrate", "account"))
    random = Random(rows)
    address = running.start()
    while phase(rented) == "clear":
        sleep(0.02)
    shares = [{n: row for n, row in truth.items() if n % 3 == rest} for rest in (0, 1, 2)]
    clients = [Client(address, share, rest, of=3) for rest, share in enumerate(shares[:2])]
    transfers = Transfers.over(address, tmp_path, rows, share=2, of=3)
    loads: list[Client | Transfers] = [*clients, transfers]
    for each in loads:
        each.start()
    try:
        for _ in range(kills):
            sleep(random.uniform(0.1, gap))
            running.kill(rented)
            running.start()
        wait_for(rented, "switched", 60 + rows / 1_000)
        sleep(0.5)  # with the protected form
        for each in loads:
            each.end()
        whole: dict[int, Row] = {}
        with Talk(address) as link:
            for client in clients:
                client.settle(link)
                whole |= client.truth
            found = held(link)
        assert {n: row for n, row in found.items() if n % 3 != 2} == whole
        assert kept(shares[2], {n: row for n, row in found.items() if n % 3 == 2})
    finally:
        running.stop()
    for client in clients:
        assert not client.wrong, client.wrong[:5]
        assert client.done
    assert transfers.moved
    with_clear = rented.run("SELECT count(*) FROM account WHERE owner IS NULL", "rented")
    assert with_clear == [("0",)]


@pytest.mark.timeout(120)
def test_a_table_is_protected_finished_and_the_way_back_before_that(
    rented: Cluster, tmp_path: Path
) -> None:
    truth = filled(rented, 300)
    order = [row[0] for row in rented.run(COLUMNS, "rented")]
    home = tmp_path / "vault"
    prepared(home, policy_for(rented, (ACCOUNT,)))

    with owned(home) as migrations:
        seen = migrations.preview("account")
        assert seen.lost == ("by_note",)
        assert seen.keys == ("account_owner_key", "by_amount")
        assert phase(rented) == "clear"
        assert migrations.run("account", quiet).filled == 300
        assert phase(rented) == "switched"
        with pytest.raises(MigrationError, match="already"):
            migrations.run("account", quiet)

    with running_over(home) as address, Talk(address) as link:
        assert held(link) == truth
        assert link.rows("SELECT * FROM account WHERE id = 1") == [truth[1]]
        change = "UPDATE account SET amount = 7, note = 'later' WHERE id = 1"
        assert said(link, change).tag == "UPDATE 1"
        taken = said(link, "INSERT INTO account VALUES (500, 'owner 2', 1, 1, NULL, NULL)")
        assert taken.sqlstate == "23505"
    truth[1] = ("1", "owner 1", "7", "1", "later", truth[1][5])

    with owned(home) as migrations:
        assert migrations.run("account", quiet, is_back=True).filled >= 300
    assert {int(row[0] or 0): row for row in rented.run(ALL, "rented")} == truth
    assert [row[0] for row in rented.run(COLUMNS, "rented")] == order
    assert ("CREATE UNIQUE INDEX account_owner_key ON public.account USING btree (owner)",) in (
        rented.run(INDEXES, "rented")
    )

    with owned(home) as migrations:
        migrations.run("account", quiet)
        migrations.finish("account")
        assert phase(rented) == "protected"
        assert [each.phase for each in migrations.standing()] == ["finished"]
        with pytest.raises(MigrationError, match="no way back"):
            migrations.run("account", quiet, is_back=True)


@pytest.mark.timeout(120)
def test_a_prepared_statement_lives_through_the_switch(rented: Cluster, tmp_path: Path) -> None:
    filled(rented, 20_000)
    home = tmp_path / "vault"
    prepared(home, policy_for(rented, (ACCOUNT,)))
    running = Running(home, ("--migrate", "account"))
    address = running.start()
    try:
        while phase(rented) == "clear":
            sleep(0.02)
        link = pq.PGconn.connect(address.conninfo.encode())
        link.prepare(b"change", b"UPDATE account SET note = $1, amount = $2 WHERE id = $3")
        link.prepare(b"look", b"SELECT note, amount FROM account WHERE owner = $1")
        for note in (b"before", b"after", b"later"):
            changed = link.exec_prepared(b"change", [note, b"77", b"5"])
            assert changed.command_status == b"UPDATE 1", changed.error_message
            looked = link.exec_prepared(b"look", [b"owner 5"])
            assert (looked.get_value(0, 0), looked.get_value(0, 1)) == (note, b"77")
            wait_for(rented, "switched", 60)
        link.finish()
    finally:
        running.stop()


@pytest.mark.timeout(120)
def test_the_owner_does_it_by_commands(rented: Cluster, tmp_path: Path) -> None:
    filled(rented, 50)
    home = tmp_path / "vault"
    prepared(home, policy_for(rented, (ACCOUNT,)))

    preview = sealhold(home, "proxy", "migrate", "account", "--preview")
    assert "Is dropped, since no term holds it: by_note" in preview.stdout, preview.stderr
    done = sealhold(home, "proxy", "migrate", "account", "--json")
    assert json.loads(done.stdout)["filled"] == 50


def test_what_is_in_the_way_is_named_and_nothing_is_begun(rented: Cluster, tmp_path: Path) -> None:
    filled(rented, 10)
    rented.run("CREATE VIEW owners AS SELECT owner FROM account", "rented")
    rented.run("ALTER TABLE account ADD CHECK (amount >= 0)", "rented")
    rented.run("ALTER TABLE account ALTER note SET DEFAULT 'none'", "rented")
    try:
        home = tmp_path / "vault"
        prepared(home, policy_for(rented, (ACCOUNT,)))
        with owned(home) as migrations, pytest.raises(MigrationError) as refused:
            migrations.run("account", quiet)
        for each in ("view owners", "CHECK account_amount_check", '"note" has a default'):
            assert each in str(refused.value)
        assert phase(rented) == "clear"
    finally:
        rented.run("DROP VIEW owners", "rented")


def quiet(_progress: object) -> None:
    return


COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'account'::regclass AND attnum > 0"
    " AND NOT attisdropped ORDER BY attnum"
)
INDEXES = "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'account'::regclass"
