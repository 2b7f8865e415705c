"""A provider that is killed, stops answering, or runs full: what clients are told, and after it."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg.pq import DiagnosticField

from sealhold.node.proxywatching import AWAY, BACK
from tests.proxying.addresses import Address
from tests.proxying.alarming import (
    Heard,
    alarming_policy,
    code,
    fill,
    found,
    made,
    serving,
    until,
)
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.failing import kill, replica, send, start_again
from tests.proxying.talking import Talk

GONE = {"SH005", "57P01", "57P02", "57P03"}


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def is_in(address: Address, sql: str = "SELECT 1") -> bool:
    try:
        with Talk(address) as link:
            return code(link, sql) == ""
    except ConnectionError:
        return False


AT_REPLICA = (
    "INSERT INTO book (id, body) VALUES (99, 'x')",
    "UPDATE book SET body = 'x'",
    "BEGIN READ WRITE",
    "SET default_transaction_read_only = off",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "CREATE TABLE other (id integer)",
    "SELECT id FROM book FOR UPDATE",
    "BEGIN READ ONLY; SELECT count(*) FROM book; COMMIT",
)


class Load:
    """Clients that write and read until they are told no."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self.kept: set[int] = set()
        self.told: list[str] = []
        self.wrong: list[object] = []
        self._threads = [threading.Thread(target=self._work, args=(n,)) for n in range(4)]
        for each in self._threads:
            each.start()

    def join(self) -> None:
        for each in self._threads:
            each.join(30)

    def _work(self, nth: int) -> None:
        with Talk(self._address) as link:
            for each in range(nth * 100_000, nth * 100_000 + 50_000):
                said = link.say(f"INSERT INTO note (id, body) VALUES ({each}, 'note {each}')")[-1]
                if said.kind != "done":
                    self.told.append(said.sqlstate or said.message)
                    return
                self.kept.add(each)
                said = link.say(f"SELECT body FROM note WHERE body = 'note {each}'")[-1]
                if said.kind != "rows":
                    self.told.append(said.sqlstate or said.message)
                    return
                if said.rows != ((b"note %d" % each,),):
                    self.wrong.append(said.rows)


def test_a_provider_that_is_killed_under_load_is_told_and_used_again_when_it_is_back(
    rented: Cluster, tmp_path: Path
) -> None:
    home = made(tmp_path, alarming_policy(rented, {"note": ""}))
    with serving(home, tmp_path) as started:
        address, heard = started.address, Heard(started)
        with Talk(address) as link:
            link.rows("CREATE TABLE note (id integer, body text)")
        load = Load(address)
        assert until(lambda: len(load.kept) > 40)
        command = kill(rented)
        load.join()
        with pytest.raises(ConnectionError) as away, Talk(address):
            pass
        assert until(lambda: AWAY in heard.causes)
        start_again(rented, command)
        came_back = until(lambda: is_in(address)) and until(lambda: BACK in heard.causes)
        with Talk(address) as link:
            there = {int(row[0] or 0) for row in link.rows("SELECT id FROM note")}
            fits = link.rows("SELECT id, body FROM note ORDER BY id LIMIT 50")
            link.rows("INSERT INTO note (id, body) VALUES (-1, 'after')")

    assert not load.wrong
    assert len(load.told) == 4
    assert all(each in GONE or "SH005" in each or "lost" in each for each in load.told), load.told
    assert "provider" in str(away.value)
    assert came_back
    assert load.kept <= there
    assert len(there - load.kept) <= 4  # done there, and the answer was lost
    assert all(body == f"note {each}" for each, body in fits)
    alarms, held = found(home)
    assert alarms == {(AWAY, "rented"), (BACK, "rented")}
    assert not held


@pytest.mark.soak
def test_a_provider_that_stops_is_given_up_its_replica_answers_and_it_is_taken_again(
    rented: Cluster, tmp_path: Path
) -> None:
    more = 'reactions = ["failover", "notify"]'
    with replica(rented) as follower:
        url = f"postgresql://landlord@127.0.0.1:{follower.port}/rented?sslmode=disable"
        csps = (
            f'[[csp]]\nid = "second"\nurl = "{url}"\nsecret = "vault:rented"\n'
            'replica_of = "rented"\n'
        )
        home = made(tmp_path, alarming_policy(rented, {"book": more}, csps=csps))
        with serving(home, tmp_path) as started:
            address = started.address
            with Talk(address) as link:
                link.rows("CREATE TABLE book (id integer, body text)")
                fill(link, "book", 20)
                assert until(lambda: bool(follower.run("SELECT 1 FROM book LIMIT 1", "rented")))
            with Talk(address) as idle, Talk(address) as busy:
                idle.rows("SELECT body FROM book")
                busy.rows("SELECT body FROM book")
                send(rented, signal.SIGSTOP)
                try:
                    stopped = busy.say("SELECT count(*) FROM book")[-1]
                    with Talk(address) as reader:
                        read = reader.rows("SELECT body FROM book WHERE body = 'note 3'")
                        writes = [code(reader, sql) for sql in AT_REPLICA]
                finally:
                    send(rented, signal.SIGCONT)
                goes_on = code(idle, "INSERT INTO book (id, body) VALUES (50, 'idle goes on')")
            wrote = until(lambda: is_in(address, "INSERT INTO book (id, body) VALUES (98, 'y')"))

    assert stopped.kind == "lost" or stopped.sqlstate == "SH005", stopped
    assert "stopped answering" in stopped.message
    assert read == [("note 3",)]
    assert writes == ["25006"] * 7 + [""]
    assert goes_on == ""
    assert wrote
    assert found(home)[0] == {(AWAY, "rented"), (BACK, "rented")}


@pytest.mark.soak
def test_one_backend_that_stops_leaves_the_others_and_its_statement_can_be_cancelled(
    rented: Cluster, tmp_path: Path
) -> None:
    asleep = "SELECT pg_sleep(60)"
    running = f"SELECT pid FROM pg_stat_activity WHERE query = '{asleep}'"
    home = made(tmp_path, alarming_policy(rented, {"note": ""}))
    with serving(home, tmp_path) as started, Talk(started.address) as stuck:
        address = started.address
        stuck.link.send_query(asleep.encode())
        stuck.link.flush()
        assert until(lambda: bool(rented.run(running)))
        pid = int(rented.run(running)[0][0] or 0)
        os.kill(pid, signal.SIGSTOP)
        try:
            others = [is_in(address) for _ in range(5)]
            stuck.link.get_cancel().cancel()
        finally:
            os.kill(pid, signal.SIGCONT)
        cancelled = stuck.link.get_result()
        assert cancelled is not None
        state = cancelled.error_field(DiagnosticField.SQLSTATE)
    assert all(others)
    assert state == b"57014"
