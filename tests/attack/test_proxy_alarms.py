"""Alarms and what follows from them, rehearsed: each reaction, and how it is undone."""

import signal
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from tests.proxying.addresses import Address
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
from tests.proxying.hostile_pg import TRICKS, HostileProvider, hostile
from tests.proxying.talking import Step, Talk, Way

MOMENT = 1.0  # seconds until what is told is durable, on a machine that is busy
Seen = tuple[set[tuple[str, str]], set[tuple[str, str]]]  # alarms; what is held
CLERK, GUEST = "clerk", "guest"
SAID = {
    "note": 'reactions = ["quarantine", "rotate", "notify"]',
    "file": 'reactions = ["quarantine"]\nrate = { distinct_per_hour = 30 }',
    "book": 'reactions = ["quarantine"]\nrate = { rows_per_minute = 40 }',
    "card": 'reactions = ["quarantine"]\nbait = 5',
    "calm": 'reactions = ["notify"]',
}
FILLED = {"note": 20, "file": 60, "book": 20, "calm": 20}
WRITES = (
    "EXECUTE add (78, 'after')",
    "UPDATE note SET body = 'x'",
    "DELETE FROM note",
    "TRUNCATE note",
    "DROP TABLE note",
    "ALTER TABLE note DROP COLUMN body",
    "COMMENT ON TABLE note IS 'x'",
)


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def lying(rented: Cluster) -> Iterator[tuple[int, HostileProvider]]:
    with hostile(rented.port) as stands:
        yield stands


@pytest.fixture(scope="module")
def home(
    rented: Cluster, lying: tuple[int, HostileProvider], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A vault whose proxy was attacked in each way, and then killed."""
    folder = tmp_path_factory.mktemp("alarms")
    policy = alarming_policy(rented, SAID, port=lying[0])
    ready = made(folder, policy, (CLERK, GUEST, THIEF, DECOY))
    with serving(ready, folder) as started:
        with Talk(started.address) as link:
            _honest(link)
            _tampered(link, lying[1])
        _scraped(started.address)
        _too_fast(started.address)
        _stolen(started.address)
        sleep(MOMENT)
        started.process.send_signal(signal.SIGKILL)
        started.process.wait(20)
    return ready


@pytest.fixture(scope="module")
def seen(home: Path) -> Seen:
    """What the log tells of the attacks, before the owner lets go of anything."""
    return found(home)


def _honest(link: Talk) -> None:
    for table, rows in FILLED.items():
        link.rows(f"CREATE TABLE {table} (id integer, body text)")
        fill(link, table, rows)
    for _ in range(20):
        assert len(link.rows("SELECT id, body FROM note WHERE id < 10")) == 10
    link.say("PREPARE add AS INSERT INTO note (id, body) VALUES ($1, $2)")
    link.rows("EXECUTE add (77, 'before')")


def _tampered(link: Talk, provider: HostileProvider) -> None:
    with provider.playing(TRICKS["bit_flipped"]):
        lied = code(link, "SELECT body FROM note")
    after = [code(link, sql) for sql in WRITES]
    copied = link.say(Step("COPY note (id, body) FROM STDIN", b"1\tx\n"))[-1].sqlstate
    bound = link.say(Step("INSERT INTO note (id, body) VALUES («9», «x»)"), Way.BINARY)

    assert (lied, copied, bound[-1].sqlstate) == ("SH003", "SH008", "SH008")
    assert after[:-1] == ["SH008"] * (len(WRITES) - 1)
    assert after[-1]
    assert link.rows("SELECT count(*), min(body) FROM note") == [("21", "before")]
    assert code(link, "INSERT INTO calm (id, body) VALUES (99, 'goes on')") == ""


def _scraped(address: Address) -> None:
    with Talk(as_user(address, CLERK)) as clerk:
        for _ in range(3):
            assert len(clerk.rows("SELECT body FROM file WHERE id < 25")) == 25
        codes = [code(clerk, f"SELECT body FROM file WHERE id = {at}") for at in range(25, 32)]
    assert codes == [""] * 5 + ["SH006", "SH008"]
    _turned_away(address, CLERK, "quarantined")


def _too_fast(address: Address) -> None:
    with Talk(as_user(address, GUEST)) as guest:
        codes = [code(guest, "SELECT body FROM book") for _ in range(4)]
    assert codes == ["", "", "SH006", "SH008"]
    _turned_away(address, GUEST, "quarantined")


def _stolen(address: Address) -> None:
    with Talk(as_user(address, THIEF)) as thief:
        assert code(thief, "SELECT * FROM card") == "SH008"
    _turned_away(address, THIEF, "quarantined")
    _turned_away(address, DECOY, "password authentication failed")


def _turned_away(address: Address, name: str, why: str) -> None:
    with pytest.raises(ConnectionError) as refused, Talk(as_user(address, name)):
        pass
    assert why in str(refused.value)


@pytest.mark.threat("T743")
@pytest.mark.threat("T745")
@pytest.mark.threat("T746")
def test_each_attack_is_an_alarm_and_an_honest_load_is_none(seen: Seen) -> None:
    alarms, held = seen

    assert alarms == {
        ("tampered", "public.note"), ("distinct", "public.file"), ("rate", "public.book"),
        ("decoy-table", "public.card"), ("decoy-login", ""),
    }  # fmt: skip
    assert held == {
        ("table", "public.note"), ("rotation", "public.note"), ("user", CLERK), ("user", GUEST),
        ("user", THIEF),
    }  # fmt: skip


@pytest.mark.threat("T747")
@pytest.mark.usefixtures("seen")
def test_what_is_held_survives_a_kill_and_the_owner_alone_lets_go(
    home: Path, tmp_path: Path
) -> None:
    let_go(home, "user", THIEF)
    with serving(home, tmp_path) as started:
        with Talk(started.address) as link:
            killed = [code(link, "DELETE FROM note"), code(link, "SELECT body FROM note")]
        _turned_away(started.address, GUEST, "quarantined")
        with Talk(as_user(started.address, THIEF)) as thief:
            back = code(thief, "SELECT body FROM calm")
    let_go(home, "table", "note")

    assert killed == ["SH008", ""]
    assert back == ""
    assert found(home)[1] == {("rotation", "public.note"), ("user", CLERK), ("user", GUEST)}
