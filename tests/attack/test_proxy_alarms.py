"""Alarms and what follows from them, rehearsed: each reaction, and how it is undone."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proxying.alarming import (
    DECOY,
    THIEF,
    alarming_policy,
    as_user,
    code,
    fill,
    found,
    let_go,
    made,
    serving,
)
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.hostile_pg import TRICKS, hostile
from tests.proxying.talking import Step, Talk, Way

SAID = {
    "note": 'reactions = ["quarantine", "rotate", "notify"]',
    "file": 'reactions = ["quarantine"]\nrate = { distinct_per_hour = 30 }',
    "book": 'reactions = ["quarantine"]\nrate = { rows_per_minute = 40 }',
    "card": 'reactions = ["quarantine"]\nbait = 5',
    "calm": 'reactions = ["notify"]',
}
ALL = ("note", "file", "book", "calm")


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


def test_each_reaction_holds_within_one_request_survives_a_kill_and_is_undone(
    rented: Cluster, tmp_path: Path
) -> None:
    with hostile(rented.port) as (port, provider):
        home = made(
            tmp_path, alarming_policy(rented, SAID, port=port), ("clerk", "guest", THIEF, DECOY)
        )
        with serving(home, tmp_path) as started, Talk(started.address) as link:
            for table in ALL:
                link.rows(f"CREATE TABLE {table} (id integer, body text)")
                fill(link, table, 60 if table == "file" else 20)
            for _ in range(20):  # an honest load
                assert len(link.rows("SELECT id, body FROM note WHERE id < 10")) == 10
            link.say("PREPARE add AS INSERT INTO note (id, body) VALUES ($1, $2)")
            link.rows("EXECUTE add (77, 'before')")
            with provider.playing(TRICKS["bit_flipped"]):
                lied = code(link, "SELECT body FROM note")
            after = [
                code(link, sql)
                for sql in (
                    "EXECUTE add (78, 'after')",
                    "UPDATE note SET body = 'x'",
                    "DELETE FROM note",
                    "TRUNCATE note",
                    "DROP TABLE note",
                    "ALTER TABLE note DROP COLUMN body",
                    "WITH gone AS (DELETE FROM note RETURNING id) SELECT * FROM gone",
                )
            ]
            copied = link.say(Step("COPY note (id, body) FROM STDIN", b"1\tx\n"))[-1].sqlstate
            bound = link.say(Step("INSERT INTO note (id, body) VALUES («9», «x»)"), Way.BINARY)
            read = link.rows("SELECT count(*), min(body) FROM note")
            others = code(link, "INSERT INTO calm (id, body) VALUES (99, 'goes on')")

            with Talk(as_user(started.address, "clerk")) as clerk:
                some = clerk.rows("SELECT body FROM file WHERE id < 25")
                again = clerk.rows("SELECT body FROM file WHERE id < 25")
                scraped = [
                    code(clerk, f"SELECT body FROM file WHERE id = {each}")
                    for each in range(25, 32)
                ]
            with Talk(as_user(started.address, "guest")) as guest:
                fast = [code(guest, "SELECT body FROM book") for _ in range(4)]
            with Talk(as_user(started.address, THIEF)) as thief:
                touched = code(thief, "SELECT * FROM card")
            tries = []
            for name in ("clerk", "guest", THIEF, DECOY):
                with (
                    pytest.raises(ConnectionError) as refused,
                    Talk(as_user(started.address, name)),
                ):
                    pass
                tries.append(str(refused.value))
            started.process.send_signal(signal.SIGKILL)
            started.process.wait(20)

        assert (lied, copied, bound[-1].sqlstate) == ("SH003", "SH008", "SH008")
        assert after == ["SH008"] * 6 + ["SH001"]
        assert read == [("21", "before")]
        assert others == ""
        assert (len(some), len(again)) == (25, 25)
        assert scraped[:5] == [""] * 5
        assert scraped[5] == "SH006"
        assert scraped[6] == "SH008"
        assert "SH006" in fast
        assert touched == "SH008"
        assert all("quarantined" in each for each in tries[:3])
        assert "password authentication failed" in tries[3]

        with serving(home, tmp_path) as started, Talk(started.address) as link:
            killed = [code(link, "DELETE FROM note"), code(link, "SELECT body FROM note")]
            with pytest.raises(ConnectionError), Talk(as_user(started.address, THIEF)):
                pass
        alarms, held = found(home)
        let_go(home, "table", "note")
        let_go(home, "user", THIEF)
        with serving(home, tmp_path) as started:
            with Talk(started.address) as link:
                undone = code(link, "DELETE FROM note")
            with Talk(as_user(started.address, THIEF)) as thief:
                back = code(thief, "SELECT body FROM calm")

    assert killed == ["SH008", ""]
    assert alarms == {
        ("tampered", "public.note"), ("distinct", "public.file"), ("rate", "public.book"),
        ("decoy-table", "public.card"), ("decoy-login", ""),
    }  # fmt: skip
    assert held == {
        ("table", "public.note"), ("rotation", "public.note"), ("user", "clerk"),
        ("user", "guest"), ("user", THIEF),
    }  # fmt: skip
    assert (undone, back) == ("", "")
