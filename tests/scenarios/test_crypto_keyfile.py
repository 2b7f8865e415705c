"""A key file on a real disk: made private, and refused when it is not."""

import os
import stat
from pathlib import Path

import pytest

from sealhold.crypto.entropy import seeded, system_entropy
from sealhold.crypto.roots import keyfile
from sealhold.crypto.secret import Secret
from sealhold.model.errors import (
    ConflictError,
    InsecureHomeError,
    NotFoundError,
    TamperedError,
    UnavailableError,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.key"


def write(path: Path, value: bytes, mode: int = 0o600) -> None:
    path.write_bytes(value)
    path.chmod(mode)


def test_a_new_key_file_is_private_and_gives_its_secret(path: Path) -> None:
    key = keyfile.create_file(path, system_entropy)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keyfile.read_file(path) == key


def test_the_key_file_opens_the_slot_that_was_made_for_it(path: Path) -> None:
    root = Secret(b"r" * 32, "root key")
    slot = keyfile.create_slot(root, keyfile.create_file(path, system_entropy), seeded(b"s"))

    assert keyfile.unlock(slot, keyfile.read_file(path)) == root


def test_a_file_that_is_there_is_never_overwritten(path: Path) -> None:
    path.write_bytes(b"something else")

    with pytest.raises(ConflictError):
        keyfile.create_file(path, system_entropy)

    assert path.read_bytes() == b"something else"


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError):
        keyfile.create_file(tmp_path / "none" / "vault.key", system_entropy)


def test_a_missing_key_file_is_not_found(path: Path) -> None:
    with pytest.raises(NotFoundError):
        keyfile.read_file(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(path: Path, mode: int) -> None:
    write(path, seeded(b"key")(32), mode)

    with pytest.raises(InsecureHomeError):
        keyfile.read_file(path)


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    write(tmp_path / "real.key", seeded(b"key")(32))
    path.symlink_to(tmp_path / "real.key")

    with pytest.raises(InsecureHomeError):
        keyfile.read_file(path)


def test_a_folder_or_a_pipe_is_no_key_file(path: Path) -> None:
    path.mkdir(mode=0o700)
    with pytest.raises(InsecureHomeError):
        keyfile.read_file(path)

    path.rmdir()
    os.mkfifo(path, 0o600)
    with pytest.raises(InsecureHomeError):
        keyfile.read_file(path)


@pytest.mark.parametrize(
    "value",
    [b"", seeded(b"key")(31), seeded(b"key")(33), bytes(32), b"changeme" * 4],
    ids=["empty", "short", "long", "zeros", "a word repeated"],
)
def test_bytes_that_are_not_32_random_ones_are_refused(path: Path, value: bytes) -> None:
    write(path, value)

    with pytest.raises(TamperedError):
        keyfile.read_file(path)
