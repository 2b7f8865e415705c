"""Statements made to show, or to let the provider read, what they must not."""

import pytest

from sealhold.protect.sql.plan import Control, Query, Refused, Relay, Script
from tests.planned import plan
from tests.unit.test_protect_moving import plan as plan_meanwhile

SECRET = "Meret Oppenheim"


@pytest.mark.threat("T690")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT patient FROM patient",
        "SELECT p FROM patient p",
        "SELECT p.*::text FROM patient p",
        "SELECT row_to_json(p) FROM patient p",
        "SELECT to_jsonb(patient.*) FROM patient",
        "SELECT ROW(p.*) FROM patient p",
        "SELECT (p).email FROM patient p",
        "SELECT count(p) FROM patient p",
        "SELECT ctid FROM patient",
        "SELECT p.xmin::text FROM patient p",
        "SELECT tableoid FROM patient",
        "SELECT email_m FROM patient",
        "SELECT p._sh_rid FROM patient p",
        "SELECT s.email_m FROM (SELECT email FROM patient) s",
        "SELECT mail_m FROM v",
        "WITH x AS (SELECT email FROM patient) SELECT x.email_m FROM x",
    ],
)
def test_no_statement_shows_what_the_provider_keeps(text: str) -> None:
    assert isinstance(plan(text), Refused)


@pytest.mark.threat("T691")
@pytest.mark.parametrize(
    "text",
    [
        "DO $$ BEGIN DELETE FROM patient; END $$",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE RULE r AS ON INSERT TO plain DO ALSO INSERT INTO patient VALUES (1)",
        "CREATE TRIGGER t BEFORE INSERT ON patient EXECUTE FUNCTION f()",
        "MERGE INTO patient p USING plain q ON p.id = q.id WHEN MATCHED THEN DELETE",
        "SELECT id FROM patient TABLESAMPLE system (10)",
        "SELECT x.id FROM (patient p JOIN plain q ON p.id = q.id) AS x (id)",
        "SELECT * FROM ROWS FROM (generate_series(1, 2)) g, patient",
        "WITH gone AS (DELETE FROM patient RETURNING *) SELECT * FROM gone",
        "WITH RECURSIVE r AS (SELECT id FROM patient UNION ALL SELECT id FROM r) SELECT * FROM r",
        "EXPLAIN ANALYZE SELECT * FROM patient",
        "SELECT * INTO copied FROM patient",
        "CREATE TABLE copied AS SELECT * FROM patient",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM patient",
        "ALTER TABLE patient ALTER COLUMN email TYPE text",
        "ALTER TABLE patient RENAME COLUMN email TO mail",
        "SET ROLE postgres",
        "INSERT INTO patient (id, email) VALUES (1, money '3')",
        "PREPARE TRANSACTION 'x'",
    ],
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    assert isinstance(plan(text), Refused)


@pytest.mark.threat("T691")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "+".join(["1"] * 3_000),
        "SELECT " + "+".join(["age"] * 100) + " FROM patient",
        "SELECT id FROM patient WHERE " + "NOT " * 300 + "true",
        "SELECT * FROM " + "(SELECT * FROM " * 100 + "patient" + ") x" * 100,
        "SELECT " + "(" * 100_000 + "1" + ")" * 100_000,
    ],
    ids=["plus", "column", "not", "query", "parenthesis"],
)
def test_a_statement_that_nests_too_deep_is_refused_and_the_session_goes_on(text: str) -> None:
    made = plan(text)

    assert isinstance(made, Refused)
    assert made.code in {"54001", "42601"}


@pytest.mark.threat("T692")
@pytest.mark.parametrize(
    "call",
    [
        "query_to_xml('SELECT * FROM patient', true, true, '')",
        "pg_catalog.table_to_xml('patient', true, true, '')",
        "dblink('', 'SELECT email FROM patient')",
        "public.dblink_exec('', 'DELETE FROM patient')",
        "pg_read_file('/etc/passwd')",
        "lo_import('/etc/passwd')",
        "set_config('search_path', 'other', false)",
        "ts_stat('SELECT vector FROM patient')",
    ],
)
def test_functions_that_a_text_steers_are_refused(call: str) -> None:
    for text in (
        f"SELECT {call}",
        f"SELECT * FROM {call}",
        f"SELECT city FROM plain WHERE {call} IS NULL",
    ):
        made = plan(text)
        assert isinstance(made, Refused)
        assert made.code == "SH001"


@pytest.mark.threat("T693")
def test_comments_do_not_reach_the_provider() -> None:
    for text in (
        f"SELECT city FROM plain /* {SECRET} */",
        f"SELECT 1 -- {SECRET}",
        f"BEGIN /* {SECRET} */",
    ):
        made = plan(text)
        assert isinstance(made, Relay | Control)
        assert SECRET not in made.sql


@pytest.mark.threat("T694")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM patient WHERE email = '{}'",
        "SELECT id FROM patient WHERE email IN ('{}', 'a')",
        "INSERT INTO patient (id, name, email) VALUES (1, '{}', '{}')",
        (
            "INSERT INTO patient (id, email) VALUES (1, 'a') ON CONFLICT (email)"
            " DO UPDATE SET email = '{}', name = '{}', age = 3, code = 'c'"
        ),
        "UPDATE episode SET note = '{}' WHERE mail = '{}'",
        "DELETE FROM patient WHERE email = '{}'",
        "WITH x AS (SELECT * FROM patient WHERE email = '{}') SELECT id FROM x",
        "CREATE VIEW w AS SELECT id FROM patient WHERE email = '{}'",
    ],
)
def test_a_constant_beside_a_protected_column_is_in_no_text(text: str) -> None:
    made = plan(text.replace("{}", SECRET))
    texts = (
        made.statements
        if isinstance(made, Script)
        else (made.sql,)
        if isinstance(made, Query)
        else ()
    )
    assert texts, made
    assert not any(SECRET in each for each in texts)


@pytest.mark.threat("T695")
def test_a_table_that_the_provider_holds_bare_is_sent_nothing() -> None:
    for text in ("SELECT id FROM bare", "INSERT INTO bare VALUES (1, 'x')", "COPY bare FROM STDIN"):
        made = plan(text)
        assert isinstance(made, Refused)
        assert made.code == "SH001"
    assert isinstance(plan("DROP TABLE bare"), Relay)


@pytest.mark.threat("T696")
@pytest.mark.parametrize(
    "text",
    [
        "ALTER TABLE patient ADD COLUMN more text",
        "CREATE VIEW w AS SELECT name FROM patient",
        "CREATE INDEX ON patient (name)",
        "CREATE TABLE copied AS SELECT * FROM patient",
    ],
)
def test_nothing_is_defined_on_a_table_that_is_migrated(text: str) -> None:
    made = plan_meanwhile(text)
    assert isinstance(made, Refused)
    assert made.code == "SH002"
