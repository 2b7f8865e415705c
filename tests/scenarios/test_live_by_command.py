"""Live sources at the command line: what each state is called, and what brings a source back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.quantities import MINUTE, Instant
from tests.scenarios.jsonserver import JsonServer, json_server
from tests.transcripts.cli import PASSPHRASE, Cli

SECRET = "a-secret-of-nobody"
AUTH = {"SEALHOLD_PASSPHRASE": PASSPHRASE, "SEALHOLD_SOURCE_SECRET": SECRET}
WRONG = {**AUTH, "SEALHOLD_SOURCE_SECRET": "another"}


@pytest.fixture
def web() -> Iterator[JsonServer]:
    rows: list[dict[str, object]] = [{"id": n, "kwh": n + 0.5} for n in range(3)]
    with json_server(rows) as server:
        yield server


def state(cli: Cli) -> tuple[str, str]:
    told = json.loads(cli.line("source show meter --json").out)
    return told["state"], told["why"]


def test_each_state_of_a_source_is_told_in_words_and_left_again(
    tmp_path: Path, web: JsonServer
) -> None:
    cli = Cli(tmp_path)
    assert cli.line("init --headless").code == 0
    web.token = SECRET
    refused = cli("source", "add", "meter", "http", web.place, "--login", env=WRONG)
    assert refused.code != 0
    assert "the server refuses the account" in refused.err
    added = cli("source", "add", "meter", "http", web.place, "--login", env=AUTH)
    assert (added.code, SECRET in added.out) == (0, False)
    assert "3" in cli.line("source run meter").out

    web.stop()
    away = cli.line("source run meter")
    assert "the server cannot be reached" in away.err
    assert state(cli) == ("failed", "the server cannot be reached")
    assert json.loads(cli.line("source show meter --json").out)["due"] > cli.now
    cli.now = Instant(cli.now + MINUTE)
    web.start()
    assert cli.line("source run meter").code == 0
    assert state(cli) == ("in order", "")

    web.token = "changed there"
    assert "refuses the account" in cli.line("source run meter").err
    assert state(cli)[0] == "needs_login"
    login = {**AUTH, "SEALHOLD_SOURCE_SECRET": web.token}
    assert cli("source", "login", "meter", env=login).code == 0
    assert state(cli)[0] == "in order"

    web.rows = [{"id": n, "watts": 9} for n in range(3)]
    changed = cli.line("source run meter")
    assert "every row lacks what all had: `kwh`" in changed.err
    assert "sealhold source accept" in changed.err
    assert state(cli)[0] == "broken"
    assert cli.line("source accept meter").code == 0
    assert cli.line("source run meter").code == 0
    assert state(cli) == ("in order", "")


def test_a_token_to_push_is_said_once(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    assert cli.line("init --headless").code == 0
    assert cli.line("source add phone push places_of_mine").code != 0  # it has no columns
    hint = cli.line("source add phone push places_of_mine --with columns=at:instant,lat:float")
    assert "sealhold source token phone" in hint.out
    told = json.loads(cli.line("source token phone --json").out)
    assert told["dataset"] == "places_of_mine"
    shown = cli.line("source show phone --json").out + cli.line("source list --json").out
    assert told["token"] not in shown
