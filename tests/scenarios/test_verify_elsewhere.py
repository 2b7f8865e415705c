"""A proof on another machine: no vault, no network, another folder, an empty environment."""

import base64
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.transcripts.cli import Cli, furnish

Edit = Callable[[dict[str, Any]], None]
# The command, in a process that ends at the first socket or program.
OFFLINE = """
import sys
sys.addaudithook(lambda event, args: event.startswith(("socket.", "subprocess."))
    and event != "socket.gethostname" and sys.exit(f"{event}"))
from sealhold.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def proof(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return the proof of an answer, made by the commands."""
    cli = Cli(furnish(tmp_path_factory.mktemp("vault")))
    for line in ("init --headless", "import tracks", "app register GreenCorp --make-keys corp"):
        assert cli.line(line).code == 0, line
    added = cli.line("request add examples/green-bonus --keys corp --selection 2026-10 --json")
    allowed = cli.line(f"request approve {json.loads(added.out)['request']} --json")
    assert cli.line(f"run {json.loads(allowed.out)['id']} --out answer").code == 0
    return (cli.folder / "answer" / "proof.json").read_bytes()


def verified(folder: Path, proof: bytes, *words: str) -> int:
    (folder / "proof.json").write_bytes(proof)
    ended = subprocess.run(  # reason: our own interpreter
        [sys.executable, "-I", "-c", OFFLINE, "verify", "proof.json", *words],
        cwd=folder,
        check=False,
        capture_output=True,
        env={},
    )
    assert b"socket" not in ended.stderr, ended.stderr
    return ended.returncode


def written(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def change_answer(document: dict[str, Any]) -> None:
    document["answer"]["value"] += 1


def change_manifest(document: dict[str, Any]) -> None:
    manifest = json.loads(base64.b64decode(document["task"]["payload"]))
    manifest["aggregate"]["range"]["max"] = 1_000
    document["task"]["payload"] = base64.b64encode(json.dumps(manifest).encode()).decode()


def change_statement(document: dict[str, Any]) -> None:
    statement = base64.b64decode(document["proof"]["payload"])
    bent = statement.replace(b'"glass"', b'"sealed"')
    assert bent != statement
    document["proof"]["payload"] = base64.b64encode(bent).decode()


def test_a_proof_holds_elsewhere_offline_and_without_the_vault(
    proof: bytes, tmp_path: Path
) -> None:
    assert verified(tmp_path, proof) == 0


@pytest.mark.threat("T42")
@pytest.mark.parametrize("edit", [change_answer, change_manifest, change_statement])
def test_a_changed_answer_manifest_or_proof_is_altered(
    proof: bytes, tmp_path: Path, edit: Edit
) -> None:
    document = json.loads(proof)
    assert written(document) == proof  # so what was edited is all that differs
    edit(document)

    assert verified(tmp_path, written(document)) == 6


@pytest.mark.threat("T178")
@pytest.mark.parametrize("least", ["tpm2", "sgx"])
def test_software_where_hardware_is_demanded_is_below_the_policy_elsewhere(
    proof: bytes, tmp_path: Path, least: str
) -> None:
    assert verified(tmp_path, proof, "--evidence", least) == 3
