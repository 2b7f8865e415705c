"""A provider that changes, swaps, takes away, puts back, invents or doubles rows: always found."""

from collections.abc import Iterator

import pytest

from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.hostile_pg import Row, Trick, hostile, row_doubled, row_dropped
from tests.proxying.rowscenes import TABLES, Scene, fill
from tests.proxying.starting import policy_for, prepared, serving
from tests.proxying.talking import Step, Talk, Way

CHANGES = {
    "a cell": "UPDATE patient SET note = (SELECT note FROM patient WHERE id = 5) WHERE id = 4",
    "a term": "UPDATE patient SET email_m = decode('00', 'hex') WHERE id = 4",
    "a column in the clear": "UPDATE patient SET city = 'Delft!' WHERE id = 4",
    "a NULL": "UPDATE patient SET balance = NULL WHERE id = 4",
    "a version": "UPDATE patient SET _sh_v = _sh_v + 1 WHERE id = 4",
    "a tag": "UPDATE patient SET _sh_tag = decode(repeat('00', 16), 'hex') WHERE id = 4",
    "all but the key of another row": (
        "UPDATE patient p SET name = q.name, city = q.city, _sh_v = q._sh_v, _sh_tag = q._sh_tag"
        " FROM patient q WHERE p.id = 4 AND q.id = 5"
    ),
    "an invented number": "UPDATE patient SET _sh_rid = _sh_rid + 1000000 WHERE id = 4",
}
ASKED = {
    "the row": Step("SELECT id, name, city FROM patient WHERE id = «4»"),
    "another column of it": Step("SELECT weight FROM patient WHERE id BETWEEN 2 AND 6"),
    "a sum": Step("SELECT sum(balance), count(*) FROM patient"),
    "a join": Step("SELECT p.name, q.city FROM patient p JOIN patient q ON q.id = p.id"),
    "an update": Step("UPDATE patient SET visits = 1 WHERE id = 4"),
    "a deletion": Step("DELETE FROM patient WHERE id = 4 RETURNING name"),
    "a copy": Step("COPY patient TO STDOUT"),
}


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def scene(rented: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("proxy")
    with hostile(rented.port) as (port, provider):
        prepared(folder / "vault", policy_for(rented, TABLES, port=port))
        yield Scene(rented, provider, folder)


@pytest.fixture(scope="module")
def address(scene: Scene) -> Iterator[Address]:
    with serving(scene.folder) as proxy:
        with Talk(proxy.address) as link:
            fill(link)
        yield proxy.address


@pytest.mark.threat("T710")
@pytest.mark.threat("T711")
@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_row_is_found_by_whatever_reads_it(
    scene: Scene, address: Address, what: str
) -> None:
    with scene.kept("patient") as put_back, Talk(address) as link:
        for asked, step in ASKED.items():
            scene.sql(CHANGES[what])
            answers = link.say(step)
            put_back("id = 4")
            assert answers[-1].sqlstate == "SH003", (asked, answers)
            assert not any(answer.rows for answer in answers)
        (honest,) = link.say(ASKED["the row"], Way.TEXT)

    assert len(honest.rows) == 1  # the session goes on


@pytest.mark.threat("T712")
def test_an_older_row_and_one_that_was_deleted_are_stale(scene: Scene, address: Address) -> None:
    with scene.kept("level") as put_back, Talk(address) as link:
        assert link.say("UPDATE level SET code = 'new' WHERE id = 7")[0].tag == "UPDATE 1"
        assert link.say("DELETE FROM level WHERE id = 8")[0].tag == "DELETE 1"
        for nth in (7, 8):
            put_back(f"id = {nth}")
            (read,) = link.say(f"SELECT code FROM level WHERE id = {nth}")
            (changed,) = link.say(f"UPDATE level SET metres = 1 WHERE id = {nth}")
            assert (read.sqlstate, changed.sqlstate) == ("SH004", "SH004")
        scene.sql("DELETE FROM level WHERE id IN (7, 8)")
        assert link.say("SELECT id FROM level WHERE id < 9")[0].tag == "SELECT 6"


@pytest.mark.threat("T711")
def test_a_row_of_a_transaction_that_was_rolled_back_is_none(
    scene: Scene, address: Address
) -> None:
    provider, asked = scene.provider, "SELECT code FROM level WHERE id = 9"
    with Talk(address) as link:
        link.say("BEGIN")
        assert link.say("UPDATE level SET code = 'never' WHERE id = 9")[0].tag == "UPDATE 1"
        provider.remembers = True
        assert link.rows(asked) == [("never",)]
        provider.remembers = False
        link.say("ROLLBACK")
        (honest,) = link.rows(asked)
        with provider.playing(provider.replayed):
            (lied,) = link.say(asked)

    assert honest != ("never",)
    assert lied.sqlstate == "SH003"


@pytest.mark.threat("T713")
def test_a_row_that_is_given_twice_is_found(scene: Scene, address: Address) -> None:
    with Talk(address) as link:
        link.say("SELECT 1 FROM level WHERE id = 1")  # names are known
        scene.provider.trick = row_doubled
        (one,) = link.say("SELECT code FROM level WHERE id < 30")
        (two,) = link.say("SELECT l.code, m.code FROM level l JOIN level m ON m.id = l.id + 1")
        (sum_,) = link.say("SELECT count(*) FROM level")
        scene.provider.trick = None

    assert [each.sqlstate for each in (one, two, sum_)] == ["SH003"] * 3


@pytest.mark.threat("T719")
def test_a_change_that_was_not_done_is_not_told_as_done(scene: Scene, address: Address) -> None:
    with Talk(address) as link:
        (before,) = link.rows("SELECT code, metres FROM level WHERE id = 12")
        for told in (row_dropped, row_doubled):
            seen = 0

            def second(rows: list[Row], told: Trick = told) -> list[Row]:
                nonlocal seen
                seen += 1
                return told(rows) if seen > 1 else rows  # what was locked is shown as it is

            with scene.provider.playing(second):
                (lied,) = link.say("UPDATE level SET code = 'z' WHERE id = 12")
            assert lied.sqlstate == "SH003"
        (after,) = link.rows("SELECT code, metres FROM level WHERE id = 12")

    assert after == before


@pytest.mark.threat("T717")
@pytest.mark.threat("T718")
@pytest.mark.threat("T721")
def test_nothing_of_such_a_table_is_shown_without_being_verified(address: Address) -> None:
    """What the provider would do with rows by itself is refused, and never sent."""
    asked = (
        "SELECT id FROM patient WHERE id IN (SELECT id FROM level)",
        "SELECT (SELECT count(*) FROM level)",
        "SELECT id FROM level UNION ALL SELECT id FROM level",
        "WITH l AS (SELECT id FROM level) SELECT * FROM l",
        "SELECT * FROM (SELECT id FROM level) l",
        "CREATE VIEW looks AS SELECT id FROM level",
        "CREATE TABLE copied AS SELECT id FROM level",
        "SELECT id FROM level WHERE id ~ 'x'",
        "SELECT id FROM level WHERE EXISTS (SELECT 1 FROM level)",
        "TRUNCATE level",
        "ALTER TABLE level ADD COLUMN more int",
        "ALTER TABLE level DROP COLUMN metres",
        "INSERT INTO level (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET code = 'x'",
        "INSERT INTO level (id) SELECT 77",
        "INSERT INTO level (id, at) VALUES (77, now())",
        "UPDATE level SET at = now()",
        "EXPLAIN SELECT id FROM level",
    )
    with Talk(address) as link:
        said = {sql: link.say(sql)[0] for sql in asked}

    assert all(each.is_refused for each in said.values()), said


@pytest.mark.threat("T716")
def test_a_table_with_a_column_more_is_not_used(scene: Scene, address: Address) -> None:
    scene.sql("ALTER TABLE level ADD COLUMN more int")
    try:
        with Talk(address) as link:
            (refused,) = link.say("SELECT id FROM level")
    finally:
        scene.sql("ALTER TABLE level DROP COLUMN more")
    with Talk(address) as link:
        (again,) = link.say("SELECT id FROM level WHERE id = 1")

    assert refused.sqlstate == "SH001"
    assert again.kind == "rows"
