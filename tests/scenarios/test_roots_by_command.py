"""A12 by command: what the page on roots says, what lacks at `init`, and going back elsewhere."""

import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sealhold.vault.home import Home
from tests.conformance.software_tokens import PIN, SoftTpm, softhsm
from tests.scenarios.rooted import indices, keys_on, token_here, tpm_here
from tests.scenarios.vaults import PASSPHRASE
from tests.transcripts.cli import Cli, Ended

LABEL = "a vault of the commands"

pytestmark = pytest.mark.xdist_group("roots")  # one process has one token


@pytest.fixture(scope="module")
def tpm() -> Iterator[SoftTpm]:
    with tpm_here() as made:
        yield made


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with token_here(tmp_path_factory.mktemp("token") / "here", LABEL) as made:
        yield made


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return Cli(tmp_path)


def facts(ended: Ended) -> dict[str, Any]:
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out)
    return found


HOWTO = Path(__file__).parents[2] / "docs" / "howto" / "operate.md"
NEW = "another horse battery"


def sections() -> dict[str, list[str]]:
    """Return the commands of each section on roots, as they stand on the page."""
    text = HOWTO.read_text().partition("## Choose the root")[2].partition("\n## ")[0]
    parts = (part.partition("\n") for part in text.split("\n### ")[1:])
    return {
        name: re.findall(r"^    (.*sealhold .*)$", rest, re.MULTILINE) for name, _, rest in parts
    }


@pytest.mark.usefixtures("token")
def test_the_commands_of_the_page_on_roots_do_what_it_says(tpm: SoftTpm, tmp_path: Path) -> None:
    seen = dict[str, dict[str, Any]]()
    folder, env = tmp_path, dict[str, str]()
    for name, lines in sections().items():
        assert lines, name
        if not name.startswith(("When", "Change")):  # those go on with the vault of the one before
            folder = tmp_path / name.replace(" ", "")
            folder.mkdir()
            env = {"SEALHOLD_PASSPHRASE": PASSPHRASE, "SEALHOLD_PIN": PIN}
            env["SEALHOLD_NEW_PASSPHRASE"] = NEW
        *before, last = lines
        for line in before:
            walked(folder, env, line, tpm)
        seen[name] = facts(walked(folder, env, last, tpm)("status", "--json", env=env))

    found = {name: (each["root"], each["slots"], each["recovery"]) for name, each in seen.items()}
    assert found == {
        "A passphrase": ("passphrase", "home", False),
        "A key file": ("keyfile", "home", False),
        "A root value": ("environment", "home", False),
        "This machine's TPM": ("passphrase", "tpm2", True),
        "A token": ("passphrase", "pkcs11", True),
        "When a device is changed or lost": ("passphrase", "home", False),
        "Change it": ("keyfile", "home", False),
    }


def walked(folder: Path, env: dict[str, str], line: str, tpm: SoftTpm) -> Cli:
    """Run a command of the page in `folder`."""
    cli = Cli(folder)
    before, _, rest = line.partition("sealhold ")
    said = dict(re.findall(r"(SEALHOLD_\w+)=(\S+)", before))
    if said.pop("SEALHOLD_ROOT", None):
        cli.root = "kUb3nHPBXTTLIjXBJ9xDkPq5zZ7cEkqeMOdn2sF6Ogw="
    rest = rest.replace("--token vault", f"--token '{LABEL}'")
    words = shlex.split(rest.replace("/usr/lib/softhsm/libsofthsm2.so", str(softhsm())))
    if "tpm2" in words:
        words += ["--tcti", tpm.tcti]
    ended = cli(*words, env={**env, **said})
    assert ended.code == 0, (line, ended.err)
    if "--key-file" in words and "--dry-run" not in words:
        env["SEALHOLD_KEY_FILE"] = words[words.index("--key-file") + 1]
    if words[1:] == ["change-root", "--to", "passphrase"]:
        env["SEALHOLD_PASSPHRASE"] = NEW
    return cli


INIT: list[tuple[Callable[[SoftTpm], str], dict[str, str], int, str]] = [
    (lambda _: f"--root pkcs11 --module {softhsm()} --no-recovery", {}, 3, "SEALHOLD_PIN"),
    (
        lambda _: f"--root pkcs11 --module {softhsm()} --no-recovery --token nowhere",
        {"SEALHOLD_PIN": PIN},
        7,
        "put the token in",
    ),
    (
        lambda _: "--root pkcs11 --module /none.so --no-recovery",
        {"SEALHOLD_PIN": PIN},
        7,
        "install it, and name it",
    ),
    (lambda _: "--root pkcs11 --module none.so --no-recovery", {"SEALHOLD_PIN": PIN}, 5, "whole"),
    (lambda _: "--root pkcs11 --no-recovery", {"SEALHOLD_PIN": PIN}, 2, "`--module`"),
    (lambda _: f"--root pkcs11 --module {softhsm()}", {"SEALHOLD_PIN": PIN}, 2, "--no-recovery"),
    (
        lambda _: "--root tpm2 --no-recovery --tcti swtpm:path=/none",
        {},
        7,
        "start what speaks to the chip",
    ),
    (lambda tpm: f"--root tpm2 --no-recovery --registers 99 --tcti {tpm.tcti}", {}, 5, "0 to 23"),
    (lambda _: "--root tpm2 --no-recovery --registers seven", {}, 2, "numbers"),
    (lambda _: "--root tpm2 --no-recovery --recovery paper", {}, 2, "one of them"),
    (lambda _: "--root tpm2 --recovery home/paper", {}, 2, "whoever copies the vault"),
    (lambda _: "--root keyfile --unlock keyfile --key-file a", {}, 2, "`--unlock`"),
    (lambda _: "--tcti somewhere", {}, 2, "`tpm2`"),
    (lambda _: "--token other", {}, 2, "`pkcs11`"),
]


@pytest.mark.parametrize(("words", "env", "code", "said"), INIT)
def test_what_lacks_at_init_is_said_and_no_vault_is_made(
    cli: Cli,
    tpm: SoftTpm,
    token: Path,
    words: Callable[[SoftTpm], str],
    env: dict[str, str],
    code: int,
    said: str,
) -> None:
    before = indices(tpm), keys_on(token)

    ended = cli(
        "init", "--headless", *words(tpm).split(), env={"SEALHOLD_PASSPHRASE": PASSPHRASE, **env}
    )

    assert ended.code == code, ended.err
    assert said in ended.err
    assert not cli.home.exists() or not list(cli.home.iterdir())
    assert not (cli.folder / "paper").exists()
    assert (indices(tpm), keys_on(token)) == before


@pytest.mark.usefixtures("token")
def test_a_wrong_pin_makes_no_vault_and_is_said(cli: Cli) -> None:
    ended = cli(
        *("init", "--headless", "--root", "pkcs11", "--module", str(softhsm()), "--token", LABEL),
        "--no-recovery",
        env={"SEALHOLD_PASSPHRASE": PASSPHRASE, "SEALHOLD_PIN": "not it"},
    )

    assert ended.code == 3
    assert "give the PIN of this token" in ended.err
    assert not cli.home.exists()


def test_a_backup_of_a_vault_in_a_tpm_goes_back_on_another_machine_by_its_recovery_secret(
    cli: Cli, tpm: SoftTpm
) -> None:
    env = {"SEALHOLD_PASSPHRASE": PASSPHRASE}
    paper = {"SEALHOLD_RECOVERY_FILE": "paper"}

    def run(*words: str, env: dict[str, str] = env) -> str:
        ended = cli(*words, env=env)
        assert ended.code == 0, ended.err
        return ended.out

    run("init", "--headless", "--root", "tpm2", "--tcti", tpm.tcti, "--recovery", "paper")
    run("backup", "make", "backups")
    run("backup", "slots", "safe/slots")
    (cli.home).rename(cli.folder / "burnt")
    tpm.stop()
    try:
        run("restore", "backups", "--slots", "safe/slots", env=paper)
        run(
            *("key", "change-root", "--to", "passphrase", "--quiet"),
            env={**paper, "SEALHOLD_NEW_PASSPHRASE": "another horse"},
        )
        shown = run("status", "--json", env={"SEALHOLD_PASSPHRASE": "another horse"})
    finally:
        tpm.start()

    assert json.loads(shown)["slots"] == "home"
    assert Home(cli.home).epoch == 2
