"""Attacks on a query grant by the statement: rows beyond it, side doors, small groups."""

from itertools import combinations

import pytest

from sealhold.protect.sql.plan import Refused
from tests.unit.peer_grants import ROWS, SUMS, planned

CONDITION = "patient.city = 'Bern' AND patient.age > 18"


@pytest.mark.threat("T756")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT id FROM patient WHERE city = 'Genf' OR true",
        "SELECT id FROM patient WHERE false OR city <> 'Bern'",
        "SELECT (SELECT max(city) FROM patient q WHERE q.id <> p.id) FROM patient p",
        "SELECT id FROM (SELECT * FROM patient) AS patient",
        "WITH w AS (SELECT * FROM public.patient) SELECT * FROM w, w AS v",
        "SELECT id FROM patient UNION ALL SELECT id FROM patient WHERE city <> 'Bern'",
        "SELECT id FROM patient EXCEPT SELECT id FROM patient WHERE city = 'Bern'",
        "SELECT q.id FROM patient p RIGHT JOIN patient q ON p.id = q.id",
        "SELECT q.id FROM patient p, LATERAL (SELECT * FROM patient) q",
        "SELECT id FROM patient WHERE EXISTS (SELECT FROM patient q WHERE q.city = 'Genf')",
        "TABLE patient",
        "VALUES ((SELECT max(id) FROM patient))",
    ],
)
def test_t756_no_way_of_writing_goes_round_the_condition(text: str) -> None:
    plan, handed = planned(ROWS, text)

    if not isinstance(plan, Refused):
        assert handed.count("public.patient") == handed.count(CONDITION) > 0
        assert handed.count("OFFSET 0") == handed.count(CONDITION)


@pytest.mark.threat("T756")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT code FROM patient", "42703"),
        ("SELECT patient.code FROM patient", "42703"),
        ("SELECT id FROM patient WHERE code = 'x'", "42703"),
        ("SELECT id FROM patient ORDER BY code", "42703"),
        ("SELECT id FROM patient p JOIN patient q USING (code)", "42703"),
        ("SELECT email_m FROM patient", "42703"),
        ("SELECT _sh_rid FROM patient", "42703"),
        ("SELECT ctid FROM patient", "SH001"),
        ("SELECT xmin FROM patient", "SH001"),
        ("SELECT note FROM episode", "42P01"),
        ("SELECT * FROM nothing_at_all", "42P01"),
        ("SELECT * FROM other.patient", "42P01"),
        ("SELECT * FROM plain", "42P01"),
        ("SELECT * FROM v", "42P01"),
        ("SELECT * FROM pg_catalog.pg_class", "42P01"),
        ("SELECT * FROM pg_class", "42P01"),
        ("SELECT * FROM information_schema.columns", "42P01"),
        ("SELECT id FROM patient WHERE id IN (SELECT id FROM plain)", "42P01"),
        ("WITH patient AS (SELECT 1) SELECT * FROM patient", "SH007"),
        ("WITH plain AS (SELECT 1) SELECT * FROM plain", "SH007"),
        (
            "SELECT * FROM plain WHERE EXISTS (WITH plain AS (SELECT 1) SELECT 1 FROM plain)",
            "SH007",
        ),
        ("WITH pg_class AS (SELECT 1) SELECT * FROM pg_class", "SH007"),
    ],
)
def test_t756_what_the_grant_does_not_have_is_not_there(text: str, code: str) -> None:
    plan, _ = planned(ROWS, text)

    assert isinstance(plan, Refused)
    assert plan.code == code


@pytest.mark.threat("T756")
def test_t756_a_column_of_the_condition_is_never_one_of_the_query_around() -> None:
    text = "SELECT (SELECT max(id) FROM patient) FROM (SELECT 'Bern' AS city, 99 AS age) AS patient"
    _, handed = planned(ROWS, text)

    inner = handed[handed.index("(SELECT patient.id") : handed.index("OFFSET 0")]
    assert inner.endswith(f"FROM public.patient WHERE {CONDITION} ")


@pytest.mark.threat("T757")
@pytest.mark.parametrize(
    "text",
    [
        "EXPLAIN SELECT id FROM patient",
        "EXPLAIN ANALYZE SELECT id FROM patient",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT query_to_xml('SELECT 1', true, true, '')",
        "SELECT current_setting('data_directory')",
        "SELECT set_config('search_path', 'x', false)",
        "SELECT pg_sleep(10)",
        "SELECT lo_import('/etc/passwd')",
        "SELECT nextval('s')",
        "SELECT * FROM generate_series(1, 1000000000)",
        "SELECT repeat('x', 1000000000)",
        "SELECT public.lower(city) FROM patient",
        "SELECT 'episode'::regclass",
        "SELECT CAST('episode' AS regclass)::text",
        "SELECT to_regclass('episode')",
        "SELECT current_user",
        "SELECT id FROM patient FOR UPDATE",
        "SELECT id INTO t FROM patient",
        "SELECT id FROM patient TABLESAMPLE SYSTEM (1)",
        "SELECT id FROM ONLY patient",
        "WITH w AS (DELETE FROM patient RETURNING id) SELECT * FROM w",
        "WITH RECURSIVE w AS (SELECT 1 UNION ALL SELECT 1 FROM w) SELECT * FROM w",
        "SELECT id FROM patient; SELECT 1",
        "INSERT INTO patient (id) VALUES (1)",
        "UPDATE patient SET city = 'x'",
        "COPY patient TO STDOUT",
        "SET ROLE postgres",
        "DO 'BEGIN END'",
        "PREPARE p AS SELECT 1",
        "DECLARE c CURSOR FOR SELECT 1",
        "BEGIN",
        "",
        "SELECT city ~ '(a*)*b' FROM patient",
        "SELECT city OPERATOR(public.=) 'x' FROM patient",
        "SELECT xmlelement(name a, city) FROM patient",
        "SELECT (patient).city FROM patient",
        "SELECT id FROM patient WHERE " + "NOT " * 3_000 + "true",
        "SELECT '" + "x" * 20_000 + "'",
    ],
)
def test_t757_what_is_not_in_the_lists_is_refused(text: str) -> None:
    plan, handed = planned(ROWS, text)

    assert isinstance(plan, Refused)
    assert handed == ""


@pytest.mark.threat("T758")
def test_t758_what_fails_on_other_rows_is_computed_behind_the_condition() -> None:
    text = "SELECT id FROM patient WHERE 1 / (CASE city WHEN 'Genf' THEN 0 ELSE 1 END) = 1"
    _, handed = planned(ROWS, text)

    assert f"WHERE {CONDITION} OFFSET 0) patient WHERE (1 / CASE" in handed


def pairs() -> list[tuple[str, str]]:
    """Return 50 pairs of groups that overlap: their difference is of a few rows."""
    wheres = [f"age <> {age}" for age in range(20, 31)]
    return [
        (
            f"SELECT city, sum(age) FROM patient WHERE {one} GROUP BY city",
            f"SELECT city, sum(age) FROM patient WHERE {two} GROUP BY city",
        )
        for one, two in list(combinations(wheres, 2))[:50]
    ]


@pytest.mark.threat("T759")
def test_t759_fifty_pairs_of_overlapping_groups_are_refused() -> None:
    texts = [each for pair in pairs() for each in pair]

    assert len(texts) == 100
    for text in texts:
        plan, handed = planned(SUMS, text)
        assert isinstance(plan, Refused)
        assert (plan.code, handed) == ("SH007", "")


@pytest.mark.threat("T759")
@pytest.mark.parametrize(
    "text",
    [
        "SELECT count(*) FROM patient",
        "SELECT sum(age) FROM patient",
        "SELECT city FROM patient",
        "SELECT age, count(*) FROM patient GROUP BY age",
        "SELECT city, age, count(*) FROM patient GROUP BY city, age",
        "SELECT city, count(*) FROM patient GROUP BY city HAVING sum(age) > 50",
        "SELECT city, count(*) FROM patient GROUP BY city ORDER BY sum(age)",
        "SELECT city, count(*) FROM patient GROUP BY city LIMIT 1",
        "SELECT city, count(*) FROM patient GROUP BY city OFFSET 1",
        "SELECT city, count(*) FILTER (WHERE age > 30) FROM patient GROUP BY city",
        "SELECT city, count(DISTINCT age) FROM patient GROUP BY city",
        "SELECT city, sum(age * 2) FROM patient GROUP BY city",
        "SELECT city, sum(CASE WHEN age > 30 THEN 1 END) FROM patient GROUP BY city",
        "SELECT city, max(age) FROM patient GROUP BY city",
        "SELECT city, string_agg(city, ',') FROM patient GROUP BY city",
        "SELECT city, sum(age) OVER () FROM patient GROUP BY city, age",
        "SELECT lower(city), count(*) FROM patient GROUP BY lower(city)",
        "SELECT city, count(*) FROM patient p, patient q GROUP BY city",
        "SELECT city, count(*) FROM (SELECT * FROM patient) patient GROUP BY city",
        "WITH w AS (SELECT 1) SELECT city, count(*) FROM patient GROUP BY city",
        "SELECT city, count(*) FROM patient GROUP BY city UNION ALL SELECT '', 1",
        "SELECT city, count(*) FROM patient GROUP BY GROUPING SETS ((city), ())",
        "SELECT city, count(*) FROM patient GROUP BY city, city",
        "SELECT DISTINCT city, count(*) FROM patient GROUP BY city",
        "SELECT city, sum(id) FROM patient GROUP BY city",
        "SELECT id, count(*) FROM patient GROUP BY city",
        "SELECT city, count(*) FROM patient AS p (city, age) GROUP BY city",
        "SELECT *, count(*) FROM patient GROUP BY city",
        "SELECT city, (SELECT max(age) FROM patient) FROM patient GROUP BY city",
    ],
)
def test_t759_all_but_sums_over_the_grid_is_refused(text: str) -> None:
    plan, handed = planned(SUMS, text)

    assert isinstance(plan, Refused)
    assert handed == ""


@pytest.mark.threat("T759")
def test_t759_the_groups_of_the_grid_are_answered() -> None:
    for text in (
        "SELECT city, count(*) FROM patient GROUP BY city",
        "SELECT sum(age), avg(age), count(age), city AS c FROM public.patient GROUP BY city",
    ):
        plan, _ = planned(SUMS, text)
        assert not isinstance(plan, Refused)
