"""The owner at a real terminal: secrets are typed there, unseen, and nowhere else."""

import json
from pathlib import Path

from tests.scenarios.pseudo_terminal import at_terminal, without_terminal
from tests.transcripts.cli import FILES, PASSPHRASE, ROOT

READING = {"SEALHOLD_PASSPHRASE": PASSPHRASE}


def made(folder: Path) -> None:
    """Make a vault at a terminal."""
    with at_terminal("init", folder=folder) as terminal:
        terminal.wait_for("New passphrase")
        terminal.type(PASSPHRASE)
        terminal.wait_for("Once more")
        terminal.type(PASSPHRASE)
        assert terminal.end() == 0, terminal.seen
        assert PASSPHRASE not in terminal.seen


def asked(folder: Path) -> str:
    """Import, register an app and ask; return the request's id."""
    brought = without_terminal("import", str(FILES / "tracks"), folder=folder, env=READING)
    assert brought.returncode == 0, brought.stderr
    with at_terminal("app", "register", "GreenCorp", "--make-keys", "keys", folder=folder) as door:
        door.wait_for("Passphrase")
        door.type(PASSPHRASE)
        assert door.end() == 0, door.seen
    task = str(ROOT / "examples" / "green-bonus")
    added = without_terminal(
        "request", "add", task, "--keys", "keys", "--json", folder=folder, env=READING
    )
    assert added.returncode == 0, added.stderr
    return str(json.loads(added.stdout)["request"])


def test_a_vault_made_at_a_terminal_is_decided_on_at_a_terminal_alone(tmp_path: Path) -> None:
    made(tmp_path)
    request = asked(tmp_path)

    alone = without_terminal("request", "approve", request, folder=tmp_path, env=READING)
    assert alone.returncode == 3
    assert "typed at a terminal" in alone.stderr

    words = ("request", "approve", request, "--once")
    with at_terminal(*words, folder=tmp_path, env=READING) as terminal:
        terminal.wait_for("8  If you refuse")
        terminal.wait_for("Passphrase, to allow q-")
        terminal.type(PASSPHRASE)
        assert terminal.end() == 0, terminal.seen
        assert PASSPHRASE not in terminal.seen
        assert max(map(len, terminal.lines())) <= 80

    grants = without_terminal("grant", "list", "--json", folder=tmp_path, env=READING)
    assert [grant["state"] for grant in json.loads(grants.stdout)] == ["allowed"]


def test_a_wrong_passphrase_at_the_terminal_decides_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    request = asked(tmp_path)

    with at_terminal("request", "approve", request, folder=tmp_path, env=READING) as terminal:
        terminal.wait_for("Passphrase, to allow")
        terminal.type("correct horse batteries")
        assert terminal.end() == 3

    grants = without_terminal("grant", "list", "--json", folder=tmp_path, env=READING)
    assert json.loads(grants.stdout) == []


def test_without_a_terminal_a_vault_is_made_headless_and_says_so(tmp_path: Path) -> None:
    made_so = without_terminal("init", "--json", folder=tmp_path, env=READING)

    assert made_so.returncode == 0, made_so.stderr
    assert json.loads(made_so.stdout)["headless"] is True
    told = without_terminal("status", "--json", folder=tmp_path, env=READING)
    assert json.loads(told.stdout)["headless"] is True


def test_a_passphrase_in_a_pipe_is_not_read(tmp_path: Path) -> None:
    none = without_terminal("init", folder=tmp_path)

    assert none.returncode == 3
    assert not (tmp_path / "home").exists()


def test_an_import_shows_its_progress_at_a_terminal_and_leaves_no_trace_of_it(
    tmp_path: Path,
) -> None:
    made(tmp_path)

    with at_terminal("import", str(FILES / "tracks"), folder=tmp_path, env=READING) as terminal:
        assert terminal.end() == 0, terminal.seen

    assert "\x1b[?25l" in terminal.seen  # the bar hides the cursor while it is there
    piped = without_terminal("import", str(FILES / "tracks"), folder=tmp_path, env=READING)
    assert piped.stderr == ""
    assert "\x1b" not in piped.stdout
