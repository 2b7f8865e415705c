"""The commands of logins: who signs in through a provider, shown before it is so, and taken out."""

import json
from pathlib import Path

import pytest

from sealhold.model.ids import canonical
from tests.scenarios.vaults import Hands, opened
from tests.transcripts.cli import PASSPHRASE, Cli, furnish

SETTINGS = '[login.work]\nissuer = "https://id.example.org"\nclient_id = "vault"\n'
SAID = {"SEALHOLD_PASSPHRASE": PASSPHRASE}


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    found = Cli(furnish(tmp_path / "now"))
    assert found.line("init").code == 0
    chosen = found.home / "config.toml"
    chosen.touch(0o600)
    chosen.write_text(SETTINGS)
    return found


def logins(cli: Cli) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(cli.line("login list --json").out)["logins"]
    return found


def test_a_preview_says_what_they_may_do_and_lets_nobody_in(cli: Cli) -> None:
    told = cli.line("login add work ada --preview")

    assert told.code == 0
    for words in ("Not added", "They do not unlock it", "Whoever runs the provider"):
        assert words in told.out
    assert logins(cli) == []


def test_an_account_is_added_listed_and_removed(cli: Cli) -> None:
    told = json.loads(cli.line("login add work ada --json").out)
    assert (told["added"], told["login"]["sub"], told["login"]["role"]) == (True, "ada", "owner")
    assert [each["sub"] for each in logins(cli)] == ["ada"]
    assert "ada" in cli.line("login list").out

    assert cli.line("login add work ada").code == 9
    assert cli.line("login remove work ada").code == 0
    assert logins(cli) == []
    assert cli.line("login remove work ada").code == 4


def test_an_officer_is_named_by_a_whole_id(cli: Cli) -> None:
    with opened(cli.home, Hands(cli.now)) as node:
        officer, _ = node.callers.add_officer("Dora", PASSPHRASE)

    told = json.loads(cli.line(f"login add work dora --officer {canonical(officer.id)} --json").out)

    assert (told["login"]["role"], len(told["may"])) == ("officer", 3)
    assert cli.line("login add work eve --officer o-0123").code == 5
    assert cli.line("login add elsewhere eve").code == 4


def test_a_provider_that_is_set_up_no_more_is_told_and_can_be_taken_out(cli: Cli) -> None:
    cli.line("login add work ada")
    (cli.home / "config.toml").write_text("")

    assert "not set up any more" in cli.line("login list").out
    assert cli.line("login remove work ada").code == 0


@pytest.mark.threat("T314")
def test_letting_somebody_in_takes_the_passphrase_at_the_terminal(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path / "now"))
    assert cli("init", typed=(PASSPHRASE, PASSPHRASE), env={}).code == 0
    chosen = cli.home / "config.toml"
    chosen.touch(0o600)
    chosen.write_text(SETTINGS)

    assert cli("login", "add", "work", "ada", env=SAID).code == 3
    assert logins(cli) == []
    assert cli("login", "add", "work", "ada", "--preview", env=SAID).code == 0
    assert cli("login", "add", "work", "ada", env={}, typed=(PASSPHRASE,)).code == 0
    assert [each["sub"] for each in logins(cli)] == ["ada"]
