"""Turns of keys against a provider that puts back what was, kills, and clients in between."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from threading import Thread

import pytest
from psycopg import pq

from sealhold.crypto.entropy import seeded
from sealhold.crypto.secret import Secret
from sealhold.model.errors import DatabaseAwayError
from sealhold.node import opened
from sealhold.node.proxycrowd import Crowd
from sealhold.node.proxypolicy import sign
from sealhold.node.proxyturning import carried_out, turning
from sealhold.node.proxywork import ProxyWork
from sealhold.protect.columns import columns_of
from sealhold.protect.policy import Policy
from sealhold.protect.policyfile import digest_of
from sealhold.protect.spec import CELL
from sealhold.protect.state import State
from sealhold.protect.statetokens import Tokens
from tests.protecting import column, keys, table
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.migrating import (
    ACCOUNT,
    Cut,
    cutting,
    filled,
    held,
    owned,
    running_over,
    said,
    served,
)
from tests.proxying.starting import PASSPHRASE, policy_for, prepared
from tests.proxying.talking import Talk

MARKER = "a name that nobody may read"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture
def home(rented: Cluster, tmp_path: Path) -> Path:
    filled(rented, 60)
    prepared(tmp_path / "vault", policy_for(rented, (ACCOUNT,)))
    with owned(tmp_path / "vault") as migrations:
        migrations.run("account", quiet)
        migrations.finish("account")
    return tmp_path / "vault"


def quiet(_progress: object) -> None:
    return


@pytest.mark.threat("T765")
@pytest.mark.parametrize("is_done", [False, True])
def test_a_turn_that_is_cut_at_any_commit_leaves_one_of_two_forms(
    rented: Cluster, home: Path, *, is_done: bool
) -> None:
    truth = {int(row[0] or 0) for row in rented.run("SELECT id FROM account", "rented")}
    with owned(home) as migrations:
        turning(migrations, "account.owner")
        for at in count(1):
            cutting(migrations, at, is_done=is_done)
            try:
                carried_out(migrations, quiet)
            except DatabaseAwayError:
                Cut.at = 0
                migrations.settle()
                continue
            break
        assert migrations.forms.on_their_way() == []
        assert at > 3
    with served(home) as address, Talk(address) as link:
        assert held(link).keys() == truth
        assert len(link.rows("SELECT id FROM account WHERE owner = 'owner 7'")) == 1


@pytest.mark.threat("T766")
def test_a_cell_of_before_a_turn_does_not_open_after_it(rented: Cluster, home: Path) -> None:
    (old,) = rented.run("SELECT encode(note, 'hex') FROM account WHERE id = 1", "rented")
    with owned(home) as migrations:
        turning(migrations, "account.note")
        carried_out(migrations, quiet)
    put_back = f"UPDATE account SET note = decode('{old[0]}', 'hex') WHERE id = 1"
    rented.run(put_back, "rented")
    with served(home) as address, Talk(address) as link:
        assert said(link, "SELECT note FROM account WHERE id = 1").sqlstate == "SH003"
        assert not said(link, "SELECT note FROM account WHERE id = 2").sqlstate


@pytest.mark.threat("T767")
def test_values_that_wait_over_a_turn_are_not_sent_under_the_older_key(home: Path) -> None:
    with owned(home) as migrations:
        turning(migrations, "account.amount")
    with running_over(home) as address:
        link = pq.PGconn.connect(address.conninfo.encode())
        assert link.status == pq.ConnStatus.OK, link.error_message
        link.prepare(b"change", b"UPDATE account SET amount = amount + 1 WHERE id = 1")
        link.enter_pipeline_mode()
        for _ in range(200):  # while it is turned, and after it
            link.send_query_prepared(b"change", [])
            link.pipeline_sync()
            codes = []
            while True:
                result = link.get_result()
                if result is None:
                    continue
                if result.status == pq.ExecStatus.PIPELINE_SYNC:
                    break
                codes.append(result.error_field(pq.DiagnosticField.SQLSTATE))
            assert set(codes) <= {None, b"40001"}
        link.finish()
        with Talk(address) as talk:
            amount = int(talk.rows("SELECT amount FROM account WHERE id = 1")[0][0] or 0)
            assert talk.rows(f"SELECT id FROM account WHERE amount = {amount} AND id = 1")


class Session:
    """One that becomes idle when it is told to."""

    is_idle = False


@pytest.mark.threat("T767")
def test_a_switch_of_keys_waits_for_what_was_begun_and_lets_it_end() -> None:
    session, seen, turns = Session(), list[str](), list[int]()
    crowd = Crowd(sessions=lambda: [session])

    def switch() -> None:
        with crowd.held(lambda: turns.append(1), is_needed=True):
            seen.append("switched")

    thread = Thread(target=switch)
    thread.start()
    thread.join(0.1)
    assert turns == [1]
    assert crowd.is_held
    assert not seen
    session.is_idle = True
    thread.join()
    assert seen == ["switched"]
    assert not crowd.is_held


@pytest.mark.threat("T772")
def test_a_policy_that_shows_more_sends_nothing_in_the_clear_before_the_table_is_moved(
    rented: Cluster, home: Path
) -> None:
    text = policy_for(rented, (ACCOUNT,))
    note = 'name = "note"\ntype = "text"\nprotect = ["sealed"]'
    assert note in text
    after = text.replace(note, note.replace('["sealed"]', '"clear"')).replace(
        "version = 1\n", f'version = 2\nprevious = "{digest_of(text.encode())}"\n'
    )
    with opened(home, PASSPHRASE) as node:
        work, data = ProxyWork(node), after.encode()
        work.activate(data, sign(node, data).envelope, accept_weaker=True)
    with served(home) as address, Talk(address) as link:
        write = f"INSERT INTO account VALUES (900, 'o', 1, 1, '{MARKER}', NULL)"
        assert not said(link, write).sqlstate
        assert link.rows("SELECT note FROM account WHERE id = 900") == [(MARKER,)]
    assert rented.run(FOUND, "rented") == [("0",)]
    with owned(home) as migrations:
        migrations.run("account", quiet)
    assert rented.run(FOUND, "rented") == [("1",)]  # as the policy says now


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    made = State.make(tmp_path / "proxy.db", Secret(bytes(32), "state"), seeded(b"epochs"))
    yield made
    made.close()


@pytest.mark.threat("T768")
def test_sessions_that_store_one_new_value_at_once_give_it_one_token(
    state: State, tmp_path: Path
) -> None:
    values = [b"card %d" % number for number in range(40)]
    found: list[list[bytes]] = []
    policy = Policy(name="p", version=1, tables=(table(column("a", "text", "token")),))

    def store(nth: int) -> None:
        made = columns_of(policy, keys(), seeded(b"%d" % nth), tokens=lambda _: Tokens(state, "a"))
        found.append(made["public", "patient"]["a"].encode(CELL, values, ()))  # type: ignore[arg-type]  # reason: none is NULL

    threads = [Thread(target=store, args=(nth,)) for nth in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({tuple(each) for each in found}) == 1
    assert len(set(found[0])) == len(values)
    # a kill now loses none: what is in the file is what another start finds
    again = State(tmp_path / "proxy.db", Secret(bytes(32), "state"), seeded(b"again"))
    assert Tokens(again, "a").tokens(values) == dict(zip(values, found[0], strict=True))
    again.close()


@pytest.mark.threat("T769")
def test_questions_make_no_token(state: State) -> None:
    policy = Policy(name="p", version=1, tables=(table(column("a", "integer", "token")),))
    made = columns_of(policy, keys(), seeded(b"x"), tokens=lambda _: Tokens(state, "a"))
    a = made["public", "patient"]["a"]
    asked = {a.sought(CELL, number.to_bytes(4)) for number in range(100)}
    assert asked == {a.nothing(CELL)}
    with state.reading() as connection:
        assert connection.execute("SELECT count(*) FROM token").fetchone() == (0,)


FOUND = f"SELECT count(*) FROM account a WHERE a::text LIKE '%{MARKER}%'"
