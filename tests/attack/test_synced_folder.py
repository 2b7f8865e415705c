"""Attacks on a synced folder: links that lead out of it, swapped meanwhile, and a folder gone."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.model.errors import FolderGoneError
from sealhold.sharing.devices.disk import INSTANT, MOST_OPEN, Disk
from sealhold.sharing.devices.keptrows import Kind
from sealhold.sharing.devices.writing import Wanted
from tests.scenarios.synced_folders import DIGESTS, Device, settle

SECRET = "of somebody else"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text(SECRET)
    return outside


@pytest.fixture
def laptop(tmp_path: Path) -> Device:
    return Device(tmp_path / "laptop", "laptop")


def told(device: Device) -> set[bytes]:
    return {data for data, *_ in device.blobs.values()}


@pytest.mark.threat("T468")
def test_a_link_to_a_folder_outside_is_kept_as_a_link_and_never_entered(
    laptop: Device, outside: Path
) -> None:
    (laptop.root / "docs").symlink_to(outside)
    (laptop.root / "x").symlink_to(outside / "x")

    laptop.push()

    assert set(laptop.kept.rows()) == {"docs", "x"}
    assert SECRET.encode() not in told(laptop)


@pytest.mark.threat("T468")
def test_a_folder_that_becomes_a_link_after_the_scan_is_not_read_through(
    laptop: Device, outside: Path
) -> None:
    laptop.write("docs/x", "own")
    found = laptop.folder.changes()
    (change,) = (each for each in found.changes if each.path == "docs/x")

    shutil.rmtree(laptop.root / "docs")
    (laptop.root / "docs").symlink_to(outside)

    assert laptop.folder.take(change, b"".join) is None


@pytest.mark.threat("T468")
def test_a_file_that_becomes_a_link_while_it_is_read_is_not_taken(
    laptop: Device, outside: Path
) -> None:
    laptop.write("x", "own")
    (change,) = laptop.folder.changes().changes

    def swapped(pieces: Iterator[bytes]) -> bytes:
        (laptop.root / "x").unlink(missing_ok=True)
        (laptop.root / "x").symlink_to(outside / "x")
        return b"".join(pieces)

    taken = laptop.folder.take(change, swapped)

    assert taken is None or SECRET.encode() not in taken.result


@pytest.mark.threat("T468")
def test_nothing_is_written_or_removed_through_a_link(
    laptop: Device, outside: Path, tmp_path: Path
) -> None:
    phone = Device(tmp_path / "phone", "phone")
    laptop.write("docs/x", "one")
    laptop.write("docs/y", "two")
    settle(laptop, phone)
    shutil.rmtree(phone.root / "docs")
    (phone.root / "docs").symlink_to(outside)

    laptop.write("docs/x", "three")
    (laptop.root / "docs/y").unlink()
    laptop.write("docs/z", "new")
    laptop.push()
    phone.pull(laptop)

    assert {each.name: each.read_text() for each in outside.iterdir()} == {"x": SECRET}


@pytest.mark.threat("T468")
@pytest.mark.parametrize(
    "path",
    ["../outside/x", "../outside/new", "./../outside/new", "/etc/x", "docs/x", "docs/new", "a\0b"],
)
def test_a_path_that_leads_out_writes_nothing_there(
    laptop: Device, outside: Path, path: str
) -> None:
    """Names are checked long before; the disk itself is tried here."""
    (laptop.root / "docs").symlink_to(outside)
    digest = DIGESTS.link(b"theirs")
    wanted = Wanted(object=b"o" * 16, path=path, kind=Kind.FILE, size=6, digest=digest)

    laptop.folder.apply([wanted], lambda _: iter([b"theirs"]))

    assert (outside / "x").read_text() == SECRET
    assert list(outside.iterdir()) == [outside / "x"]


@pytest.mark.threat("T471")
def test_a_disk_that_is_not_mounted_deletes_nothing_elsewhere(
    laptop: Device, tmp_path: Path
) -> None:
    phone = Device(tmp_path / "phone", "phone")
    laptop.write("a", "one")
    settle(laptop, phone)

    laptop.root.rename(tmp_path / "unmounted")
    laptop.root.mkdir()  # the mount point, empty
    with pytest.raises(FolderGoneError):
        laptop.again()
    with pytest.raises(FolderGoneError):
        laptop.push()
    phone.pull(laptop)

    assert phone.texts() == {"a": "one"}
    assert list(laptop.root.iterdir()) == []


@pytest.mark.threat("T471")
@pytest.mark.parametrize(("files", "gone"), [(220, 101), (8, 4), (6, 6)])
def test_much_that_goes_at_once_is_deleted_nowhere_until_a_person_says_yes(
    laptop: Device, files: int, gone: int
) -> None:
    for number in range(files):
        laptop.write(f"{number:03d}", str(number))
    laptop.push()
    for number in range(gone):
        (laptop.root / f"{number:03d}").unlink()

    held = laptop.push(allowed=frozenset({"000"})).held

    assert held is not None
    assert held.files == gone
    assert len(laptop.tree.shown()) == files


@pytest.mark.threat("T472")
def test_content_that_is_not_what_its_version_names_is_never_put_in_place(
    laptop: Device, tmp_path: Path
) -> None:
    phone = Device(tmp_path / "phone", "phone")
    laptop.write("a", "good")
    laptop.write("b", "good too")
    laptop.push()
    for version, (data, *rest) in list(laptop.blobs.items()):
        if data == b"good":
            laptop.blobs[version] = (b"evil", *rest)  # type: ignore[assignment]  # reason: the same five

    applied = phone.pull(laptop)

    assert applied.tampered == ["a"]
    assert phone.texts() == {"b": "good too"}


@pytest.mark.threat("T468")
def test_a_folder_that_stays_open_for_many_files_leads_nowhere_when_it_becomes_a_link(
    laptop: Device, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop.write("docs/x", "own")
    disk, now = Disk(laptop.root), [0.0]
    monkeypatch.setattr("sealhold.sharing.devices.disk.monotonic", lambda: now[0])
    with disk.many():
        assert disk.stat("docs/x") is not None
        (laptop.root / "docs").rename(laptop.root / "aside")
        (laptop.root / "docs").symlink_to(outside)

        handle = disk.open("docs/x")  # the folder that was opened, whatever it is called now
        assert os.read(handle, 100) == b"own"
        os.close(handle)
        os.close(disk.create("docs/new"))
        assert {each.name for each in outside.iterdir()} == {"x"}

        now[0] += 2 * INSTANT
        with pytest.raises(OSError, match="Not a directory"):
            disk.open("docs/x")
    disk.close()


def handles() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_folders_that_stay_open_follow_what_is_renamed_and_end(laptop: Device) -> None:
    laptop.write("a/b/x", "own")
    disk, before = Disk(laptop.root), handles()
    with disk.many():
        assert disk.stat("a/b/x") is not None
        disk.rename("a", "c")
        assert disk.stat("a/b/x") is None
        assert disk.stat("c/b/x") is not None
        for number in range(3 * MOST_OPEN):
            disk.make_folder(f"c/{number}")
            assert disk.stat(f"c/{number}/x") is None
        assert handles() <= before + MOST_OPEN
    assert handles() == before
    disk.close()
