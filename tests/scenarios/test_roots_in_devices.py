"""A12: a vault whose keys hang on a token or a TPM lives, is lost as it should be, and recovers."""

import multiprocessing
import os
from collections.abc import Iterator
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
from sealhold.vault.keeping import PLAIN
from tests.conformance.software_tokens import PIN, SoftTpm
from tests.scenarios.rooted import (
    REGISTER,
    change,
    change_and_die,
    in_tpm,
    indices,
    keys_on,
    new_vault,
    on_token,
    token_here,
    tpm_here,
)
from tests.scenarios.vaults import PASSPHRASE, calendar, opened, world

FORKS = multiprocessing.get_context("spawn")  # a child of its own reads which token there is
LABEL = "a vault of the tests"

pytestmark = pytest.mark.xdist_group("roots")  # one process has one token


@pytest.fixture(scope="module")
def tpm() -> Iterator[SoftTpm]:
    with tpm_here() as made:
        yield made


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with token_here(tmp_path_factory.mktemp("token") / "here", LABEL) as made:
        yield made


@pytest.fixture(params=["tpm2", "pkcs11"])
def keeping(request: pytest.FixtureRequest) -> Keeping:
    if request.param == "tpm2":
        return in_tpm(request.getfixturevalue("tpm"))
    request.getfixturevalue("token")
    return on_token(LABEL)


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
