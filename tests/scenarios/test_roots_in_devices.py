"""A12: a vault whose keys hang on a token or a TPM lives, is lost as it should be, and recovers."""

import json
import multiprocessing
import os
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from pkcs11 import exceptions

from sealhold.crypto.roots.recovery import new_text, public_of
from sealhold.model.errors import (
    ErrorKind,
    MachineChangedError,
    RootAwayError,
    WrongPassphraseError,
)
from sealhold.node import Keeping, Node
from sealhold.vault.home import Home
from sealhold.vault.keeping import PLAIN
from tests.conformance.software_tokens import PIN, SoftTpm, softhsm
from tests.scenarios.rooted import (
    REGISTER,
    change,
    change_and_die,
    in_tpm,
    new_vault,
    on_token,
    token_in,
)
from tests.scenarios.vaults import PASSPHRASE, calendar, opened, world
from tests.transcripts.cli import Cli, Ended

FORKS = multiprocessing.get_context("spawn")  # a child of its own reads which token there is
LABEL = "a vault of the tests"

pytestmark = pytest.mark.xdist_group("roots")  # one process has one token


@pytest.fixture(scope="module")
def tpm() -> Iterator[SoftTpm]:
    made = SoftTpm()
    made.start()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    before = os.environ.get("SOFTHSM2_CONF")
    yield token_in(tmp_path_factory.mktemp("token") / "here", LABEL)
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture(params=["tpm2", "pkcs11"])
def keeping(request: pytest.FixtureRequest) -> Keeping:
    if request.param == "tpm2":
        return in_tpm(request.getfixturevalue("tpm"))
    request.getfixturevalue("token")
    return on_token(LABEL)


def indices(tpm: SoftTpm) -> set[str]:
    return set(tpm.call("tpm2_getcap", "handles-nv-index").decode().split())


def keys_on(token: Path) -> int:
    return len(list(token.rglob("*.object")))


def kept(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def entries(node: Node, reason: str) -> list[str]:
    told = [line.what for line in node.audit.lines() if line.kind == "key"]
    return [each for each in told if reason in each]


# --- a whole life ---


def test_a12_a_vault_lives_on_a_device_and_gives_no_byte_of_its_root_away(
    keeping: Keeping, tmp_path: Path
) -> None:
    home = new_vault(tmp_path / "home", keeping)
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "a.ics", ["apple", "pear"])])
        closed = node.keys.close(PASSPHRASE)
        root = node.parts.vault.sets.root
        secrets = [root.key.reveal(), root.papers.reveal(), PIN.encode(), PASSPHRASE.encode()]
        secrets.append(root.unwrap(2, (home / "keys-2.key").read_bytes(), "epoch key").reveal())
    with opened(home) as node:
        (found,) = node.records.search("apple").items
        status = node.status()
        assert node.audit.verify().whole

    assert found.title == "apple"
    assert (status.epoch, status.slots) == (2, keeping.keeper.value)
    assert status.root == "passphrase"
    assert status.root_strength == closed.strength
    assert closed.strength == ("nv-counter" if keeping.tcti else "overwritten-file")
    assert not [secret for secret in secrets if secret in kept(home)]
    with pytest.raises(WrongPassphraseError), Node(home, world()) as node:
        node.unlock("another")


def test_a12_no_key_of_a_vault_can_be_read_off_its_token(token: Path, tmp_path: Path) -> None:
    home = new_vault(tmp_path / "home", on_token(LABEL))
    with opened(home) as node:
        slots = node.parts.vault.sets.root._token()

    with slots._session() as session:  # type: ignore[attr-defined]  # reason: the token's own
        mine: list[Any] = list(
            session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.SECRET_KEY})
        )
        assert mine
        for key in mine:
            with pytest.raises(exceptions.AttributeSensitive):
                _ = key[pkcs11.Attribute.VALUE]
    assert keys_on(token)


# --- the machine changed, or is gone ---


def test_a12_after_a_change_of_the_machine_the_recovery_secret_opens_and_makes_a_new_slot(
    tpm: SoftTpm, tmp_path: Path
) -> None:
    secret = new_text(os.urandom)
    home = new_vault(tmp_path / "home", in_tpm(tpm, public_of(secret)))
    tpm.call("tpm2_pcrextend", f"{REGISTER}:sha256={'ab' * 32}")

    with pytest.raises(MachineChangedError) as caught, Node(home, world()) as node:
        node.unlock(PASSPHRASE)
    with Node(home, world()) as node:
        node.unlock(secret)
        assert node.verify_passphrase(secret)
        assert node.keys.close(secret).next == 2
    with opened(home) as node:
        assert node.status().recovery
        assert node.status().root_strength == "overwritten-file"

    assert caught.value.kind is ErrorKind.UNAVAILABLE
    assert "recovery secret" in caught.value.remedy()
    tpm.call("tpm2_pcrreset", str(REGISTER))


def test_a12_where_the_tpm_is_gone_the_recovery_secret_opens_and_another_root_takes_over(
    tpm: SoftTpm, tmp_path: Path
) -> None:
    secret = new_text(os.urandom)
    before = indices(tpm)
    home = new_vault(tmp_path / "home", in_tpm(tpm, public_of(secret)))
    tpm.stop()
    try:
        with pytest.raises(RootAwayError), Node(home, world()) as node:
            node.unlock(PASSPHRASE)
        with Node(home, world()) as node:
            node.unlock(secret)
            assert change(node, PLAIN, given=secret) is None
            assert node.keys.list().closed == ()
        with opened(home) as node:
            (warning,) = [each for each in node.status().warnings if "slot" in each]
            node.keys.close(PASSPHRASE)  # what waits for the chip holds up nothing else
            assert [each.epoch for each in node.keys.list().closed] == [2]
            assert not node.verify_passphrase(secret)
    finally:
        tpm.start()

    assert "epoch 1" in warning
    with opened(home) as node:  # and now that the chip is there
        assert [each.epoch for each in node.keys.list().closed] == [1, 2]
        assert node.keys.list().closed[0].method.startswith("counter in the TPM moved on")
        assert not [each for each in node.status().warnings if "slot" in each]
        assert len(entries(node, "root changed")) == 1
    assert indices(tpm) == before
    assert sorted(path.name for path in (home / "unlock").iterdir()) == ["passphrase.2"]


# --- one root after another ---


def test_a_vault_goes_from_root_to_root_and_leaves_nothing_on_a_device(
    tpm: SoftTpm, token: Path, tmp_path: Path
) -> None:
    before = indices(tpm), keys_on(token)
    home = new_vault(tmp_path / "home", PLAIN)
    seen = list[tuple[str, str]]()
    for keeping in (in_tpm(tpm), on_token(LABEL), PLAIN):
        with opened(home) as node:
            method = change(node, keeping)
            assert method is not None
            status = node.status()
            seen.append((method, status.slots))
            assert node.audit.verify().whole

    with opened(home) as node:
        assert len(entries(node, "root changed")) == 3
        assert [each.strength for each in node.keys.list().closed] == [
            "overwritten-file",
            "nv-counter",
            "overwritten-file",  # a token in software is told as one
        ]
    assert seen == [
        ("slot file overwritten", "tpm2"),
        ("counter in the TPM moved on", "pkcs11"),
        ("key destroyed on the token", "home"),
    ]
    assert (indices(tpm), keys_on(token)) == before


def test_a_kill_between_two_devices_leaves_one_root_whole_and_nothing_on_the_other(
    tpm: SoftTpm, token: Path, tmp_path: Path
) -> None:
    before = indices(tpm), keys_on(token)
    home = new_vault(tmp_path / "home", in_tpm(tpm))
    env = {"SOFTHSM2_CONF": os.environ["SOFTHSM2_CONF"]}
    for step, slots in (("_copy", "tpm2"), ("_destroy", "pkcs11")):
        process = FORKS.Process(target=change_and_die, args=(home, on_token(LABEL), step, env))
        process.start()
        process.join()
        assert process.exitcode == -9
        with opened(home) as node:
            assert node.status().slots == slots
            assert not [each for each in node.status().warnings if "slot" in each]
    with opened(home) as node:
        assert node.keys.list().closed[0].strength == "nv-counter"
        change(node, PLAIN)
    assert (indices(tpm), keys_on(token)) == before


# --- by commands, and what they say ---


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
        for line in lines:
            cli = walked(folder, env, line, tpm)
        seen[name] = facts(cli("status", "--json", env=env))

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
