"""What becomes of statements on a table that is being migrated: the form that was, and the mark."""

from functools import cache

import pytest

from sealhold.protect.migrating.forms import MARK, NEW, move_back, move_in
from sealhold.protect.migrating.meanwhile import meanwhile
from sealhold.protect.sql.names import RID, WAS, Names, read_names
from sealhold.protect.sql.plan import CopyPlan, Plan, Query, Refused, Rewrite
from sealhold.protect.sql.planner import Planner
from sealhold.protect.sql.views import shown_by
from tests.planned import PATIENT, columns, planner, row

SENT = {
    "SELECT * FROM patient": "patient._sh_was_name AS name, patient._sh_was_email AS email",
    "SELECT name FROM patient WHERE email = 'x'": "WHERE patient._sh_was_email = 'x'",
    "SELECT p.name FROM patient p ORDER BY p.age": "ORDER BY p._sh_was_age",
    "SELECT count(*) FROM patient GROUP BY code": "GROUP BY patient._sh_was_code",
    "SELECT upper(name) FROM patient": "SELECT upper(patient._sh_was_name) AS upper",
    "SELECT s.e FROM (SELECT email e FROM patient) s": "(SELECT patient._sh_was_email AS e",
    "INSERT INTO patient (id, name) VALUES (1, $1)": "(id, _sh_was_name, _sh_rid) VALUES (1, $1",
    "INSERT INTO patient (id, name) VALUES (1, 'x') ON CONFLICT (email) DO UPDATE SET name ="
    " excluded.name": "(_sh_was_email) DO UPDATE SET _sh_was_name = excluded._sh_was_name, "
    "_sh_moved = NULL",
    "UPDATE patient SET name = 'x' WHERE id = 1": "SET _sh_was_name = 'x', _sh_moved = NULL",
    "UPDATE patient SET age = age + 1": "SET _sh_was_age = patient._sh_was_age + 1, _sh_moved",
    "UPDATE patient SET city = 'x' WHERE name = 'y'": "city = 'x' WHERE patient._sh_was_name",
    "DELETE FROM patient WHERE name LIKE 'x%' RETURNING name": "RETURNING patient._sh_was_name",
}  # fmt: skip
REFUSED = {
    "SELECT _sh_new_name FROM patient": "42703",
    "SELECT _sh_was_name FROM patient": "42703",
    "SELECT _sh_moved FROM patient": "42703",
    "SELECT patient FROM patient": "SH001",
    "SELECT p.*::text FROM patient p": "SH002",
    "ALTER TABLE patient ADD COLUMN more text": "SH002",
    "CREATE VIEW w AS SELECT name FROM patient": "SH002",
    "CREATE INDEX ON patient (name)": "SH002",
    "CREATE TABLE copied AS SELECT * FROM patient": "SH002",
}  # fmt: skip


@cache
def names(*, is_back: bool = False, knows: bool = True) -> tuple[Planner, Names]:
    made, _ = planner()
    protected = columns()["public", "patient"]
    made_so = move_back if is_back else move_in
    move = made_so("public", "patient", protected.values())
    found = []
    for each in PATIENT.columns:
        column = protected.get(each.name)
        if column is None:
            found.append((each.name, each.type))
        else:
            change = next(one for one in move.changes if one.name == each.name)
            found += [(WAS + name, each.type) for name in move.source(change).values()]
    found += [(NEW + name, "bytea") for name in move.targets()]
    found += [(RID, "integer"), (MARK, "integer")]
    rows: list[tuple[str | None, ...]] = [
        row("patient", name, at, type_) for at, (name, type_) in enumerate(found, 1)
    ]
    moves = {move.key: move} if knows else {}
    answers: list[list[tuple[str | None, ...]]] = [
        [("pg_catalog",), ("public",)],
        rows,
        [],
        [("C",)],
    ]
    return made, read_names(answers, columns(), made.is_listed, shown_by, meanwhile(lambda: moves))


def plan(text: str, *, is_back: bool = False, knows: bool = True) -> Plan:
    made, known = names(is_back=is_back, knows=knows)
    (only,) = made.plan(text, (), known)
    return only


@pytest.mark.parametrize("text", SENT)
def test_a_statement_uses_the_form_that_was(text: str) -> None:
    made = plan(text)
    assert isinstance(made, Query), made
    assert SENT[text] in made.sql
    assert made.touch.tables == ("public.patient",)


@pytest.mark.parametrize("text", REFUSED)
def test_what_a_migration_adds_is_not_there_for_a_client(text: str) -> None:
    made = plan(text)
    assert isinstance(made, Refused), made
    assert made.code == REFUSED[text]


def test_copy_meanwhile_is_in_the_clear_and_gives_each_row_a_number() -> None:
    made = plan("COPY patient (id, name) FROM STDIN")
    assert isinstance(made, CopyPlan)
    assert made.sql.startswith("COPY patient(id, _sh_was_name, _sh_rid) FROM")
    assert [each.column for each in made.columns] == [None, None]


def test_an_order_of_columns_stays_as_it_was() -> None:
    _, known = names()
    relation = known.find("", "patient")
    assert relation is not None
    assert [each.name for each in relation.attributes] == [each.name for each in PATIENT.columns]


def test_on_the_way_back_cells_are_used_under_their_names_of_meanwhile() -> None:
    made = plan("SELECT name FROM patient WHERE email = 'x'", is_back=True)
    assert isinstance(made, Query)
    assert "WHERE patient._sh_was_email_m = $1" in made.sql
    made = plan("UPDATE patient SET name = 'x' WHERE id = 1", is_back=True)
    assert isinstance(made, Rewrite)
    assert "SET _sh_was_name = _sh_new.v1, _sh_moved = NULL" in made.change.sql


@pytest.mark.parametrize("is_back", [False, True])
def test_a_migration_that_the_proxy_does_not_know_of_is_none(*, is_back: bool) -> None:
    made = plan("INSERT INTO patient (id, name) VALUES (1, 'x')", is_back=is_back, knows=False)
    assert isinstance(made, Refused), made
