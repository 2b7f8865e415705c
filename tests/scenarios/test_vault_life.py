"""A vault through its life: locked while it works, opened where something is wrong."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from sealhold.model.errors import (
    InvalidQueryError,
    LockedError,
    SealholdError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.node import Node, create
from sealhold.stores.spec import RecordStore
from sealhold.vault.home import Home, replace
from sealhold.vault.keyring import Keyring
from tests.scenarios.vaults import PASSPHRASE, Hands, calendar, new_home, opened, world

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


def _raising(*_args: object) -> None:
    raise KeyError("none")


def test_a_fault_within_a_batch_is_told_to_whoever_waits(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(home) as node:
        appender = node.parts.vault.appender
        monkeypatch.setattr(type(appender), "prepare", _raising)

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
            broken.setattr(Keyring, "owner", damaged)
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
        broken.setattr(Keyring, "begin", full)
        with pytest.raises(StoreUnavailableError):
            create(tmp_path / "home", PASSPHRASE, headless=True, world=world())

    assert list((tmp_path / "home").iterdir()) == []
    new_home(tmp_path / "home")
    with opened(tmp_path / "home", Hands()) as node:
        assert Home(tmp_path / "home").head.is_file()
        assert node.audit.state().size == 2


def test_a_lock_while_others_read_ends_their_reading_and_nothing_else(home: Path) -> None:
    with opened(home) as node, ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            store, begun = node.parts.core.store, Barrier(5)

            def read(store: RecordStore, begun: Barrier) -> None:
                begun.wait(SOON)
                while True:
                    store.scan("leaf", "key", (), ())

            readers = [pool.submit(read, store, begun) for _ in range(4)]
            begun.wait(SOON)
            node.lock()

            for reader in readers:
                assert isinstance(reader.exception(SOON), StoreUnavailableError)
            node.unlock(PASSPHRASE)


def test_two_who_lock_at_once_lock_once(home: Path) -> None:
    with opened(home) as node, ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(node.lock) for _ in range(4)]:
            done.result(SOON)

        assert node.locked


def test_a_query_that_fails_on_a_value_does_not_quote_it(home: Path, tmp_path: Path) -> None:
    with opened(home) as node:
        node.sources.import_paths([calendar(tmp_path / "c.ics", ["Dentist"])])

        with pytest.raises(InvalidQueryError) as refused:
            node.records.query("select cast(summary as integer) from events")

    assert "Dentist" not in str(refused.value)


@pytest.mark.parametrize(
    "said", ["'Dentist'", "$$Dentist$$", "$a$Dentist$a$", "1 -- Dentist", "/* Dentist */ 1"]
)
def test_the_log_keeps_a_query_without_what_it_says(home: Path, said: str) -> None:
    with opened(home) as node:
        node.records.query(f"select {said}")

        seq = node.audit.state().size - 1
        bundle = node.audit.proof(seq)

    assert b"select" in base64.b64decode(json.loads(bundle)["event"])
    assert b"Dentist" not in base64.b64decode(json.loads(bundle)["event"])


def test_pages_are_read_while_a_file_comes_in(home: Path, tmp_path: Path) -> None:
    path = calendar(tmp_path / "c.ics", [f"event {n}" for n in range(600)])
    with opened(home) as node, ThreadPoolExecutor(2) as pool:
        coming = pool.submit(node.sources.import_paths, [path])
        while not coming.done():
            shown = len(node.parts.records.timeline(limit=1_000).items)
            assert shown <= sum(node.records.counts().values())

        assert coming.result().new == 600
        assert node.records.timeline().total == 600


def test_two_files_that_come_at_once_are_both_taken_in(home: Path, tmp_path: Path) -> None:
    files = [calendar(tmp_path / f"{n}.ics", [f"event {n}"], uid=f"u{n}") for n in range(3)]
    with opened(home) as node, ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda path: node.sources.import_paths([path]), files))

        assert [report.new for report in reports] == [1, 1, 1]
        assert node.records.search("event").total == 3


@pytest.mark.parametrize("written", [b"", b"short", b"\xff" * 26, b"A" * 26])
def test_a_label_that_was_changed_is_named(home: Path, written: bytes) -> None:
    with Node(home, world()) as node:
        replace(home / "label", written)

        with pytest.raises(TamperedError, match="`label`"):
            _ = node.label
