"""What becomes of statements: sent on terms, relayed, refused; and what the provider never sees."""

import pytest

from sealhold.crypto.secret import Secret
from sealhold.protect.columnkeys import Derived
from sealhold.protect.columns import columns_of
from sealhold.protect.pgtypes.codec import Settings, codec
from sealhold.protect.pgtypes.types import named
from sealhold.protect.policy import ColumnPolicy, Policy, TablePolicy, Unlisted
from sealhold.protect.sql.coercing import Beyond, coerce
from sealhold.protect.sql.explaining import explain_statements
from sealhold.protect.sql.plan import (
    CopyPlan,
    Hidden,
    Query,
    Refused,
    Relay,
    Rewrite,
    Touch,
)
from tests.planned import CountingEntropy, plan

SECRET = "Meret Oppenheim"
REST = "email text, age int, city text, code text"

SENT = {
    "SELECT id FROM patient WHERE email = 'x'": "WHERE patient.email_m = $1",
    "SELECT id FROM patient WHERE 'x' <> email": "WHERE patient.email_m <> $1",
    "SELECT id FROM patient WHERE age < 5": "WHERE patient.age_o < $1",
    "SELECT id FROM patient WHERE 5 < age": "WHERE patient.age_o > $1",
    "SELECT id FROM patient WHERE age BETWEEN 3 AND $1": "patient.age_o BETWEEN $1 AND $2",
    "SELECT id FROM patient WHERE code IN ('a', 'b')": "WHERE patient.code IN ($1, $2)",
    "SELECT id FROM patient WHERE name IS NOT NULL": "WHERE patient.name IS NOT NULL",
    "SELECT id FROM patient ORDER BY age DESC": "ORDER BY patient.age_o DESC",
    "SELECT count(DISTINCT email) FROM patient": "count(DISTINCT patient.email_m)",
    "SELECT p.id FROM patient p JOIN episode e ON p.email = e.mail": "ON p.email_m = e.mail_m",
    "SELECT id FROM patient WHERE email IN (SELECT mail FROM episode)": "SELECT episode.mail_m",
    "SELECT 1 FROM v WHERE mail = 'x'": "FROM v WHERE v.mail_m = $1",
    "SELECT s.id FROM (SELECT id, email FROM patient) s WHERE s.email = 'x'": "s.email_m = $1",
    "SELECT count(*) FROM patient GROUP BY email": "GROUP BY patient.email_m",
    "INSERT INTO patient (id, email) VALUES (1, 'x')": "_sh_rid) VALUES (1, $1, $2, $3)",
    "DELETE FROM patient WHERE email = 'x'": "DELETE FROM patient WHERE patient.email_m = $1",
    "UPDATE episode SET note = 'x'": "SET note = $1",
}  # fmt: skip

REFUSED = {
    "SELECT patient FROM patient": "SH001",
    "SELECT row_to_json(p) FROM patient p": "SH001",
    "SELECT p.*::text FROM patient p": "SH002",
    "SELECT ctid FROM patient": "SH001",
    "SELECT email_m FROM patient": "42703",
    "SELECT _sh_rid FROM patient": "42703",
    "SELECT nothing FROM patient": "42703",
    "SELECT id FROM patient, episode": "42702",
    "SELECT x.id FROM patient p": "42P01",
    "SELECT id FROM patient p JOIN patient p ON true": "42712",
    "SELECT query_to_xml('SELECT * FROM patient', true, true, '')": "SH001",
    "DO $$ BEGIN END $$": "SH001",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'": "SH001",
    "SELECT * INTO copied FROM patient": "SH001",
    "CREATE TABLE copied AS SELECT * FROM patient": "SH002",
    "COPY patient TO '/tmp/x'": "SH001",
    "COPY patient FROM PROGRAM 'cat'": "SH001",
    "SELECT p.id FROM patient p LEFT JOIN episode e ON p.code = e.mail": "SH002",
    "SELECT * FROM patient, generate_series(1, 2)": "SH001",
    "SELECT email FROM patient UNION SELECT mail FROM episode": "SH002",
    "INSERT INTO patient SELECT * FROM patient": "SH002",
    f"CREATE TABLE patient (id int, name text CHECK (name <> ''), {REST})": "SH002",
    f"CREATE TABLE patient (id int, name int, {REST})": "SH007",
    "SELEC 1": "42601",
}  # fmt: skip


@pytest.mark.parametrize("text", SENT)
def test_a_statement_is_sent_on_terms(text: str) -> None:
    made = plan(text)
    assert isinstance(made, Query), made
    assert SENT[text] in made.sql
    assert "'x'" not in made.sql


@pytest.mark.parametrize("text", REFUSED)
def test_what_cannot_be_resolved_or_protected_is_refused(text: str) -> None:
    made = plan(text)
    assert isinstance(made, Refused), made
    assert made.code == REFUSED[text]


def test_a_refusal_says_what_would_allow_it() -> None:
    made = plan("SELECT p.id FROM patient p LEFT JOIN episode e ON p.name = e.note")
    assert isinstance(made, Refused)
    assert "domain" in made.hint


def test_what_names_nothing_protected_goes_as_it_is() -> None:
    touch = Touch("SELECT", ("public.plain",))
    said = "SELECT city  FROM plain"
    assert plan(said) == Relay(said, ("public.plain",), touch=touch)


def test_a_parameter_on_two_columns_becomes_two() -> None:
    made = plan("SELECT id FROM patient WHERE email = $1 AND city = $1")
    assert isinstance(made, Query)
    assert "patient.email_m = $1 AND patient.city = $2" in made.sql
    hidden, given = made.parameters
    assert isinstance(hidden.source, Hidden)
    assert given.oid == 25  # what was learned of it beside the protected column
    assert [each and each.name for each in made.types] == ["text"]


def test_outputs_are_opened_with_the_number_of_their_row() -> None:
    made = plan("SELECT p.name, e.note, p.email FROM patient p, episode e")
    assert isinstance(made, Query)
    assert made.outputs is not None
    assert [(each.name, each.at, each.rid_at) for each in made.outputs] == [
        ("name", 0, 3), ("note", 1, 4), ("email", 2, 3),
    ]  # fmt: skip


def test_each_new_row_takes_a_number() -> None:
    made = plan("INSERT INTO patient (id, name) VALUES (1, 'a'), (2, NULL), (3, DEFAULT)")
    assert isinstance(made, Query)
    assert made.new_rows == 3


def test_an_update_of_cells_bound_to_rows_has_two_phases() -> None:
    made = plan("UPDATE patient SET email = $1, city = 'Rom' WHERE id = 3 RETURNING email")
    assert isinstance(made, Rewrite)
    assert "FOR UPDATE" in made.select.sql
    assert "unnest(" in made.change.sql
    assert made.change.outputs is not None


def test_tables_that_are_not_listed_are_refused_by_default() -> None:
    made = plan("SELECT * FROM plain", default=Unlisted.REFUSE)
    assert isinstance(made, Refused)
    assert made.code == "SH007"
    assert isinstance(plan("SELECT * FROM pg_class", default=Unlisted.REFUSE), Relay)


def test_a_copy_takes_physical_columns_and_numbers() -> None:
    made = plan("COPY patient (id, age) FROM STDIN WITH (FORMAT csv, HEADER)")
    assert isinstance(made, CopyPlan)
    assert "(id, age, age_o, age_m, _sh_rid)" in made.sql
    assert "BINARY" in made.sql
    assert (made.form, made.options) == ("csv", {"header": "true"})


@pytest.mark.parametrize(
    ("value", "how", "expected"),
    [
        ("5.5", "<", 6), ("5.5", ">=", 6), ("5.5", "<=", 5), ("5.5", ">", 5), ("-5.5", "<", -5),
        ("5.0", "=", 5), ("5.5", "=", Beyond.NEVER), ("1e20", "<", Beyond.ABOVE),
        ("-1e20", ">", Beyond.BELOW), ("1e20", "=", Beyond.NEVER), ("NaN", "<", Beyond.ABOVE),
        ("2.5", "store", 3), ("-2.5", "store", -3),
    ],
)  # fmt: skip
def test_a_number_beside_integers_is_compared_by_its_neighbour(
    value: str, how: str, expected: int | Beyond
) -> None:
    numeric, integer = named("numeric"), named("integer")
    given = codec(numeric).to_binary(value.encode(), Settings())
    made = coerce(given, numeric, integer, how)  # type: ignore[arg-type]
    assert made == (
        expected if isinstance(expected, Beyond) else codec(integer).from_value(expected)
    )


def test_a_beacon_is_not_taken_for_equality() -> None:
    table = TablePolicy(
        dataset="clinic",
        name="guest",
        columns=(ColumnPolicy(name="mail", type="text", protect=("match",), bits=16),),
    )
    policy = Policy(name="clinic", version=1, tables=(table,), default=Unlisted.CLEAR)
    made = columns_of(policy, Derived(lambda _: Secret(bytes(32), "none")), CountingEntropy())
    (told,) = explain_statements(policy, made, "SELECT mail FROM guest WHERE mail = 'x'")
    assert told.refused is None
    assert "WHERE" not in told.csp[0]
    assert told.residual[-1] == "do on opened rows what the provider cannot"
