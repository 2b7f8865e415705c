"""Full disks: the provider's, and the proxy's own. What was told stands, nothing is half done."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.small_disk import small_disk
from tests.proxying.alarming import alarming_policy, code, fill, found, made, serving
from tests.proxying.cluster import Cluster, cluster, give
from tests.proxying.hostile_pg import TRICKS, hostile
from tests.proxying.talking import Talk
from tests.scenarios.test_full_disk import ballast

ROOM = 12_582_912  # bytes of the provider's small disk
OWN = 25_165_824  # of the proxy's
UNMOUNTED = "a small disk can be mounted by root alone"
LONG = "x" * 60_000


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.mark.soak
def test_a_full_disk_of_the_provider_is_passed_on_and_nothing_is_half_done(
    rented: Cluster, tmp_path: Path
) -> None:
    home = made(tmp_path, alarming_policy(rented, {"book": ""}))
    room = rented.folder / "room"
    room.mkdir()
    with small_disk(room, ROOM) as disk:
        if not disk.is_mounted:
            pytest.skip(UNMOUNTED)
        give(rented.folder)
        rented.run(f"CREATE TABLESPACE small LOCATION '{room}'")
        rented.run("ALTER DATABASE rented SET default_tablespace = small")
        with serving(home, tmp_path) as started, Talk(started.address) as link:
            link.rows("CREATE TABLE book (id integer, body text)")
            link.rows("ALTER TABLE book ADD CONSTRAINT one UNIQUE (id)")
            kept, said = 0, ""
            while not said:
                said = code(link, f"INSERT INTO book (id, body) VALUES ({kept}, '{kept} {LONG}')")
                kept += not said
                assert kept < 1_000
            link.rows("BEGIN")
            within = [
                code(link, f"INSERT INTO book (id, body) VALUES ({at}, '{LONG}{LONG}{LONG}')")
                for at in (5_000, 5_001)
            ]
            ended = link.say("COMMIT")[-1].tag
            there = link.rows("SELECT count(*), max(id) FROM book")
            disk.grow()
            link.rows("DELETE FROM book")
            fill(link, "book", 20)
            after = link.rows("SELECT count(*) FROM book WHERE body = 'note 3'")
        rented.run("ALTER DATABASE rented RESET default_tablespace")
        rented.run("DROP TABLE book", "rented")
        rented.run("DROP TABLESPACE small")

    assert said == "53100"
    assert (within[-1] in {"25P02", "53100"}, ended) == (True, "ROLLBACK")
    assert there == [(str(kept), str(kept - 1))]
    assert after == [("1",)]


@pytest.mark.soak
def test_on_a_full_disk_of_its_own_the_proxy_releases_nothing_and_forgets_no_alarm(
    rented: Cluster, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    with small_disk(own, OWN) as disk, hostile(rented.port) as (port, provider):
        if not disk.is_mounted:
            pytest.skip(UNMOUNTED)
        said = {"note": 'reactions = ["quarantine"]', "calm": ""}
        policy = alarming_policy(rented, said, port=port)
        home = made(own, policy + 'audit = "all"\n')  # of `calm.body`: an entry for each use
        with serving(home, tmp_path) as started, Talk(started.address) as link:
            link.rows("CREATE TABLE note (id integer, body text)")
            link.rows("CREATE TABLE calm (id integer, body text)")
            fill(link, "note", 20)
            fill(link, "calm", 20)
            link.rows("SELECT body FROM note WHERE id = 3")
            ballast(own)
            with provider.playing(TRICKS["bit_flipped"]):
                lied = code(link, "SELECT body FROM note WHERE id = 3")
            held = code(link, "UPDATE note SET body = 'x'")
            last = link.say("SELECT body FROM calm WHERE id = 1")[-1]
            for _ in range(5_000):
                if last.sqlstate:
                    break
                last = link.say("SELECT body FROM calm WHERE id = 1")[-1]
            (own / "ballast").unlink()
            again = [
                code(link, sql)
                for sql in (
                    "SELECT body FROM note WHERE id < 3",
                    "SELECT body FROM calm WHERE id < 3",
                    "INSERT INTO calm (id, body) VALUES (99, 'x')",
                )
            ]
            started.process.send_signal(signal.SIGTERM)
            started.process.wait(20)
        alarms, kept = found(home)

    assert lied == "SH003"
    assert (last.sqlstate, last.rows) == ("SH007", ())
    assert "note" not in last.message
    assert ("tampered", "public.note") in alarms
    assert kept == {("table", "public.note")}
    assert (held, again) == ("SH008", [""] * 3)
