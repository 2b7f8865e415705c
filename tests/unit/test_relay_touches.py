"""What the gate is asked about statements that go on as they are."""

import pytest

from sealhold.protect.sql.plan import Control, Relay, Script, Touch
from tests.planned import plan

PLAIN = ("public.plain",)
TOLD = {
    "SELECT city FROM plain": Touch("SELECT", PLAIN),
    "SELECT 1": None,
    "SELECT relname FROM pg_class": None,
    "SELECT * FROM information_schema.columns": None,
    "SELECT * FROM pg_stats": Touch("SELECT", ("pg_catalog.pg_stats",)),
    "SELECT * FROM pg_toast.pg_toast_7": Touch("SELECT", ("pg_toast.pg_toast_7",)),
    "WITH x AS (SELECT 1) SELECT * FROM x": None,
    "WITH x AS (DELETE FROM plain RETURNING id) SELECT * FROM x": Touch(
        "DELETE", PLAIN, reads=True
    ),
    "SELECT id INTO other FROM plain": Touch("DDL", ("public.plain", "public.other"), reads=True),
    "INSERT INTO plain VALUES (1)": Touch("INSERT", PLAIN),
    "INSERT INTO plain VALUES (1) RETURNING id": Touch("INSERT", PLAIN, reads=True),
    "INSERT INTO plain SELECT * FROM plain": Touch("INSERT", PLAIN, reads=True),
    "UPDATE plain SET city = 'x' WHERE id = 1": Touch("UPDATE", PLAIN),
    "UPDATE plain SET city = p.city FROM plain p": Touch("UPDATE", PLAIN, reads=True),
    "DELETE FROM plain USING plain p": Touch("DELETE", PLAIN, reads=True),
    "TRUNCATE plain": Touch("TRUNCATE", PLAIN),
    "TRUNCATE patient": Touch("TRUNCATE", ("public.patient",)),
    "LOCK TABLE plain": Touch("LOCK", PLAIN),
    "COPY plain TO STDOUT": Touch("COPY TO", PLAIN),
    "COPY plain FROM STDIN": Touch("COPY FROM", PLAIN),
    "EXPLAIN SELECT id FROM plain": Touch("SELECT", PLAIN),
    "EXPLAIN ANALYZE DELETE FROM plain": Touch("DELETE", PLAIN),
    "CREATE TABLE other (id int)": Touch("DDL", ("public.other",)),
    "CREATE TABLE s.other (id int)": Touch("DDL", ("s.other",)),
    "DROP TABLE plain, s.other": Touch("DDL", ("public.plain", "s.other")),
    "CREATE INDEX ON plain (city)": Touch("DDL", PLAIN),
    "DROP INDEX any_of_them": Touch("DDL", ("*",)),
    "CREATE SCHEMA other": Touch("DDL", ("*",)),
    "COMMENT ON TABLE plain IS 'x'": Touch("DDL", ("*",)),
    "LISTEN here": None,
    "SHOW search_path": None,
    "SET search_path = public": None,
}  # fmt: skip


@pytest.mark.parametrize("text", TOLD)
def test_verb_tables_and_whether_it_reads(text: str) -> None:
    made = plan(text)

    assert isinstance(made, Relay), made
    assert made.touch == TOLD[text]


def test_what_is_prepared_or_declared_is_told_as_itself() -> None:
    for text in ("PREPARE p AS SELECT id FROM plain", "DECLARE c CURSOR FOR SELECT id FROM plain"):
        made = plan(text)
        assert isinstance(made, Control)
        assert isinstance(made.inner, Relay)
        assert made.inner.touch == Touch("SELECT", PLAIN)


def test_what_defines_a_protected_table_is_told() -> None:
    made = plan("CREATE INDEX ON patient (email)")

    assert isinstance(made, Script)
    assert made.touch == Touch("DDL", ("public.patient",))
