"""Attacks with copies of keys and rows that were made before an epoch was closed."""

import shutil
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.crypto.kdf import derive
from sealhold.crypto.roots import passphrase as passphrases
from sealhold.crypto.roots.software import SoftwareRoot
from sealhold.crypto.seal import NOBODY, KeyKind, Sealer, wrap_aad
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.model.errors import (
    NotFoundError,
    RolledBackError,
    SealBrokenError,
    SealholdError,
    TamperedError,
)
from sealhold.model.ids import AppId, RecordId, canonical
from sealhold.model.quantities import HOUR
from sealhold.node import Accepted, Node
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import Delete, Fence, Put
from sealhold.vault import wraps
from sealhold.vault.deciding import scan_all
from sealhold.vault.epochs import Epochs
from sealhold.vault.heldkeys import Held
from sealhold.vault.home import Home
from sealhold.vault.keyring import Keyring
from sealhold.vault.keysets import KeySets
from sealhold.vault.owned import RECORDS
from sealhold.vault.slotfiles import FileSlots
from sealhold.vault.wraps import APP, CLEAR, SUBJECT
from tests.scenarios.vaults import PASSPHRASE, Hands, calendar, new_home, opened, world

DATA = ("vault.db", "HEAD")
OLD_KEYS = ("keys-1.db", "keys-1.key")


@dataclass(frozen=True)
class Lives:
    """A home before an erasure, and after the epoch was closed."""

    before: Path
    after: Path
    erased: RecordId
    living: RecordId


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Lives:
    folder = tmp_path_factory.mktemp("lives")
    home, clock = new_home(folder / "home"), Hands()
    with opened(home, clock) as node:
        node.sources.import_paths([calendar(folder / "a.ics", ["quince", "medlar"])])
        erased, living = (_find(node, word) for word in ("quince", "medlar"))
    shutil.copytree(home, folder / "before")
    clock.move(HOUR)
    with opened(home, clock) as node:
        node.erasing.erase(erased, PASSPHRASE)
        node.keys.close(PASSPHRASE)
    return Lives(folder / "before", home, erased, living)


@pytest.fixture
def home(lives: Lives, tmp_path: Path) -> Path:
    """Return a copy of the home of today."""
    return Path(shutil.copytree(lives.after, tmp_path / "home"))


def _find(node: Node, word: str) -> RecordId:
    (item,) = node.records.search(word).items
    return item.id


def put_back(lives: Lives, home: Path, *names: str) -> None:
    for name in names:
        shutil.copyfile(lives.before / name, home / name)
        (home / name).chmod(0o600)


def root_of(home: Path) -> Secret:
    """Return what whoever knows the passphrase gets from `unlock`."""
    slot = (home / "unlock" / passphrases.NAME).read_bytes()
    return passphrases.unlock(slot, passphrases.passphrase(PASSPHRASE))


@pytest.mark.threat("T220")
def test_old_keys_without_the_destroyed_slot_open_nothing(lives: Lives, home: Path) -> None:
    """Old keys, old rows, the passphrase, the root key, the living slot: all but one small file."""
    put_back(lives, home, *DATA, *OLD_KEYS)
    (home / "epoch").unlink()

    with pytest.raises(TamperedError, match="`slot/1` is missing"), opened(home):
        pass

    wrapped = (lives.before / "keys-1.key").read_bytes()
    roots = SoftwareRoot(root_of(home), FileSlots(Home(home)))
    with pytest.raises(NotFoundError):
        roots.unwrap(1, wrapped, "epoch key")
    (home / "slot" / "1").write_bytes((home / "slot" / "2").read_bytes())
    for epoch in (1, 2):
        with pytest.raises(SealBrokenError):
            roots.unwrap(epoch, wrapped, "epoch key")


@pytest.mark.threat("T220")
def test_no_living_key_opens_what_the_old_copy_holds(lives: Lives, home: Path) -> None:
    """Were the old set's file open to all, its wraps would still not open under today's keys."""
    ring = old_ring(lives)
    old = {
        table.name: [found.row for found in scan_all(ring.lies_in.store, table)]
        for table in (APP, SUBJECT)
    }
    ring.close()
    with opened(home) as node:
        now = node.parts.core.keyring.lies_in
        held = node.parts.core.keyring.held()
    (app_row,), (subject_row,) = old[APP.name], old[SUBJECT.name]
    app = app_row[0]
    app_place = wrap_aad(KeyKind.APP, app, NOBODY, NOBODY, 1)
    place = wrap_aad(KeyKind.SUBJECT, app, subject_row[0], NOBODY, 1)

    with pytest.raises(SealBrokenError):
        now.sealer.unwrap(app_row[4], app_place, "app")
    with pytest.raises(SealBrokenError):
        Sealer(held.apps[app].key).unwrap(subject_row[CLEAR], place, "subject")


def old_ring(lives: Lives) -> Keyring:
    """Open the copy of the old key set, as only its slot, which the copy has, can."""
    copy = Home(lives.before)
    roots = SoftwareRoot(root_of(copy.folder), FileSlots(copy))
    key = roots.unwrap(1, copy.epoch_key_of(1).read_bytes(), "epoch key")
    store = SqlCipherStore(copy.keys_of(1))
    store.open(wraps.TABLES, derive(key, Tag.KEYS_FILE).reveal, create=False)
    return Keyring(store, key, world().entropy)


def test_old_rows_with_the_keys_of_today_are_told_and_open_on_the_owners_word(
    lives: Lives, home: Path
) -> None:
    """This is what the erasure of one item does not reach, and the documents say so."""
    put_back(lives, home, "vault.db")

    with pytest.raises(RolledBackError, match=r"`vault\.db` is older"), opened(home):
        pass
    with Node(home, world()) as node:
        node.unlock(PASSPHRASE, Accepted(at_terminal=True, checkpoint=None))
        for record in (lives.living, lives.erased):
            assert node.records.get(canonical(record)).id == record


def test_a_copy_of_the_whole_folder_has_its_slot_and_opens(lives: Lives, tmp_path: Path) -> None:
    """Nor does closing an epoch reach such a copy, and the documents say so."""
    with opened(Path(shutil.copytree(lives.before, tmp_path / "copy"))) as node:
        assert node.records.get(canonical(lives.erased)).id == lives.erased


def test_today_the_living_opens_and_the_erased_is_nowhere(lives: Lives, home: Path) -> None:
    with opened(home) as node:
        assert node.records.get(canonical(lives.living)).id == lives.living
        with pytest.raises(NotFoundError):
            node.records.get(canonical(lives.erased))
        ids = {found.row[0] for found in scan_all(node.parts.core.store, RECORDS)}
        assert ids == {lives.living}


@pytest.mark.threat("T222")
def test_the_whole_old_key_set_with_its_slot_is_told_as_older(lives: Lives, home: Path) -> None:
    put_back(lives, home, *OLD_KEYS, "slot/1")
    (home / "epoch").unlink()

    with pytest.raises(RolledBackError, match=r"`keys-1\.db` is older"), opened(home):
        pass


@pytest.mark.threat("T222")
@pytest.mark.parametrize(
    "content", [b"", b"1\n", b"3\n", b"2", b"02\n", b"-1\n", b"2\n2\n", b"\xff"]
)
def test_a_changed_number_of_the_epoch_opens_nothing(home: Path, content: bytes) -> None:
    (home / "epoch").write_bytes(content)

    with pytest.raises(TamperedError), opened(home):
        pass

    (home / "epoch").write_bytes(b"2\n")
    with opened(home) as node:
        assert node.audit.verify().whole


@pytest.mark.threat("T222")
def test_what_is_put_beside_the_epoch_in_force_is_cleared_away(lives: Lives, home: Path) -> None:
    put_back(lives, home, *OLD_KEYS, "slot/1")

    with opened(home) as node:
        assert node.status().epoch == 2

    assert not [name for name in (*OLD_KEYS, "slot/1") if (home / name).exists()]


@pytest.mark.threat("T220")
def test_a_slot_is_overwritten_where_it_lies(lives: Lives, tmp_path: Path) -> None:
    """A second name of the same bytes stands for what a new file in their place would leave."""
    home = Path(shutil.copytree(lives.before, tmp_path / "home"))
    (home / "other name").hardlink_to(home / "slot" / "1")

    with opened(home) as node:
        node.keys.close(PASSPHRASE)

    assert (home / "other name").read_bytes() == bytes(60)


def _drop_row(new: Keyring) -> None:
    store = new.lies_in.store
    (row,) = (found.row for found in scan_all(store, SUBJECT))
    store.commit((), lambda _: (Delete(SUBJECT.name, row[:2]),), new.lies_in.fence)


def _other_bytes(new: Keyring) -> None:
    store = new.lies_in.store
    (row,) = (found.row for found in scan_all(store, SUBJECT))
    spoiled = (*row[:6], bytes(60), row[7])
    store.commit((), lambda _: (Put(SUBJECT.name, spoiled),), new.lies_in.fence)


def _another_app(new: Keyring) -> None:
    held = new.held()
    (app,) = held.apps
    store = new.lies_in.store
    (row,) = (found.row for found in scan_all(store, APP))
    store.commit((), lambda _: (Put(APP.name, (app, 9, *row[2:])),), new.lies_in.fence)


@pytest.mark.threat("T221")
@pytest.mark.parametrize("harm", [_drop_row, _other_bytes, _another_app])
@pytest.mark.parametrize("step", ["_copy", "_read_back"])
def test_a_copy_that_is_not_whole_never_takes_the_place_of_the_old_set(
    lives: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, harm: object, step: str
) -> None:
    home = Path(shutil.copytree(lives.before, tmp_path / "home"))
    assert callable(harm)
    if step == "_copy":
        made = Keyring.inherit

        def inherit(
            self: Keyring, now: int, held: Held, fence: Fence, anew: Collection[AppId] = ()
        ) -> None:
            made(self, now, held, fence, anew)
            harm(self)

        monkeypatch.setattr(Keyring, "inherit", inherit)
    else:
        opened_from_disk = KeySets.open

        def reopen(self: KeySets, epoch: int) -> Keyring:
            ring = opened_from_disk(self, epoch)
            if epoch == 2:
                harm(ring)
            return ring

        monkeypatch.setattr(KeySets, "open", reopen)

    with opened(home) as node:
        with pytest.raises(SealholdError):
            node.keys.close(PASSPHRASE)
        assert node.status().epoch == 1
        assert node.records.get(canonical(lives.erased)).id == lives.erased
    monkeypatch.undo()

    with opened(home) as node:
        assert node.keys.close(PASSPHRASE).next == 2
        assert node.audit.verify().whole


@pytest.mark.threat("T221")
def test_the_old_slot_is_there_until_the_new_epoch_is_in_force(
    lives: Lives, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Path(shutil.copytree(lives.before, tmp_path / "home"))
    seen: list[tuple[str, bool, int]] = []
    for name in ("_slot", "_copy", "_compare", "_read_back", "_switch", "_destroy"):
        monkeypatch.setattr(Epochs, name, _watched(name, home, seen))

    with opened(home) as node:
        node.keys.close(PASSPHRASE)

    assert seen == [
        (name, True, 1) for name in ("_slot", "_copy", "_compare", "_read_back", "_switch")
    ] + [("_destroy", True, 2)]


def _watched(name: str, home: Path, seen: list[tuple[str, bool, int]]) -> object:
    step = getattr(Epochs, name)

    def watched(self: Epochs, turn: object) -> None:
        seen.append((name, (home / "slot" / "1").is_file(), Home(home).epoch))
        step(self, turn)

    return watched
