"""What would become of a statement, told at the command line."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.transcripts.cli import Cli, furnish

POLICY = "examples/proxy/clinic.policy.toml"


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(furnish(tmp_path / "here"))


def told(cli: Cli, sql: str) -> dict[str, Any]:
    ended = cli("proxy", "explain", POLICY, "--json", "--sql", sql)
    assert ended.code == 0
    found: dict[str, Any] = json.loads(ended.out)["statement"]
    assert found.keys() == {"csp", "residual", "leaks", "refused"}
    return found


def test_what_is_sent_done_and_learnt_is_told_in_words(cli: Cli) -> None:
    sql = "SELECT name FROM patient WHERE email = $1 AND name LIKE 'A%'"

    ended = cli("proxy", "explain", POLICY, "--sql", sql)

    assert ended.code == 0
    assert "patient.email_m = $1" in ended.out
    assert "A%" not in ended.out
    assert "do on opened rows what the provider cannot" in ended.out
    assert "that a value of patient.email is asked for" in ended.out


def test_a_constant_of_a_protected_column_is_not_sent(cli: Cli) -> None:
    found = told(cli, "INSERT INTO patient (id, email) VALUES (7, 'anna@example.org')")

    assert "anna" not in json.dumps(found)
    assert found["residual"] == ["seal patient.email for each row"]
    assert any("which rows are equal" in each for each in found["leaks"])
    assert found["refused"] is None


def test_a_change_in_two_phases_is_two_statements(cli: Cli) -> None:
    found = told(cli, "UPDATE visit SET cost = cost + 1 WHERE id = 3")

    assert [each.split()[0] for each in found["csp"]] == ["SELECT", "UPDATE"]
    assert "open visit.cost" in found["residual"]


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT md5(name) FROM patient", "SH002"),
        ("SELECT row_to_json(p) FROM patient p", "SH001"),
        ("SELECT * FROM elsewhere", "SH007"),
        ("SELEC", "42601"),
    ],
)
def test_a_refusal_is_told_with_its_code_and_reason(cli: Cli, sql: str, code: str) -> None:
    refused = told(cli, sql)["refused"]

    assert refused["code"] == code
    assert refused["reason"]
    assert refused.keys() == {"code", "reason", "remedy"}


def test_what_would_allow_it_is_told(cli: Cli) -> None:
    ended = cli("proxy", "explain", POLICY, "--sql", "SELECT name FROM patient GROUP BY name")

    assert ended.code == 0
    assert "Refused: SH002" in ended.out or "do on opened rows" in ended.out


def test_a_name_of_a_with_is_no_table(cli: Cli) -> None:
    assert told(cli, "WITH few AS (SELECT id FROM visit) SELECT * FROM few")["refused"] is None


@pytest.mark.parametrize("sql", ["SELECT 1; SELECT 2", "SELECT 1; SELECT md5(name) FROM patient"])
def test_one_statement_is_explained_at_a_time(cli: Cli, sql: str) -> None:
    assert cli("proxy", "explain", POLICY, "--sql", sql).code == 2
