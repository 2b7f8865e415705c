"""Going back from an upgrade: the older form with the rows of today, whole or not at all."""

import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sealhold.model.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    OlderFormError,
    SealholdError,
)
from sealhold.node import Node, backing
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.migrating import migrated_copy, tables_of
from sealhold.stores.spec import Row
from sealhold.vault import goingback
from sealhold.vault.budget import BUDGETS
from sealhold.vault.home import FORM, Home
from sealhold.vault.keysets import KeySets
from sealhold.vault.upgrading import MIGRATIONS
from tests.scenarios.test_upgrade_of_the_first import UNINDEXED
from tests.scenarios.vaults import PASSPHRASE, calendar, new_home, opened, world

OLDER = FORM - 1


def file_key(home: Path) -> bytes:
    with opened(home) as node:
        return node.parts.core.keyring.named("data-file").reveal()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a vault that the program of the form before left, with the tables of that day."""
    folder = tmp_path_factory.mktemp("planted")
    home = Home(new_home(folder / "home"))
    with opened(home.folder) as node:
        node.sources.import_paths([calendar(folder / "a.ics", ["green", "red"], uid="a")])
    key = file_key(home.folder)
    back = [goingback.turned_round(MIGRATIONS[-1])]
    root = backing.access.root_of(home, PASSPHRASE)
    goingback.roll_back(backing.stored(home, world(), backing.places_of(home)), root, OLDER)
    assert home.form == OLDER
    home.snapshots.unlink()
    del key, back
    return home.folder


@pytest.fixture
def home(planted: Path, tmp_path: Path) -> Path:
    shutil.copytree(planted, tmp_path / "home")
    return tmp_path / "home"


def test_try(home: Path, tmp_path: Path) -> None:
    backing.upgrade(home, world(), PASSPHRASE)
    with opened(home) as node:
        assert node.audit.verify().whole
        for each in node.parts.snapshots.list():
            print(each)
        node.sources.import_paths([calendar(tmp_path / "b.ics", ["blue"], uid="b")])
        node.parts.snapshots.keep()
        print(backing.rollback_look(node))
    backing.roll_back(home, world(), PASSPHRASE, OLDER)
    with pytest.raises(OlderFormError), opened(home):
        pass
    backing.upgrade(home, world(), PASSPHRASE)
    with opened(home) as node:
        assert node.audit.verify().whole
        for each in node.parts.snapshots.list():
            print(each)
        assert sum(node.records.counts().values()) == 3
    assert 0
