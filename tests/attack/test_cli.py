"""Attacks by way of the command line: on the terminal that shows, and on the owner's decisions."""

import json
import unicodedata
from pathlib import Path

import pytest

from tests.transcripts.cli import PASSPHRASE, Cli, furnish

COMMANDING = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
CLEAR, TURN, BELL = "\x1b[2J\x1b]0;owned\x07", "\u202e", "\x9b31m"
HOSTILE = f"Dentist {CLEAR}{TURN}tsitned{BELL}"
READING = {"SEALHOLD_PASSPHRASE": PASSPHRASE}


def calendar(summary: str) -> str:
    return "\r\n".join(
        [
            "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "BEGIN:VEVENT",
            "UID:1@example.org", "DTSTAMP:20261001T080000Z", "DTSTART:20261105T090000Z",
            f"SUMMARY:{summary}", "END:VEVENT", "END:VCALENDAR", "",
        ]
    )  # fmt: skip


def commanding(text: str) -> set[str]:
    """Return the characters of `text` that could command a terminal or turn a line."""
    return {c for c in text if c != "\n" and unicodedata.category(c) in COMMANDING}


@pytest.mark.threat("T22")
def test_no_escape_code_of_an_imported_item_reaches_the_terminal(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    name = f"plan{TURN}\x1b[31m.ics"
    (tmp_path / name).write_text(calendar(HOSTILE))
    assert cli.line("init --headless").code == 0

    shown = [
        cli("import", name),
        cli("search", "dentist"),
        cli("query", "SELECT summary, uid FROM events"),
        cli("query", f'SELECT 1 AS "{HOSTILE}"'),
        cli("query", f"SELECT {HOSTILE}"),
        cli("source", "list"),
        cli("source", "list", "--jobs"),
        cli("audit", "show"),
        cli("search", "dentist", "--json"),
        cli("app", "show", HOSTILE),
        cli("verify", HOSTILE),
        cli(HOSTILE),
    ]

    assert "Dentist" in shown[1].out
    for ended in shown:
        assert commanding(ended.out + ended.err) == set()


@pytest.mark.threat("T22")
def test_no_escape_code_of_an_asker_reaches_the_terminal(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    manifest = tmp_path / "examples" / "green-bonus" / "task.json"
    manifest.write_text(manifest.read_text().replace("Green Bonus Cooperative", "Green Corp"))
    code = tmp_path / "examples" / "green-bonus" / "code.py"
    code.write_text(code.read_text() + f"\n# {HOSTILE}\n")
    for line in ("init --headless", "import tracks"):
        assert cli.line(line).code == 0
    assert cli("app", "register", f"Corp {HOSTILE}"[:60], "--make-keys", "greencorp").code == 0
    asked = cli("request", "add", str(manifest.parent), "--keys", "greencorp", "--json")
    assert asked.code == 0, asked.err
    request = json.loads(asked.out)["request"]

    for words in (
        ("request", "list"),
        ("request", "show", request),
        ("request", "show", request, "--code"),
        ("request", "approve", request),
        ("app", "list"),
        ("grant", "list"),
        ("audit", "show"),
    ):
        ended = cli(*words)
        assert ended.code == 0
        assert commanding(ended.out) == set()


@pytest.mark.threat("T66")
def test_a_program_that_has_the_passphrase_decides_nothing_where_nobody_types(
    tmp_path: Path,
) -> None:
    cli = Cli(furnish(tmp_path))
    owner = (PASSPHRASE,)
    assert cli("init", typed=(*owner, *owner), env={}).code == 0
    brought = cli("import", "tracks", "--json")
    assert brought.code == 0
    register = ("app", "register", "GreenCorp", "--make-keys", "greencorp", "--json")
    app = json.loads(cli(*register, typed=owner).out)["app"]["id"]
    asked = cli("request", "add", "examples/green-bonus", "--keys", "greencorp", "--json")
    request = json.loads(asked.out)["request"]
    allow = ("request", "approve", request, "--json")
    grant = json.loads(cli(*allow, typed=owner, env=READING).out)["id"]
    assert cli("app", "suspend", app).code == 0
    job = json.loads(cli("source", "list", "--jobs", "--json").out)[0]["id"]
    before = cli("audit", "show", "--json", "--limit", "100").out

    for words in (
        ("request", "approve", request),
        ("request", "approve", request, "--preview"),
        ("app", "register", "Another", "--make-keys", "another"),
        ("app", "resume", app),
        ("app", "remove", app),
        ("run", grant, "--out", "answer"),
        ("import", "--undo", job),
    ):
        ended = cli(*words)  # the passphrase is in the environment, no terminal is there
        assert ended.code == 3, words
        assert "typed" in ended.err

    after = cli("audit", "show", "--json", "--limit", "100").out
    kinds = [entry["kind"] for entry in json.loads(after)["entries"]]
    done = kinds[: len(kinds) - len(json.loads(before)["entries"])]
    assert set(done) == {"unlock"}
    assert list((tmp_path / "answer").glob("*")) == []
    assert json.loads(cli("app", "show", app, "--json").out)["state"] == "suspended"


@pytest.mark.threat("T66")
def test_a_passphrase_typed_for_one_request_decides_on_no_other(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    assert cli("init", typed=(PASSPHRASE, PASSPHRASE), env={}).code == 0
    register = ("app", "register", "GreenCorp", "--make-keys", "greencorp")
    assert cli(*register, typed=(PASSPHRASE,)).code == 0
    requests = [
        json.loads(
            cli(
                "request", "add", "examples/green-bonus", "--keys", "greencorp",
                "--selection", month, "--json",
            ).out
        )["request"]
        for month in ("2026-10", "2026-11")
    ]  # fmt: skip

    typed_once = cli("request", "approve", requests[0], typed=(PASSPHRASE,), env={})

    assert typed_once.code == 130  # it was taken for reading; deciding asks anew
    assert json.loads(cli("grant", "list", "--json").out) == []


@pytest.mark.threat("T63")
def test_what_is_allowed_is_the_request_that_was_shown(tmp_path: Path) -> None:
    cli = Cli(furnish(tmp_path))
    for line in ("init --headless", "app register GreenCorp --make-keys greencorp"):
        assert cli.line(line).code == 0
    asked = cli("request", "add", "examples/green-bonus", "--keys", "greencorp", "--json")
    request = json.loads(asked.out)["request"]
    shown = json.loads(cli("request", "show", request, "--json").out)

    allowed = json.loads(cli("request", "approve", request, "--json").out)

    assert allowed["terms"] == shown["asked_terms"]
    again = cli("request", "approve", request)
    assert again.code == 9
