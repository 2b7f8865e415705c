"""Tables that come, go and change while sessions are open: what the policy protects stays so."""

from collections.abc import Iterator

import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.markers import PLANTED, text
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Talk, Way

DATABASE = "rented"
HELD = (1, 2, 3, 4)  # markers of the statements below
STATEMENTS = {
    "insert": f"INSERT INTO planted (id, name, mrn) VALUES (1, '{text(1)}', '{text(2)}')",
    "bound": f"INSERT INTO planted (id, name, mrn) VALUES (2, «{text(3)}», «{text(3)}»)",
    "select": f"SELECT id FROM planted WHERE mrn = '{text(2)}' OR code = '{text(4)}'",
    "update": f"UPDATE planted SET name = '{text(1)}', code = '{text(4)}'",
    "delete": f"DELETE FROM planted WHERE mrn = '{text(2)}'",
    "prepare": f"PREPARE p AS SELECT id FROM planted WHERE mrn = '{text(2)}'",
    "inside": f"SELECT (SELECT count(*) FROM planted WHERE mrn = '{text(2)}')",
    "with": f"WITH w AS (SELECT mrn FROM planted) SELECT * FROM w WHERE mrn = '{text(2)}'",
}


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster("all") as started:
        yield started


@pytest.fixture(scope="module")
def proxy(rented: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    folder = tmp_path_factory.mktemp("proxy")
    with start_proxy(policy_for(rented, (PLANTED,)), folder) as started:
        yield started.address


@pytest.fixture
def bare(rented: Cluster) -> Cluster:
    """Return the server without the table."""
    rented.run("DROP TABLE IF EXISTS planted", DATABASE)
    return rented


def leaked(rented: Cluster, log_from: int) -> list[int]:
    """Return the markers that stand in the log from a place on, or in the table."""
    seen = rented.log.read_bytes()[log_from:].decode(errors="replace")
    there = rented.run("SELECT to_regclass('planted') IS NOT NULL", DATABASE)[0][0] == "t"
    rows = rented.run("SELECT p::text FROM planted p", DATABASE) if there else []
    seen += "".join(str(row[0]) for row in rows)
    return [nth for nth in HELD if text(nth) in seen or text(nth).encode().hex() in seen]


@pytest.mark.threat("T664")
@pytest.mark.parametrize("way", [Way.SIMPLE, Way.TEXT])
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_protected_table_that_is_not_there_yet_is_named_without_a_value(
    bare: Cluster, proxy: Address, name: str, way: Way
) -> None:
    begun = len(bare.log.read_bytes())
    with Talk(proxy) as link:
        came = link.say(STATEMENTS[name], way)

    assert leaked(bare, begun) == []
    assert came[-1].kind == "error"


@pytest.mark.threat("T664")
@pytest.mark.parametrize("way", [Way.SIMPLE, Way.TEXT])
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_table_that_another_session_made_is_protected_in_sessions_that_were_there(
    bare: Cluster, proxy: Address, name: str, way: Way
) -> None:
    with Talk(proxy) as early, Talk(proxy) as other:
        early.rows("SELECT 1")
        (made,) = other.say(PLANTED.create)
        begun = len(bare.log.read_bytes())
        came = early.say(STATEMENTS[name], way)
        again = early.say(STATEMENTS["insert"].replace("(1,", "(10,"), way)
        early.say("ROLLBACK")

    assert made.kind == "done"
    assert leaked(bare, begun) == []
    assert came[-1].sqlstate in {"", "SH001", "SH002", "SH007"}
    assert again[-1].sqlstate in {"", "SH001", "SH002", "SH007"}


@pytest.mark.threat("T664")
def test_a_table_that_was_made_anew_by_another_session_is_protected_for_a_prepared_statement(
    bare: Cluster, proxy: Address
) -> None:
    with Talk(proxy) as early, Talk(proxy) as other:
        other.say(PLANTED.create)
        early.say("PREPARE kept (text) AS INSERT INTO planted (id, name) VALUES (5, $1)")
        early.say("SELECT id FROM planted WHERE mrn = 'x'", Way.TEXT)
        other.say("DROP TABLE planted")
        other.say(PLANTED.create)
        begun = len(bare.log.read_bytes())
        early.say(f"EXECUTE kept ('{text(1)}')")
        early.say(f"SELECT id FROM planted WHERE mrn = «{text(2)}»", Way.TEXT)

    assert leaked(bare, begun) == []


@pytest.mark.threat("T664")
@pytest.mark.parametrize("kind", ["bytea", "text"])
def test_a_table_that_the_provider_made_in_clear_is_sent_nothing(
    bare: Cluster, proxy: Address, kind: str
) -> None:
    with Talk(proxy) as early:
        early.rows("SELECT 1")
        columns = ", ".join(f"{c.name} {kind}" for c in PLANTED.columns[1:])
        bare.run(f"CREATE TABLE planted (id integer, {columns})", DATABASE)
        begun = len(bare.log.read_bytes())
        came = [
            early.say(sql, way) for sql in STATEMENTS.values() for way in (Way.SIMPLE, Way.TEXT)
        ]
        early.say("ROLLBACK")

    assert leaked(bare, begun) == []
    assert all(answers[-1].kind == "error" for answers in came)


@pytest.mark.threat("T664")
def test_a_temporary_table_of_the_same_name_hides_the_protected_one_for_its_session_alone(
    bare: Cluster, proxy: Address
) -> None:
    with Talk(proxy) as one, Talk(proxy) as two:
        two.say(PLANTED.create)
        one.say("CREATE TEMP TABLE planted (id integer, name text)")
        begun = len(bare.log.read_bytes())
        two.say(STATEMENTS["insert"])
        one.say("DROP TABLE pg_temp.planted")
        one.say(STATEMENTS["bound"], Way.TEXT)

    assert leaked(bare, begun) == []
