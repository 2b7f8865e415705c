"""Keys of columns are drawn anew, and techniques changed, while a table is used, under kills."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from time import monotonic, sleep

import pytest

from sealhold.model.errors import MigrationError, NotFoundError
from sealhold.node import opened
from sealhold.node.proxypolicy import sign
from sealhold.node.proxyturning import carried_out, turning
from sealhold.node.proxywork import ProxyWork
from sealhold.protect.policyfile import digest_of
from sealhold.protect.statemoves import Noted
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import (
    ACCOUNT,
    Client,
    Row,
    Running,
    filled,
    held,
    owned,
    said,
    sealhold,
    served,
)
from tests.proxying.starting import PASSPHRASE, policy_for, prepared
from tests.proxying.tables import Table
from tests.proxying.talking import Talk
from tests.proxying.worlds import clear, hidden, number, words

OWNERS = Table(
    name="owner", dataset="bank", rows=0, columns=(
        clear("id", "integer", number, "PRIMARY KEY"),
        hidden("name", "text", "match", words, "NOT NULL UNIQUE", domain="owner"),
    ),
)  # fmt: skip
NOTES = Table(
    name="memo", dataset="bank", rows=0, columns=(
        clear("id", "integer", number, "PRIMARY KEY"),
        hidden("text", "text", "words", words),
        hidden("title", "text", "sealed", words),
    ),
)  # fmt: skip
JOINED = replace(
    ACCOUNT,
    columns=tuple(
        replace(each, more={"domain": "owner"}) if each.name == "owner" else each
        for each in ACCOUNT.columns
    ),
)
INDEXES = (
    "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'account'::regclass"
    " ORDER BY indexrelid"
)
UNIQUE = "INSERT INTO account VALUES (500, 'owner 2', 1, 1, NULL, NULL)"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def protected(rented: Cluster, home: Path, rows: int) -> dict[int, Row]:
    """Make the table with so many rows, in its protected form alone, and return what it holds."""
    truth = filled(rented, rows)
    prepared(home, policy_for(rented, (ACCOUNT,)))
    with owned(home) as migrations:
        migrations.run("account", quiet)
        migrations.finish("account")
    return truth


def quiet(_progress: object) -> None:
    return


def versions(rented: Cluster, column: str) -> set[int]:
    """Return the versions of the keys of a column's cells, from the cells themselves."""
    text = f"SELECT DISTINCT get_byte({column}, 4) FROM account WHERE {column} IS NOT NULL"
    return {int(row[0] or 0) for row in rented.run(text, "rented")}


def is_filling(rented: Cluster) -> bool:
    found = rented.run(
        "SELECT count(*) FROM pg_attribute WHERE attrelid = 'account'::regclass"
        " AND attname LIKE '\\_sh\\_was\\_%'",
        "rented",
    )
    return found != [("0",)]


def wait_until_turned(rented: Cluster, column: str, version: int, seconds: float) -> None:
    until = monotonic() + seconds
    while is_filling(rented) or versions(rented, column) != {version}:
        assert monotonic() < until
        sleep(0.2)


def activated(home: Path, text: str, *, accept_weaker: bool = False) -> None:
    with opened(home, PASSPHRASE) as node:
        data = text.encode()
        ProxyWork(node).activate(data, sign(node, data).envelope, accept_weaker=accept_weaker)


def after(text: str, version: int, *changes: tuple[str, str]) -> str:
    """Return the next version of a policy, with parts of its text replaced."""
    lines = [line for line in text.splitlines() if not line.startswith("previous =")]
    lines[lines.index(f"version = {version}")] = (
        f'version = {version + 1}\nprevious = "{digest_of(text.encode())}"'
    )
    made = "\n".join(lines)
    for old, new in changes:
        assert old in made
        made = made.replace(old, new, 1)
    return made


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("rows", "kills", "gap"),
    [
        (6_000, 2, 0.5),
        pytest.param(20_000, 3, 1.5, marks=pytest.mark.soak),
        pytest.param(1_000_000, 20, 25.0, marks=[pytest.mark.soak, pytest.mark.timeout(3_600)]),
    ],
)
def test_keys_that_are_turned_under_load_and_kills_lose_no_row(
    rented: Cluster, tmp_path: Path, rows: int, kills: int, gap: float
) -> None:
    home = tmp_path / "vault"
    truth = protected(rented, home, rows)
    begun = sealhold(home, "proxy", "rotate", "--column", "account.owner", "--begin", "--json")
    assert json.loads(begun.stdout)["turning"]["tables"] == ["public.account"], begun.stdout
    with owned(home) as migrations, pytest.raises(MigrationError, match="on its way already"):
        turning(migrations, "account.amount")
    running = Running(home)
    address = running.start()
    while not is_filling(rented):
        sleep(0.02)
    shares = [{n: row for n, row in truth.items() if n % 2 == rest} for rest in (0, 1)]
    clients = [Client(address, share, rest) for rest, share in enumerate(shares)]
    for client in clients:
        client.start()
    random = Random(rows)
    try:
        for _ in range(kills):
            sleep(random.uniform(0.1, gap))
            running.kill(rented)
            running.start()
        wait_until_turned(rented, "owner", 2, 60 + rows / 1_000)
        sleep(0.5)  # under the new key
        for client in clients:
            client.end()
        whole: dict[int, Row] = {}
        with Talk(address) as link:
            for client in clients:
                client.settle(link)
                whole |= client.truth
            assert held(link) == whole
            assert said(link, UNIQUE.replace("500", "-500")).sqlstate in {"23505", ""}
    finally:
        running.stop()
    for client in clients:
        assert not client.wrong, client.wrong[:5]
        assert client.done
    assert versions(rented, "note") == {1}


@pytest.mark.timeout(120)
def test_a_turn_is_previewed_done_and_leaves_answers_keys_and_order(
    rented: Cluster, tmp_path: Path
) -> None:
    home = tmp_path / "vault"
    truth = protected(rented, home, 300)
    with owned(home) as migrations:
        with pytest.raises(NotFoundError):
            turning(migrations, "account.branch")
        seen = turning(migrations, "account.owner", is_dry=True)
        assert not seen.is_begun
        assert seen.keys == ("match, version 2", "sealed, version 2")
        assert versions(rented, "owner") == {1}
        old = rented.run("SELECT owner, owner_m FROM account WHERE id = 5", "rented")
        turning(migrations, "account.owner", "match")
        (done,) = carried_out(migrations, quiet)
        assert (done.filled, done.compared, done.is_turn) == (300, 300, True)
        assert migrations.notes.of(("public", "account")) is not None
        turning(migrations, "account.amount")
        turned = carried_out(migrations, quiet)
        assert [each.filled for each in turned] == [300]
    new = rented.run("SELECT owner, owner_m FROM account WHERE id = 5", "rented")
    assert old[0][1] != new[0][1]
    assert versions(rented, "owner") == {1}
    assert versions(rented, "amount") == {2}
    with served(home) as address, Talk(address) as link:
        assert held(link) == truth
        assert link.rows("SELECT * FROM account WHERE owner = 'owner 7'") == [truth[7]]
        assert said(link, UNIQUE).sqlstate == "23505"
        assert len(link.rows("SELECT id FROM account WHERE amount < 100 ORDER BY amount")) == 99
        order = link.rows("SELECT * FROM account WHERE id = 8")
        assert order == [truth[8]]
    found = rented.run(INDEXES, "rented")
    assert [name for (name,) in found if "(owner_m)" in str(name) or "(amount_o)" in str(name)] == [
        "CREATE UNIQUE INDEX account_owner_key ON public.account USING btree (owner_m)",
        "CREATE INDEX by_amount ON public.account USING btree (amount_o)",
    ]


@pytest.mark.timeout(120)
def test_a_technique_is_added_and_taken_away_while_the_table_is_there(
    rented: Cluster, tmp_path: Path
) -> None:
    home = tmp_path / "vault"
    truth = protected(rented, home, 300)
    first = policy_for(rented, (ACCOUNT,))
    ordered = 'type = "text"\nprotect = ["sealed"]\nusages = ["storage"]'
    second = after(
        first, 1, (ordered, ordered.replace('["sealed"]', '["match"]').replace("ge", "ge", 1))
    )
    activated(home, second, accept_weaker=True)
    with served(home) as address, Talk(address) as link:  # as it lies, until it is moved
        assert held(link) == truth
        assert said(link, "UPDATE account SET note = 'later' WHERE id = 1").tag == "UPDATE 1"
        assert said(link, "CREATE INDEX by_note ON account (note)").sqlstate == "SH002"
    truth[1] = (*truth[1][:4], "later", truth[1][5])
    with served(home, "account") as address, Talk(address) as link:
        until = monotonic() + 60
        while said(link, "CREATE INDEX by_note ON account (note)").sqlstate:
            assert monotonic() < until
            sleep(0.2)
        assert held(link) == truth
        assert link.rows("SELECT id FROM account WHERE note = 'later'") == [("1",)]
    third = after(
        second,
        2,
        ('protect = ["match"]\nusages = ["storage"]', 'protect = ["sealed"]\nusages = ["storage"]'),
    )
    activated(home, third)
    with owned(home) as migrations:
        assert migrations.run("account", quiet).lost == ("by_note",)
        assert migrations.forms.stale() == []
    with served(home) as address, Talk(address) as link:
        assert held(link) == truth
        assert said(link, "CREATE INDEX by_note ON account (note)").sqlstate == "SH002"


@pytest.mark.timeout(120)
def test_a_policy_that_changes_in_the_middle_of_a_migration_leaves_the_table_usable(
    rented: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = filled(rented, 60)
    home = tmp_path / "vault"
    first = policy_for(rented, (ACCOUNT,))
    prepared(home, first)
    with owned(home) as migrations:
        monkeypatch.setattr("sealhold.node.proxymoving.Mover.compare", broken)
        with pytest.raises(MigrationError, match="broken off"):
            migrations.run("account", quiet)
    monkeypatch.undo()
    match = 'type = "text"\nprotect = ["sealed"]'
    activated(home, after(first, 1, (match, match.replace("sealed", "match"))), accept_weaker=True)
    with served(home) as address, Talk(address) as link:
        assert held(link) == truth
        until = monotonic() + 60
        while said(link, "CREATE INDEX ON account (owner)").sqlstate:  # refused until the switch
            assert monotonic() < until
            sleep(0.1)
        assert held(link) == truth
    with owned(home) as migrations:
        migrations.finish("account")
        assert migrations.run("account", quiet).is_turn
    with served(home) as address, Talk(address) as link:
        assert held(link) == truth
        assert not said(link, "CREATE INDEX ON account (note)").sqlstate


def broken(*_given: object) -> None:
    raise MigrationError("broken off")


@pytest.mark.timeout(120)
def test_keys_of_what_a_turn_cannot_make_anew_stay_as_they_are(
    rented: Cluster, tmp_path: Path
) -> None:
    home = tmp_path / "vault"
    rented.run("DROP TABLE IF EXISTS account", "rented")
    tables = (JOINED, replace(OWNERS, integrity="row"), NOTES)
    prepared(home, policy_for(rented, tables))
    with served(home) as address, Talk(address) as link:
        for table in tables:
            assert not said(link, table.create).sqlstate
    with owned(home) as migrations:
        for name, why in (("owner.name", "tags"), ("account.owner", "tags"), ("memo.text", "own")):
            with pytest.raises(MigrationError, match=why):
                turning(migrations, name)
        assert migrations.forms.on_their_way() == []
        assert turning(migrations, "memo.title", is_dry=True).tables == ("public.memo",)
    rented.run("DROP TABLE account, owner, memo", "rented")


@pytest.mark.timeout(120)
def test_a_key_of_a_domain_is_turned_in_all_its_tables(rented: Cluster, tmp_path: Path) -> None:
    home = tmp_path / "vault"
    rented.run("DROP TABLE IF EXISTS account", "rented")
    prepared(home, policy_for(rented, (JOINED, OWNERS)))
    joined = "SELECT a.id, o.id FROM account a JOIN owner o ON a.owner = o.name ORDER BY 1"
    with served(home) as address, Talk(address) as link:
        for table in (JOINED, OWNERS):
            assert not said(link, table.create).sqlstate
        for each in range(1, 6):
            said(link, f"INSERT INTO account VALUES ({each}, 'o {each}', {each}, 1, NULL, NULL)")
            said(link, f"INSERT INTO owner VALUES ({each * 10}, 'o {each}')")
        found = link.rows(joined)
        assert len(found) == 5
    with owned(home) as migrations:
        begun = turning(migrations, "owner.name", "match")
        assert set(begun.tables) == {"public.account", "public.owner"}
        migrations.run("public.owner", quiet)
        assert migrations.notes.of(("public", "account")) is None
        planner = migrations.planned
        assert planner is not None
    with served(home) as address, Talk(address) as link:
        until = monotonic() + 60
        while (came := said(link, joined)).sqlstate:
            assert came.sqlstate == "SH002"
            assert monotonic() < until
            sleep(0.1)
        assert link.rows(joined) == found
        assert said(link, "INSERT INTO owner VALUES (1, 'o 1')").sqlstate == "23505"
    with owned(home) as migrations:
        assert migrations.forms.on_their_way() == []
        assert isinstance(migrations.notes.of(("public", "account")), Noted)
    rented.run("DROP TABLE account, owner", "rented")
