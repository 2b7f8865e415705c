"""What somebody did in a synced folder is neither lost nor made up: errors, slow disks, deletes."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest

from sealhold.crypto.secret import Secret
from sealhold.model.errors import LockedError, SealholdError, StoreFullError
from sealhold.model.ids import ObjectName, SealedBytes
from sealhold.model.quantities import Instant
from sealhold.sharing.devices import portions, reading, scanning, writing
from sealhold.sharing.devices.bodytaking import Packer
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.folder import Folder
from sealhold.sharing.devices.foldersync import FolderSync, bind
from sealhold.sharing.devices.keptrows import Seen, Stat, seen_of
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.vault.chunkplaces import MemoryIndex, Shelf, on_store
from sealhold.vault.packing import Counted, Packing, PackKeys
from tests.scenarios.synced_folders import DIGESTS, MARK, Device, fresh, settle
from tests.scenarios.test_synced_folders import Desk
from tests.unit.owned_devices import machines
from tests.unit.replicas import Shelf as Carrier

KEYS = PackKeys(
    naming=Secret(b"n" * 32, "naming key"),
    seed=Secret(b"s" * 32, "seed"),
    table=Secret(b"t" * 32, "table key"),
)
LONG = [os.urandom(1 << 20)] * 3 + [os.urandom(1 << 20) for _ in range(20)]


@pytest.mark.threat("T472")
def test_what_cannot_be_let_go_makes_no_delete_of_what_went(tmp_path: Path) -> None:
    class Locked(Disk):
        def remove(self, path: str) -> None:
            if path == "z/locked":
                raise PermissionError(13, "Permission denied", path)
            super().remove(path)

    laptop = Device(tmp_path / "laptop", "laptop")
    phone = Device(tmp_path / "phone", "phone", opening=Locked)
    for path in ("kept", "a/1", "a/2", "z/locked"):
        laptop.write(path, path)
    settle(laptop, phone)
    wanted = [each for each in phone.wanted() if each.path in {"kept", "a", "z"}]

    applied = phone.folder.apply(wanted, phone.content)

    assert (applied.removed, set(applied.failed)) == (2, {"z/locked"})
    found = phone.folder.changes()
    assert not found.changes
    assert found.held is None
    assert {"kept", "z/locked"} < set(phone.kept.rows())


@pytest.mark.threat("T472")
def test_an_edit_just_after_a_file_was_put_in_place_is_seen_however_long_the_disk_takes(
    tmp_path: Path,
) -> None:
    edits: list[Callable[[], object]] = []
    slow = [0]  # milliseconds that the disk took

    class Slow(Disk):
        def sync_folder(self, path: str) -> None:
            if edits:
                edits.pop()()
                slow[0] += 60_000
            super().sync_folder(path)

    laptop, phone = Device(tmp_path / "laptop", "laptop"), Device(tmp_path / "phone", "phone")
    phone.folder.close()
    phone.folder = Folder(
        phone.root,
        mark=MARK,
        kept=phone.kept,
        digests=DIGESTS,
        clock=lambda: Instant(int(time.time() * 1000) + slow[0]),
        entropy=fresh,
        opening=Slow,
    )
    laptop.write("note", "version 1")
    settle(laptop, phone)
    laptop.write("note", "version 2")
    laptop.push()
    edits.append(lambda: (phone.root / "note").write_text("somebody's own"))

    phone.pull(laptop)

    phone.push()
    assert b"somebody's own" in {data for data, *_ in phone.blobs.values()}


@pytest.mark.threat("T472")
def test_an_edit_while_another_portion_is_given_is_seen_on_a_coarse_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = int(time.time() * 1000)
    passed = [0]  # milliseconds

    def coarse(found: os.stat_result) -> Seen | None:
        seen = seen_of(found)
        if seen is None:
            return None
        same = begin * 1_000_000
        return seen._replace(stat=Stat(seen.stat.size, same, same, seen.stat.inode))

    for module in (reading, scanning, writing):
        monkeypatch.setattr(module, "seen_of", coarse)
    monkeypatch.setattr(portions, "FIRST", 1)
    with machines(1) as (one,):
        bind(one.files(), one.devices.keeping, tmp_path, one.vault.core.entropy)
        folder = FolderSync(
            one.files(),
            one.devices.keeping,
            lambda: Instant(begin + passed[0]),
            one.vault.core.entropy,
        )
        (tmp_path / "a").write_text("a")
        (tmp_path / "b").write_text("one one")

        def after() -> None:
            passed[0] += 100
            (tmp_path / "b").write_text("two two")
            passed[0] += 60_000

        folder.take(after=after)
        passed[0] += 60_000
        folder.take()
        folder.close()

        assert one.shown()["b"] == b"two two"


@pytest.mark.threat("T472")
def test_a_delete_takes_no_edit_with_it_that_never_lay_in_the_folder(tmp_path: Path) -> None:
    shelf, desks = Carrier(), list[Desk]()
    with machines(2) as both:
        for number, each in enumerate(both):
            path = tmp_path / f"desk{number}"
            path.mkdir()
            each.sync(shelf)
            each.sync(shelf)
            bind(each.files(), each.devices.keeping, path, each.vault.core.entropy)
            desks.append(Desk(each, path, shelf))
        one, other = desks
        for name in ("report", *"abcde"):
            (one.path / name).write_text("version 1")
        for desk in (one, other, one, other):
            desk.sync()
        (one.path / "report").write_text("version 2, a day of work")
        one.sync()
        core = other.machine.vault.core
        folder = FolderSync(
            other.machine.files(), other.machine.devices.keeping, core.clock, core.entropy
        )
        folder.take()
        other.machine.sync(shelf)  # it hears of version 2, and its disk has no room for it
        folder.close()
        (other.path / "report").unlink()
        for desk in (other, one, other, one):
            desk.sync()

        assert one.files()["report"] == other.files()["report"] == b"version 2, a day of work"


def ends_soon(work: Callable[[], None]) -> SealholdError | None:
    """Return what ended a work."""
    raised = list[SealholdError]()

    def run() -> None:
        try:
            work()
        except SealholdError as err:
            raised.append(err)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    return raised[0] if raised else None


@pytest.mark.threat("T472")
def test_a_disk_that_fills_up_while_a_long_file_is_read_ends_the_round() -> None:
    def full(_name: ObjectName, _sealed: SealedBytes) -> None:
        raise StoreFullError("no room")

    def work() -> None:
        shelf = Shelf(full, MemoryObjects().get, ranges=True)
        with Packing(shelf, MemoryIndex(), KEYS, os.urandom) as packing:
            packer = Packer(packing, {})
            packer.take(iter(LONG))
            packer.finish()

    assert isinstance(ends_soon(work), StoreFullError)


@pytest.mark.threat("T472")
def test_a_vault_that_is_locked_while_a_long_file_is_read_ends_the_round() -> None:
    def locked(counted: Counted) -> None:
        if counted.fresh > 5_000_000:
            raise LockedError("the vault is being locked")

    def work() -> None:
        shelf = on_store(MemoryObjects())
        with Packing(shelf, MemoryIndex(), KEYS, os.urandom, watch=locked) as packing:
            packer = Packer(packing, {})
            packer.take(iter(LONG))
            packer.finish()

    assert isinstance(ends_soon(work), LockedError)
