"""A vault that opens with a key instead of a passphrase, as its owner sees it."""

import base64
import json
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sealhold.crypto.entropy import seeded
from tests.scenarios.test_cli_serve import get, served
from tests.transcripts.cli import PASSPHRASE, Cli, Ended, furnish

VALUE = base64.b64encode(seeded(b"the root value of a service")(32)).decode()
OTHER = base64.b64encode(seeded(b"another root value")(32)).decode()
KEY_FILE = {"SEALHOLD_KEY_FILE": "stick/vault.key"}


@pytest.fixture
def keyed(tmp_path: Path) -> Cli:
    """Return a vault that opens with a key file."""
    (furnish(tmp_path) / "stick").mkdir()
    cli = Cli(tmp_path)
    made = cli("init", "--root", "keyfile", "--key-file", "stick/vault.key", env={})
    assert made.code == 0, made.err
    assert "whoever has the key file decides" in made.out
    return cli


@pytest.fixture
def rooted(tmp_path: Path) -> Cli:
    """Return a vault that opens with a root value."""
    cli = Cli(furnish(tmp_path))
    cli.root = VALUE
    made = cli("init", "--root", "environment", env={})
    assert made.code == 0, made.err
    return cli


def facts(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


# --- a key file ---


def test_the_key_file_opens_the_vault_and_status_says_so(keyed: Cli) -> None:
    found = facts(keyed("status", "--json", env=KEY_FILE))
    told = keyed("status", env=KEY_FILE).out

    assert (found["root"], found["root_strength"]) == ("keyfile", "overwritten-file")
    assert found["headless"] is True
    assert "a key file" in told
    assert "flash disks and snapshots may keep it" in told


def test_a_new_key_file_is_private_and_holds_the_key_alone(keyed: Cli) -> None:
    path = keyed.folder / "stick" / "vault.key"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes()) == 32
    kept = b"".join(each.read_bytes() for each in keyed.home.rglob("*") if each.is_file())
    assert path.read_bytes() not in kept


def test_whoever_has_the_key_file_imports_allows_and_runs(keyed: Cli) -> None:
    def run(words: str) -> str:
        ended = keyed(*words.split(), env=KEY_FILE)
        assert ended.code == 0, ended.err
        return ended.out

    run("import tracks --quiet")
    run("app register GreenCorp --make-keys greencorp --quiet")
    run("request add examples/green-bonus --keys greencorp --selection 2026-10 --quiet")
    (request,) = json.loads(run("request list --json"))
    run(f"request approve {request['id']} --once --quiet")
    (grant,) = json.loads(run("grant list --json"))
    run(f"run {grant['id']} --out answer")

    assert (keyed.folder / "answer").is_dir()


@pytest.mark.parametrize(
    ("env", "code", "words"),
    [
        ({}, 3, "SEALHOLD_KEY_FILE"),
        ({"SEALHOLD_PASSPHRASE": PASSPHRASE}, 3, "SEALHOLD_KEY_FILE"),
        ({"SEALHOLD_KEY_FILE": "stick/none.key"}, 4, "look at the path"),
        ({"SEALHOLD_KEY_FILE": "stick/other.key"}, 3, "its key file"),
        ({"SEALHOLD_KEY_FILE": "stick/open.key"}, 6, "read by others"),
        ({"SEALHOLD_KEY_FILE": "stick/short.key"}, 6, "32 random bytes"),
    ],
)
def test_without_its_key_file_the_vault_stays_shut_and_says_why(
    keyed: Cli, env: Mapping[str, str], code: int, words: str
) -> None:
    stick = keyed.folder / "stick"
    for name, value, mode in (
        ("other", seeded(b"o")(32), 0o600),
        ("open", seeded(b"o")(32), 0o644),
        ("short", seeded(b"o")(31), 0o600),
    ):
        (stick / f"{name}.key").write_bytes(value)
        (stick / f"{name}.key").chmod(mode)

    ended = keyed("status", env=env, typed=[])

    assert ended.code == code
    assert words in ended.err
    assert "Caps Lock" not in ended.err


def test_a_key_file_in_the_vault_or_over_another_file_is_refused(tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    (tmp_path / "taken").write_bytes(b"something else")

    inside = cli("init", "--root", "keyfile", "--key-file", "home/vault.key", env={})
    taken = cli("init", "--root", "keyfile", "--key-file", "taken", env={})

    assert (inside.code, taken.code) == (2, 9)
    assert (tmp_path / "taken").read_bytes() == b"something else"
    assert not cli.home.exists()


@pytest.mark.parametrize(
    "words", ["--root keyfile", "--key-file a.key", "--root environment --key-file a.key"]
)
def test_a_key_file_and_its_root_go_together(tmp_path: Path, words: str) -> None:
    cli = Cli(tmp_path)

    ended = cli("init", *words.split())

    assert ended.code == 2
    assert not cli.home.exists()
    assert not (tmp_path / "a.key").exists()


def test_a_slot_under_another_name_is_damage(keyed: Cli) -> None:
    slots = keyed.home / "unlock"
    (slots / "keyfile").rename(slots / "environment")
    renamed = keyed("status", env=KEY_FILE)
    (slots / "keyfile").write_bytes((slots / "environment").read_bytes())
    (slots / "keyfile").chmod(0o600)
    doubled = keyed("status", env=KEY_FILE)

    assert renamed.code == 3  # a key of the environment is asked for, and none is there
    assert doubled.code == 6
    assert "2 ways in" in doubled.err


# --- a root value ---


def test_the_root_value_opens_the_vault_and_status_says_so(rooted: Cli) -> None:
    found = facts(rooted("status", "--json", env={}))

    assert (found["root"], found["root_strength"]) == ("environment", "overwritten-file")
    assert "a root value in the environment" in rooted("status", env={}).out


@pytest.mark.parametrize("root", [None, OTHER, "not base64"], ids=["none", "other", "text"])
def test_without_its_root_value_the_vault_stays_shut(rooted: Cli, root: str | None) -> None:
    rooted.root = root

    ended = rooted("status", env={"SEALHOLD_PASSPHRASE": PASSPHRASE})

    assert ended.code == 3
    assert "SEALHOLD_ROOT" in ended.err or "value of its root" in ended.err


@pytest.mark.parametrize(
    ("root", "code"),
    [(None, 3), ("correct horse", 5), (base64.b64encode(bytes(32)).decode(), 5)],
    ids=["none", "words", "zeros"],
)
def test_no_vault_is_made_with_a_weak_root_value(
    tmp_path: Path, root: str | None, code: int
) -> None:
    cli = Cli(tmp_path)
    cli.root = root

    ended = cli("init", "--root", "environment", env={})

    assert ended.code == code
    assert not cli.home.exists()


def process(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sealhold", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "SEALHOLD_HOME": "home", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_service_is_started_with_a_root_value_and_keeps_it_to_itself(tmp_path: Path) -> None:
    made = process(tmp_path, "init", "--root", "environment", SEALHOLD_ROOT=VALUE)
    assert made.returncode == 0, made.stderr

    with served(tmp_path, {"SEALHOLD_ROOT": VALUE}) as (told, pid):
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        label = told["url"].removeprefix("http://").partition(".")[0]
        status, _ = get(told["port"], f"{label}.localhost", "/")

    assert told["locked"] is False
    assert status in {200, 303}
    assert b"SEALHOLD_HOME" in environ
    assert VALUE.encode() not in environ
    assert VALUE not in made.stdout + made.stderr


def test_a_program_of_others_runs_in_a_vault_whose_process_is_closed_to_others(
    tmp_path: Path,
) -> None:
    furnish(tmp_path)
    for words in (
        "init --root environment",
        "import tracks --quiet",
        "app register GreenCorp --make-keys greencorp --quiet",
        "request add examples/green-bonus --keys greencorp --selection 2026-10 --quiet",
    ):
        ended = process(tmp_path, *words.split(), SEALHOLD_ROOT=VALUE)
        assert ended.returncode == 0, ended.stderr
    listed = process(tmp_path, "request", "list", "--json", SEALHOLD_ROOT=VALUE)
    (request,) = json.loads(listed.stdout)

    allowed = process(
        tmp_path, "request", "approve", request["id"], "--once", "--quiet", SEALHOLD_ROOT=VALUE
    )

    assert allowed.returncode == 0, allowed.stderr
