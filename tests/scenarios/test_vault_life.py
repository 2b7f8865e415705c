"""A vault through its life: locked while it works, opened where something is wrong."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealhold.model.errors import LockedError, SealholdError, StoreUnavailableError, TamperedError
from sealhold.node import Node, create
from sealhold.vault import opening
from sealhold.vault.home import Home
from sealhold.vault.keyring import Keyring
from tests.scenarios.vaults import PASSPHRASE, Hands, new_home, opened, world

SOON = 5.0  # seconds; what hangs would hang for ever


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return new_home(tmp_path / "home")


def test_work_that_outlives_the_lock_is_refused_and_does_not_hang(home: Path) -> None:
    with opened(home) as node:
        parts = node.parts
        node.lock()

        with ThreadPoolExecutor(1) as pool, pytest.raises(LockedError):
            pool.submit(parts.apps.register_app, "Late", bytes(32)).result(SOON)


def test_a_fault_within_a_batch_is_told_to_whoever_waits(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home) as node:
        appender = node.parts.vault.appender
        monkeypatch.setattr(type(appender), "prepare", lambda *_: {}["none"])

        with ThreadPoolExecutor(1) as pool:
            for _ in range(2):  # and whoever comes later
                with pytest.raises(SealholdError, match="log cannot be written"):
                    pool.submit(node.apps.register_app, "One", bytes(32)).result(SOON)


def test_a_vault_that_could_not_be_opened_can_be_tried_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged(_ring: Keyring) -> None:
        raise TamperedError("the key set holds nobody's keys")

    with Node(home, world()) as node:
        with monkeypatch.context() as broken:
            broken.setattr(opening.Keyring, "owner", damaged)
            with pytest.raises(TamperedError, match="nobody"):
                node.unlock(PASSPHRASE)

        node.unlock(PASSPHRASE)

        assert not node.locked


def test_a_vault_that_could_not_be_made_leaves_the_folder_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_ring: Keyring, _fence: int) -> None:
        raise StoreUnavailableError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(opening.Keyring, "begin", full)
        with pytest.raises(StoreUnavailableError):
            create(tmp_path / "home", PASSPHRASE, headless=True, world=world())

    assert list((tmp_path / "home").iterdir()) == []
    new_home(tmp_path / "home")
    with opened(tmp_path / "home", Hands()) as node:
        assert Home(tmp_path / "home").head.is_file()
        assert node.audit.state().size == 2
