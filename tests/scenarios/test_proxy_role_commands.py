"""Roles at the command line: who has which, and what becomes of their statements."""

import json
import shutil
from pathlib import Path

import pytest

from tests.scenarios.test_proxy_commands import POLICY, fresh
from tests.transcripts.cli import Cli

__all__ = ["fresh"]
EXPLAIN = f"proxy explain {POLICY}"


@pytest.fixture
def cli(fresh: Path, tmp_path: Path) -> Cli:
    return Cli(Path(shutil.copytree(fresh, tmp_path / "here")))


def test_the_role_of_a_user_is_told_once_a_policy_is_in_force(cli: Cli) -> None:
    cli.line("proxy user add anna --generate")
    before = json.loads(cli.line("proxy user add bill --generate --json").out)["user"]
    cli.line(f"proxy sign {POLICY}")
    cli.line(f"proxy activate {POLICY}")

    listed = json.loads(cli.line("proxy user list --json").out)["users"]
    status = json.loads(cli.line("proxy status --json").out)["users"]

    role = {"policy": "clinic", "role": "billing", "masks": 2}
    assert before["roles"] == []
    assert [each["roles"] for each in listed] == [[], [role]]
    assert listed == status
    assert "billing (clinic)" in cli.line("proxy user list").out


def test_what_users_of_a_role_are_shown_is_explained(cli: Cli) -> None:
    said = json.loads(cli.line(f"{EXPLAIN} --role billing --json").out)["role"]
    words = cli.line(f"{EXPLAIN} --role billing").out

    assert said == {
        "name": "billing",
        "users": ["bill"],
        "may": ["read"],
        "tables": [],
        "masks": [
            {"column": "visit.finding", "show": "nothing", "writes": False},
            {"column": "patient.name", "show": "initial", "writes": False},
        ],
    }
    assert "visit.finding" in words
    assert "initial" in words
    assert cli.line(f"{EXPLAIN} --role nobody").code != 0


def test_a_statement_is_explained_for_a_role(cli: Cli) -> None:
    def told(*more: str) -> tuple[object, object]:
        sql = "SELECT id FROM patient WHERE name LIKE 'A%'"
        ended = cli(*EXPLAIN.split(), "--json", "--sql", sql, *more)
        found = json.loads(ended.out)["statement"]
        return found["refused"] and found["refused"]["code"], found["csp"]

    assert told()[0] is None
    assert told("--role", "billing") == ("SH007", [])
