"""Plans for tables whose rows are tagged: rows whole, conditions done again, values known."""

from dataclasses import replace
from functools import cache

import pytest

from sealhold.crypto.secret import Secret
from sealhold.model.errors import InvalidPolicyError
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import columns_of
from sealhold.protect.explain import explain_policy
from sealhold.protect.guards import Guard, guard_among, tag_rows
from sealhold.protect.policy import ColumnPolicy, Integrity, Policy, TablePolicy, Unlisted
from sealhold.protect.sql.explaining import explain_statements
from sealhold.protect.sql.names import Names, read_names
from sealhold.protect.sql.plan import CopyPlan, Plan, Query, Refused, Rewrite, RowTag, Script
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.views import shown_by
from tests.planned import CountingEntropy

KEYS = Derived(lambda _: Secret(bytes(32), "none"))
TABLE = TablePolicy(
    dataset="clinic",
    name="patient",
    key=("id",),
    integrity=Integrity.TABLE,
    columns=(
        ColumnPolicy(name="id", type="integer", protect=("clear",)),
        ColumnPolicy(name="name", type="text", protect=("sealed",)),
        ColumnPolicy(name="email", type="text", protect=("match",)),
        ColumnPolicy(name="city", type="text", protect=("clear",)),
    ),
)
POLICY = Policy(name="clinic", version=1, default=Unlisted.CLEAR, tables=(TABLE,))
OIDS = {"id": "23", "city": "25", "_sh_rid": "20", "_sh_v": "20"}
THERE = ("id", "name", "email", "email_m", "city", "_sh_rid", "_sh_v", "_sh_tag")
PHYSICAL = ("id", "name", "email", "email_m", "city")


@cache
def made() -> Planner:
    columns = columns_of(POLICY, KEYS, CountingEntropy())
    tag_rows(POLICY, columns, KEYS)
    return Planner(POLICY, columns)


def names(there: tuple[str, ...] = THERE, computed: str = "", oids: dict[str, str] = OIDS) -> Names:
    columns = made()._rules.columns
    rows: list[tuple[str | None, ...]] = [
        ("public", "patient", "1000", "r", each, str(at), oids.get(each, "17"), "-1", "false",
         str(each == computed).lower(), None)
        for at, each in enumerate(there, 1)
    ]  # fmt: skip
    rows.append(("public", "plain", "3000", "r", "id", "1", "23", "-1", "false", "false", None))
    answers: list[list[tuple[str | None, ...]]] = [
        [("pg_catalog",), ("public",)],
        rows,
        [],
        [("C",)],
    ]
    return read_names(answers, columns, made().is_listed, shown_by)


def plan(text: str, known: Names | None = None) -> Plan:
    (only,) = made().plan(text, (), known or names())
    return only


def guard() -> Guard:
    found = guard_among(made()._rules.columns["public", "patient"])
    assert found is not None
    return found


def code(text: str, known: Names | None = None) -> str:
    found = plan(text, known)
    return found.code if isinstance(found, Refused) else ""


def test_a_tag_covers_all_physical_columns_in_the_order_of_the_policy() -> None:
    assert guard().physical == PHYSICAL
    assert guard().proves_all


def test_a_read_asks_for_whole_rows_and_shows_what_was_verified() -> None:
    found = plan("SELECT name, city FROM patient WHERE email = 'a' AND id > 3")

    assert isinstance(found, Query)
    (whole,) = found.wholes
    assert whole.rid_at == whole.at + len(PHYSICAL)
    assert found.is_once
    # both outputs, and the two columns of the conditions, are read from the verified row
    at = {output.name: output.at for output in found.outputs or ()}
    assert at == {name: guard().at[name] for name in ("name", "city", "email", "id")}
    assert found.residual is not None
    assert "email_m =" in found.sql  # it filters at the provider too


def test_a_join_with_another_table_may_show_a_row_more_than_once() -> None:
    found = plan("SELECT p.name FROM patient p JOIN plain q ON q.id = p.id")

    assert isinstance(found, Query)
    assert not found.is_once


def test_an_outer_join_may_have_no_row() -> None:
    found = plan("SELECT p.name, q.city FROM patient p LEFT JOIN patient q ON q.id = p.id + 1")

    assert isinstance(found, Query)
    assert [each.is_optional for each in found.wholes] == [False, True]
    assert found.is_once


def test_an_insert_sends_a_tag_over_what_its_parameters_hold() -> None:
    found = plan("INSERT INTO patient (id, name) VALUES (1, 'a'), (2, 'b') RETURNING name")

    assert isinstance(found, Rewrite)
    assert found.select is found.change
    tags = [each.source for each in found.change.parameters if isinstance(each.source, RowTag)]
    assert [tag.row for tag in tags] == [0, 1]
    assert all(len(tag.places) == len(PHYSICAL) for tag in tags)
    assert tags[0].places[2:] == (None, None, None)  # NULLs
    assert [each.name for each in found.change.touch.writes] == ["name", "email"]


def test_a_change_locks_and_reads_whole_rows_first() -> None:
    found = plan("UPDATE patient SET city = 'x' WHERE name LIKE 'a%' RETURNING id")

    assert isinstance(found, Rewrite)
    assert found.select.locks
    assert len(found.select.wholes) == len(found.change.wholes) == 1
    assert "FOR UPDATE OF patient" in found.select.sql
    assert [each.column.name for each in found.assignments] == ["city"]


def test_a_copy_has_all_columns_and_knows_their_order() -> None:
    found = plan("COPY patient (city, id) FROM STDIN")

    assert isinstance(found, CopyPlan)
    assert found.guard is guard()
    assert [column.name for column, _ in found.defaults] == ["name", "email"]
    assert found.order == (1, 2, 3, 4, 0)


def test_a_table_is_made_with_its_version_and_tag_and_forgets_what_was() -> None:
    create = "CREATE TABLE patient (id integer PRIMARY KEY, name text, email text, city text)"
    found = plan(create, names(()))

    assert isinstance(found, Script)
    assert "_sh_v bigint NOT NULL" in found.statements[0]
    assert "_sh_tag pg_catalog.bytea NOT NULL" in found.statements[0]
    assert found.forgets == "public.patient"
    there = plan(create.replace("TABLE", "TABLE IF NOT EXISTS"))
    assert isinstance(there, Script)
    assert not there.forgets


@pytest.mark.threat("T717")
@pytest.mark.threat("T721")
@pytest.mark.parametrize("text", [
    "SELECT id FROM plain WHERE id IN (SELECT id FROM patient)",
    "SELECT (SELECT max(id) FROM patient)",
    "SELECT id FROM patient UNION SELECT id FROM plain",
    "WITH p AS (SELECT id FROM patient) SELECT * FROM p",
    "SELECT * FROM (SELECT id FROM patient) p",
    "SELECT p.id FROM plain q, LATERAL (SELECT id FROM patient) p",
    "SELECT id FROM patient WHERE city ~ 'x'",
    "SELECT id FROM patient WHERE id IN (SELECT id FROM plain)",
    "SELECT p.id FROM patient p JOIN plain q ON q.id = p.id AND p.city ~ 'x'",
    "CREATE VIEW v AS SELECT id FROM patient",
    "CREATE TABLE copied AS SELECT id FROM patient",
    "INSERT INTO plain SELECT id FROM patient",
    "UPDATE plain SET id = p.id FROM patient p",
    "DELETE FROM plain USING patient p WHERE p.id = plain.id",
    "UPDATE patient SET city = 'x' WHERE city ~ 'x'",
    "UPDATE patient SET (city, name) = ('a', 'b')",
    "DELETE FROM patient WHERE EXISTS (SELECT 1 FROM plain)",
    "TRUNCATE patient",
    "ALTER TABLE patient ADD COLUMN more int",
    "ALTER TABLE patient DROP COLUMN city",
    "ALTER TABLE patient ADD FOREIGN KEY (id) REFERENCES plain (id) ON DELETE CASCADE",
    "EXPLAIN SELECT id FROM patient",
    "MERGE INTO patient p USING plain q ON p.id = q.id WHEN MATCHED THEN DELETE",
])  # fmt: skip
def test_what_would_not_be_verified_is_refused(text: str) -> None:
    assert code(text) in {"SH001", "SH002"}


@pytest.mark.threat("T718")
@pytest.mark.parametrize("text", [
    "INSERT INTO patient (id, city) VALUES (1, current_user)",
    "INSERT INTO patient (id, city) VALUES (random(), 'x')",
    "INSERT INTO patient SELECT 1, 'a', 'b', 'c'",
    "INSERT INTO patient (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET city = 'x'",
    "UPDATE patient SET city = now()::text",
    "UPDATE patient SET city = (SELECT 'x')",
])  # fmt: skip
def test_a_value_that_the_provider_would_make_is_refused(text: str) -> None:
    assert code(text) == "SH002"


@pytest.mark.threat("T718")
def test_a_default_of_the_provider_s_is_refused_where_it_would_be_used() -> None:
    known = names(computed="city")

    assert code("INSERT INTO patient (id) VALUES (1)", known) == "SH002"
    assert code("INSERT INTO patient (id, city) VALUES (1, DEFAULT)", known) == "SH002"
    assert code("UPDATE patient SET city = DEFAULT", known) == "SH002"
    assert code("COPY patient (id) FROM STDIN", known) == "SH002"
    assert code("INSERT INTO patient (id, city) VALUES (1, 'x')", known) == ""


@pytest.mark.threat("T716")
@pytest.mark.parametrize("there", [
    (*THERE, "more"),
    tuple(each for each in THERE if each != "_sh_tag"),
    tuple(each for each in THERE if each != "city"),
])  # fmt: skip
def test_a_table_with_other_columns_than_its_tags_cover_is_not_used(
    there: tuple[str, ...],
) -> None:
    assert code("SELECT id FROM patient", names(there)) == "SH001"


@pytest.mark.threat("T716")
def test_a_column_in_the_clear_of_another_type_is_not_read() -> None:
    assert code("SELECT id FROM patient", names(oids={**OIDS, "id": "20"})) == "SH001"


def test_a_policy_with_tags_is_not_served_without_them() -> None:
    with pytest.raises(InvalidPolicyError):
        Planner(POLICY, columns_of(POLICY, KEYS, CountingEntropy()))


def test_a_table_under_integrity_of_cells_has_no_guard() -> None:
    policy = replace(POLICY, tables=(replace(TABLE, integrity=Integrity.CELL),))
    columns = columns_of(policy, KEYS, CountingEntropy())
    tag_rows(policy, columns, KEYS)

    assert guard_among(columns["public", "patient"]) is None


def test_explaining_says_what_is_verified_and_what_is_not() -> None:
    columns = made()._rules.columns
    (told,) = explain_statements(POLICY, columns, "SELECT name FROM patient WHERE id = 1")

    assert "verify each row of public.patient; not, whether any is left out" in told.residual


def test_explaining_a_policy_lists_the_columns_of_versions_and_tags() -> None:
    (table,) = explain_policy(POLICY, CountingEntropy())

    assert set(table.physical_columns()) == set(THERE)
