"""A role with masks, from a client: what it is shown, and all other ways to what is hidden."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal

import pytest

from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import named
from tests.proxying.addresses import Address
from tests.proxying.cluster import Cluster, cluster
from tests.proxying.markers import found_in
from tests.proxying.roles import ANN, OTHERS, SHOWN, STAFF, TABLES, role
from tests.proxying.roleways import ASKED, AT_THE_PROVIDER, BARRED, BEFORE, CHANGES
from tests.proxying.starting import policy_for, start_proxy
from tests.proxying.talking import Answer, Step, Talk, Way

DATABASE = "rented"


@pytest.fixture(scope="module")
def rented() -> Iterator[Cluster]:
    with cluster() as started:
        yield started


@pytest.fixture(scope="module")
def proxy(rented: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """Return where the user without a role comes in; all tables are filled."""
    folder = tmp_path_factory.mktemp("roles")
    text = policy_for(rented, TABLES) + role()
    with start_proxy(text, folder, others=OTHERS) as started:
        with Talk(started.address) as link:
            for table in TABLES:
                for each in (table.create, *table.inserts(0)):
                    assert link.say(each)[0].kind == "done", each
        for each in BEFORE:
            rented.run(each, DATABASE)
        for name, query in AT_THE_PROVIDER.items():
            rented.run(f"CREATE VIEW {name} AS {query}", DATABASE)
        rented.run("ANALYZE", DATABASE)
        yield started.address


@pytest.fixture(scope="module")
def ann(proxy: Address) -> Iterator[Talk]:
    with Talk(replace(proxy, user=ANN)) as link:
        yield link


def hidden_in(answers: list[Answer]) -> dict[int, int]:
    """Return the markers that stand in answers, wherever."""
    return found_in(repr(answers).encode())


def model(show: str, value: str | None) -> str | None:  # noqa: PLR0911  # reason: one way for each
    """Return what is shown of a value in text form; of a hash nothing is said."""
    if value is None or show == "nothing":
        return None
    match show:
        case "initial" | "prefix2":
            most = 1 if show == "initial" else 2
            return value[:most] if len(value) > most else ""
        case "last4":
            return value[-4:] if len(value) > 4 else ""
        case "domain":
            return value.split("@")[-1]
        case "year":
            return date.fromisoformat(value).replace(month=1, day=1).isoformat()
        case "month":
            seen = datetime.fromisoformat(value).replace(day=1, hour=0, minute=0, second=0)
            return f"{seen:%Y-%m-%d %H:%M:%S}+00"
        case "range:10":
            return str(int(value) // 10 * 10)
        case _:
            whole = (Decimal(value) / 1000).to_integral_value(ROUND_FLOOR) * 1000
            return f"{whole:.2f}"


@pytest.mark.parametrize("way", Way)
def test_each_mask_shows_what_its_model_does(ann: Talk, way: Way) -> None:
    names = [each.name for each in STAFF.columns]
    rows = STAFF.made(0)

    for at, column in enumerate(STAFF.columns):
        show = SHOWN.get(f"staff.{column.name}")
        asked = f"SELECT id, {column.name} FROM staff ORDER BY id"
        came = ann.say(asked, way)[-1].rows
        if show is None or show == "hash":
            continue
        told = [read(column.type, cell, way) for _, cell in came]
        assert told == [model(show, row[at]) for row in rows], column.name
    shown = ann.rows("SELECT badge FROM staff ORDER BY id")
    assert [len(cell or "") for (cell,) in shown] == [32] * (len(rows) - 1) + [0]
    assert len(names) == len(ann.say("SELECT * FROM staff")[0].headings)


@pytest.mark.threat("T733")
@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize(
    "asked",
    [
        "SELECT * FROM staff",
        "SELECT s.*, v.city FROM staff s LEFT JOIN visit v ON v.id = s.id",
        "SELECT x.* FROM (SELECT * FROM staff) x",
        "WITH x AS (SELECT * FROM staff) SELECT * FROM x",
        "SELECT city, name FROM staff UNION ALL SELECT city, name FROM staff",
        "SELECT name, length(open) FROM staff",
        "SELECT * FROM as_it_is",
        "TABLE staff",
        "COPY staff TO STDOUT",
        "COPY (SELECT * FROM staff) TO STDOUT WITH (FORMAT csv)",
        "COPY staff TO STDOUT WITH (FORMAT binary)",
        "UPDATE paper SET size = 3 RETURNING *",
        "UPDATE paper SET read = read || '' RETURNING sign, note, code",
        "INSERT INTO paper (id, sign, note) VALUES (8, 'mine', 'mine') RETURNING *",
        "DELETE FROM paper WHERE id = 8 RETURNING *",
        "SELECT relname, attname FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid",
        "SELECT id FROM staff WHERE name IS NOT NULL",
        "SELECT title FROM book",
    ],
)
def test_what_comes_out_is_masked_on_every_way(ann: Talk, asked: str, way: Way) -> None:
    came = ann.say(asked, way)

    assert hidden_in(came) == {}
    is_binary_copy = asked.startswith("COPY") and way is not Way.SIMPLE
    assert came[-1].kind in ({"error"} if is_binary_copy else {"rows", "done"}), came


@pytest.mark.threat("T733")
def test_a_cursor_and_a_prepared_statement_show_masks(ann: Talk) -> None:
    came = ann.say("BEGIN") + ann.say("DECLARE seen CURSOR FOR SELECT id, city, name FROM staff")
    came += ann.say("FETCH 3 FROM seen") + ann.say("COMMIT")
    came += ann.say("PREPARE shown AS SELECT city, note FROM staff WHERE id = $1")
    came += ann.say("EXECUTE shown (2)")

    assert hidden_in(came) == {}
    assert came[2].rows == ((b"0", b"zq", b"z"), (b"1", b"zq", b"z"), (b"2", b"zq", b"z"))
    assert came[-1].rows == ((b"zq", None),)


@pytest.mark.parametrize("way", Way)
def test_what_a_role_writes_is_there_and_is_shown_masked(
    ann: Talk, proxy: Address, way: Way
) -> None:
    at = 50 + 10 * list(Way).index(way)
    came = ann.say(f"INSERT INTO paper (id, sign, note) VALUES («{at}», «of ann», «noted»)", way)
    came += ann.say(f"INSERT INTO paper (id, sign, note) VALUES ({at + 1}, NULL, DEFAULT)", way)
    came += ann.say(f"UPDATE paper SET sign = «anew», note = «again» WHERE id = «{at}»", way)
    came += ann.say(Step("COPY paper (id, sign, note) FROM STDIN", f"{at + 2}\tx\ty\n".encode()))
    asked = f"SELECT id, sign, note FROM paper WHERE id BETWEEN {at} AND {at + 2} ORDER BY id"
    masked = ann.rows(asked)
    with Talk(proxy) as link:
        there = link.rows(asked)

    assert {each.kind for each in came} == {"done"}
    names = [str(at + nth) for nth in range(3)]
    assert there == [
        (names[0], "anew", "again"), (names[1], None, "a blank one"), (names[2], "x", "y"),
    ]  # fmt: skip
    assert masked == [(names[0], "a", "ag"), (names[1], None, "a "), (names[2], "", "")]


@pytest.mark.threat("T734")
@pytest.mark.parametrize("asked", ASKED)
def test_nothing_is_asked_of_a_masked_column(ann: Talk, asked: str) -> None:
    for way in (Way.SIMPLE, Way.BINARY):
        came = ann.say(asked, way)

        assert hidden_in(came) == {} or "«" in asked
        assert came[-1].kind == "error", came
        assert came[-1].sqlstate in {"SH001", "SH002", "SH007", "42703"}, came


@pytest.mark.threat("T737")
@pytest.mark.parametrize("asked", CHANGES)
def test_a_change_tells_nothing_of_a_masked_column(ann: Talk, asked: str) -> None:
    came = ann.say(Step(asked, b"7\tzqx0c0901k\n"))

    assert [each.sqlstate for each in came] == ["SH007"], came


@pytest.mark.threat("T738")
@pytest.mark.parametrize("name", BARRED)
def test_what_others_made_is_no_way_round(ann: Talk, name: str) -> None:
    came = ann.say(f"SELECT * FROM {name}")

    assert hidden_in(came) == {}
    assert [each.sqlstate for each in came] == ["SH007"], came


@pytest.mark.threat("T738")
def test_an_error_of_the_provider_shows_no_row(ann: Talk, proxy: Address) -> None:
    asked = "UPDATE paper SET size = 1000 WHERE id = 1"
    (came,) = ann.say(asked)
    with Talk(proxy) as link:
        (other,) = link.say(asked)

    assert (came.sqlstate, other.sqlstate) == ("23514", "23514")
    assert "DETAIL" not in told(ann)
    assert hidden_in([came]) == {}


@pytest.mark.threat("T735")
def test_the_zone_of_a_session_moves_no_month(ann: Talk) -> None:
    asked = "SELECT id, seen FROM staff ORDER BY id"
    seen = set()
    for zone in ("UTC", "Pacific/Kiritimati", "Etc/GMT+12"):
        ann.rows(f"SET timezone = '{zone}'")
        came = ann.say(asked, Way.BINARY)[-1]
        seen.add(came.rows)
    ann.rows("SET timezone = 'UTC'")

    assert len(seen) == 1


@pytest.mark.threat("T739")
def test_a_column_under_another_name_does_not_come_out(rented: Cluster, proxy: Address) -> None:
    rented.run("ALTER TABLE paper RENAME note TO hint", DATABASE)
    try:
        with Talk(replace(proxy, user=ANN)) as link:
            came = link.say("SELECT * FROM paper") + link.say("SELECT hint FROM paper")
    finally:
        rented.run("ALTER TABLE paper RENAME hint TO note", DATABASE)

    assert {each.sqlstate for each in came} == {"SH007"}
    assert hidden_in(came) == {}


@pytest.mark.threat("T733")
def test_one_text_has_a_plan_for_each_role(ann: Talk, proxy: Address) -> None:
    asked = "SELECT name, city FROM staff WHERE id = 1"
    with Talk(proxy) as link:
        app = [link.say(asked, way)[-1].rows for way in Way]
        masked = [ann.say(asked, way)[-1].rows for way in Way]
        again = [link.say(asked, way)[-1].rows for way in Way]

    assert app == again == [((b"zqx0c0101k", b"zqx0c0401k"),)] * 3
    assert masked == [((b"z", b"zq"),)] * 3


@pytest.mark.threat("T740")
@pytest.mark.parametrize(
    "asked",
    [
        "SELECT title FROM book",
        "SELECT visit.id FROM visit, book",
        "SELECT * FROM pg_stats",
        "SELECT * FROM unlisted",
        "EXPLAIN SELECT title FROM book",
        "COPY book TO STDOUT",
        "PREPARE p AS SELECT title FROM book",
        "DECLARE c CURSOR FOR SELECT title FROM book",
        "INSERT INTO visit (id) VALUES (9)",
        "UPDATE visit SET id = 2",
        "TRUNCATE visit",
        "TRUNCATE book",
        "LOCK TABLE visit",
        "CREATE TABLE mine (id integer)",
        "CREATE INDEX ON visit (open)",
        "ALTER TABLE visit ADD CHECK (id > 0)",
        "DROP TABLE book",
        "DROP TABLE visit",
        "CREATE SCHEMA mine",
        "COMMENT ON TABLE book IS 'a'",
    ],
)
def test_rights_bind_what_is_in_the_clear_too(proxy: Address, asked: str) -> None:
    with Talk(replace(proxy, user="eve")) as link:
        for way in Way:
            came = link.say(asked, way)
            assert came[-1].sqlstate == "SH007" or "COPY" in asked, (way, came)
            assert came[-1].kind == "error"
        assert link.rows("SELECT id FROM visit ORDER BY id") == [("0",), ("1",)]


@pytest.mark.threat("T740")
@pytest.mark.parametrize(
    ("user", "asked"),
    [
        ("rob", "WITH x AS (DELETE FROM book RETURNING id) SELECT * FROM x"),
        ("rob", "SELECT id INTO mine FROM book"),
        ("rob", "EXPLAIN ANALYZE DELETE FROM book"),
        ("rob", "CREATE TABLE mine AS SELECT 1"),
        ("rob", "VACUUM book"),
        ("will", "SELECT title FROM book"),
        ("will", "INSERT INTO book (id) VALUES (9) RETURNING title"),
        ("will", "INSERT INTO book SELECT * FROM book"),
        ("will", "UPDATE book SET title = 'a' RETURNING id"),
        ("will", "COPY book TO STDOUT"),
        ("kim", "SELECT title FROM book"),
        ("kim", "INSERT INTO visit (id) VALUES (9)"),
        ("kim", "CREATE TABLE mine (id integer)"),
    ],
)
def test_a_right_is_needed_for_each_part_of_a_statement(
    proxy: Address, user: str, asked: str
) -> None:
    with Talk(replace(proxy, user=user)) as link:
        came = link.say(asked)

    assert [each.sqlstate for each in came] == ["SH007"], came


def read(type_: str, cell: bytes | None, way: Way) -> str | None:
    """Return a cell of either form as text."""
    if cell is None:
        return None
    if way is not Way.BINARY:
        return cell.decode()
    return codec(named(type_)).to_text(cell, Settings()).decode()


def told(link: Talk) -> str:
    """Return the last error with all its fields."""
    return link.link.error_message.decode()
