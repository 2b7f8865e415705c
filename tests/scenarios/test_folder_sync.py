"""Two folders that are kept equal: what is done in one shows in the other, and nothing is lost."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from sealhold.model.errors import FolderGoneError
from sealhold.sharing.devices.folder import State
from sealhold.sharing.devices.scanning import MARKER, PART, Reason
from sealhold.sharing.devices.treeops import Op, move
from tests.scenarios.synced_folders import Device, settle


@pytest.fixture
def laptop(tmp_path: Path) -> Device:
    return Device(tmp_path / "laptop", "laptop")


@pytest.fixture
def phone(tmp_path: Path) -> Device:
    return Device(tmp_path / "phone", "phone")


def test_files_folders_links_and_permissions_come_to_the_other_device(
    laptop: Device, phone: Device
) -> None:
    laptop.write("trip/day one/note.txt", "hello")
    laptop.write("empty", "")
    (laptop.root / "run.sh").write_text("#!/bin/sh\n")
    (laptop.root / "run.sh").chmod(0o750)
    os.utime(laptop.root / "run.sh", ns=(1, 1_600_000_000_123_456_789))
    (laptop.root / "link").symlink_to("/nowhere/at all")

    settle(laptop, phone)

    assert (phone.root / "trip/day one/note.txt").read_text() == "hello"
    assert (phone.root / "empty").read_bytes() == b""
    found = (phone.root / "run.sh").stat()
    assert (found.st_mode & 0o777, found.st_mtime_ns) == (0o750, 1_600_000_000_123_456_789)
    assert str((phone.root / "link").readlink()) == "/nowhere/at all"
    assert {each.state for each in phone.folder.states().values()} == {State.SYNCED}


def test_an_edit_and_a_delete_come_across(laptop: Device, phone: Device) -> None:
    laptop.write("a", "one")
    laptop.write("b", "two")
    settle(laptop, phone)

    phone.write("a", "three")
    (phone.root / "b").unlink()
    settle(phone, laptop)

    assert laptop.texts() == phone.texts() == {"a": "three"}


def test_a_rename_of_a_file_and_of_a_folder_sends_no_content(laptop: Device, phone: Device) -> None:
    for number in range(5):
        laptop.write(f"photos/{number}.jpg", f"picture {number}" * 100)
    settle(laptop, phone)
    before = laptop.sent
    things = {path: row.object for path, row in laptop.kept.rows().items()}

    (laptop.root / "photos").rename(laptop.root / "pictures")
    (laptop.root / "pictures/1.jpg").rename(laptop.root / "best.jpg")
    found = laptop.push()
    applied = phone.pull(laptop)

    assert len(found.changes) == 0
    assert (laptop.sent, applied.written) == (before, 0)
    assert phone.kept.rows()["best.jpg"].object == things["photos/1.jpg"]
    assert phone.texts() == laptop.texts()


def test_a_file_that_was_copied_and_removed_is_known_by_its_content(
    laptop: Device, phone: Device
) -> None:
    laptop.write("old name.txt", "the same words")
    settle(laptop, phone)
    thing = laptop.kept.rows()["old name.txt"].object

    laptop.write("new/name.txt", "the same words")
    (laptop.root / "old name.txt").unlink()
    settle(laptop, phone)

    assert laptop.kept.rows()["new/name.txt"].object == thing
    assert phone.texts() == laptop.texts()


def test_files_and_folders_that_changed_places_do_so_on_the_other_device(
    laptop: Device, phone: Device
) -> None:
    laptop.write("a/x", "in a")
    laptop.write("b/y", "in b")
    settle(laptop, phone)

    (laptop.root / "a").rename(laptop.root / "c")
    (laptop.root / "b").rename(laptop.root / "a")
    (laptop.root / "c").rename(laptop.root / "a/c")
    settle(laptop, phone)

    assert phone.texts() == laptop.texts() == {"a": "", "a/c": "", "a/c/x": "in a", "a/y": "in b"}


def test_two_devices_that_swap_names_end_equal(laptop: Device, phone: Device) -> None:
    laptop.write("a", "first")
    laptop.write("b", "second")
    settle(laptop, phone)
    rows = laptop.kept.rows()
    first, second = rows["a"].object, rows["b"].object

    laptop.tree.apply([_named(laptop, first, "b"), _named(laptop, second, "a")])
    laptop.pull()
    phone.pull(laptop)

    assert laptop.texts() == phone.texts() == {"a": "second", "b": "first"}


def test_edits_on_both_sides_keep_both_and_show_one_everywhere(
    laptop: Device, phone: Device
) -> None:
    laptop.write("note", "base")
    settle(laptop, phone)

    laptop.write("note", "by laptop")
    phone.write("note", "by phone")
    settle(laptop, phone)

    assert laptop.texts() == phone.texts()
    (thing,) = laptop.versions.in_conflict()
    standing = laptop.versions.standing(thing)
    assert standing == phone.versions.standing(thing)
    assert standing.shown is not None
    both = {laptop.blobs[each.id][0] for each in (standing.shown, *standing.siblings)}
    assert both == {b"by laptop", b"by phone"}
    assert laptop.folder.states({thing})["note"].state is State.CONFLICT


def test_an_edit_survives_a_delete_of_its_whole_folder(laptop: Device, phone: Device) -> None:
    laptop.write("trip/a", "one")
    laptop.write("trip/b", "two")
    settle(laptop, phone)

    (laptop.root / "trip/a").unlink()
    (laptop.root / "trip/b").unlink()
    (laptop.root / "trip").rmdir()
    phone.write("trip/a", "edited")
    phone.write("trip/new", "new")
    settle(laptop, phone)

    assert laptop.texts() == phone.texts() == {"trip": "", "trip/a": "edited", "trip/new": "new"}


def test_what_was_written_since_is_not_replaced_but_becomes_a_version_first(
    laptop: Device, phone: Device
) -> None:
    laptop.write("note", "base")
    settle(laptop, phone)
    laptop.write("note", "newer")
    laptop.push()

    phone.write("note", "local and not yet seen")
    applied = phone.pull(laptop)

    assert applied.local_first == ["note"]
    assert phone.texts() == {"note": "local and not yet seen"}
    assert phone.folder.states()["note"].state is State.PENDING
    settle(phone, laptop)
    kept = {data for data, *_ in laptop.blobs.values()}
    assert {b"newer", b"local and not yet seen"} <= kept


def test_a_removed_file_that_was_edited_since_stays(laptop: Device, phone: Device) -> None:
    laptop.write("trip/note", "base")
    settle(laptop, phone)
    (laptop.root / "trip/note").unlink()
    (laptop.root / "trip").rmdir()
    laptop.push()

    phone.write("trip/note", "still written")
    phone.pull(laptop)
    settle(phone, laptop)

    assert laptop.texts() == phone.texts() == {"trip": "", "trip/note": "still written"}


def test_equal_files_of_a_device_that_joins_are_taken_as_they_are(
    laptop: Device, phone: Device
) -> None:
    laptop.write("a/b", "same")
    phone.write("a/b", "same")
    laptop.push()

    applied = phone.pull(laptop)
    settle(laptop, phone)

    assert applied.written == 0
    assert laptop.texts() == phone.texts() == {"a": "", "a/b": "same"}


def test_another_file_in_the_place_of_a_new_one_is_kept_beside_it(
    laptop: Device, phone: Device
) -> None:
    laptop.write("a", "of laptop")
    phone.write("a", "of phone")

    settle(laptop, phone)

    assert laptop.texts() == phone.texts()
    assert sorted(laptop.texts().values()) == ["of laptop", "of phone"]


def test_a_change_that_keeps_size_and_time_is_found_while_it_is_fresh(tmp_path: Path) -> None:
    laptop = Device(tmp_path / "laptop", "laptop", ahead=0)
    laptop.write("note", "one")
    laptop.push()
    row = laptop.kept.rows()["note"]
    found = (laptop.root / "note").stat()

    laptop.write("note", "two")
    os.utime(laptop.root / "note", ns=(found.st_atime_ns, found.st_mtime_ns))
    now = (laptop.root / "note").stat()
    stat = row.stat._replace(ctime_ns=now.st_ctime_ns)  # as a coarse clock shows it
    laptop.kept.settle([], [structs.replace(row, stat=stat, looked_ns=now.st_ctime_ns)])
    laptop.push()

    assert b"two" in {data for data, *_ in laptop.blobs.values()}


def test_a_touched_file_is_no_change(laptop: Device) -> None:
    laptop.write("note", "one")
    laptop.push()

    os.utime(laptop.root / "note", ns=(5, 5))

    assert laptop.push().changes == []
    assert laptop.push().refreshed == []


def test_what_is_no_file_is_passed_over_with_its_reason(laptop: Device) -> None:
    os.mkfifo(laptop.root / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        here = Path.cwd()
        os.chdir(laptop.root)  # the name of a socket is short
        try:
            door.bind("door")
        finally:
            os.chdir(here)
    (laptop.root / "bad\nname").write_text("x")
    (laptop.root / os.fsdecode(b"not \xff text")).write_text("x")
    laptop.write(".sealholdignore", "# ours\n*.tmp\nbuild/\n/docs/*.pdf\n")
    for path in ("a.tmp", "build/x", "sub/build/y", "docs/a.pdf", "docs/deep/b.pdf", "kept.txt"):
        laptop.write(path, "x")

    laptop.push()

    states = laptop.folder.states()
    reasons = {path: each.reason for path, each in states.items() if each.state is State.SKIPPED}
    assert reasons == {
        "pipe": Reason.SPECIAL,
        "door": Reason.SPECIAL,
        "bad\nname": Reason.NAME,
        os.fsdecode(b"not \xff text"): Reason.NAME,
        "a.tmp": Reason.IGNORED,
        "build": Reason.IGNORED,
        "sub/build": Reason.IGNORED,
        "docs/a.pdf": Reason.IGNORED,
    }
    assert {path for path, each in states.items() if each.state is State.SYNCED} == {
        ".sealholdignore", "docs", "docs/deep", "docs/deep/b.pdf", "kept.txt", "sub",
    }  # fmt: skip


def test_a_rule_that_comes_later_deletes_nothing_elsewhere(laptop: Device, phone: Device) -> None:
    laptop.write("big/data", "much")
    settle(laptop, phone)

    laptop.write(".sealholdignore", "big/\n")
    settle(laptop, phone)

    assert phone.texts()["big/data"] == "much"


def test_a_file_that_never_rests_is_busy_and_comes_later(
    laptop: Device,
) -> None:
    laptop.write("log", "line\n")
    writes = []

    def written(pieces: Iterator[bytes]) -> bytes:
        writes.append(1)
        with (laptop.root / "log").open("a") as log:
            log.write("line\n")
        return b"".join(pieces)

    found = laptop.folder.changes()
    taken = laptop.folder.take(found.changes[0], written)

    assert (taken, len(writes)) == (None, 5)
    assert laptop.folder.states()["log"].state is State.BUSY
    laptop.push()
    assert laptop.folder.states()["log"].state is State.SYNCED


def test_many_deletes_at_once_are_held_until_a_person_says_yes_to_them(
    laptop: Device, phone: Device
) -> None:
    for number in range(8):
        laptop.write(f"f{number}", str(number))
    settle(laptop, phone)

    for number in range(4):
        (laptop.root / f"f{number}").unlink()
    held = laptop.push().held
    phone.pull(laptop)

    assert held is not None
    assert (held.files, held.of, len(phone.texts())) == (4, 8, 8)
    assert laptop.folder.states()["f0"].state is State.PENDING
    laptop.push(allowed=held.paths)
    phone.pull(laptop)
    assert len(phone.texts()) == 4


def test_a_folder_without_its_marker_is_not_looked_through(laptop: Device) -> None:
    laptop.write("a", "one")
    laptop.push()

    (laptop.root / MARKER).unlink()

    for use in (laptop.push, laptop.pull, laptop.folder.recover):
        with pytest.raises(FolderGoneError):
            use()


def test_another_folder_with_a_marker_of_its_own_is_refused(laptop: Device) -> None:
    (laptop.root / MARKER).write_text("00" * 16)

    with pytest.raises(FolderGoneError):
        laptop.push()


def test_nothing_of_ours_is_left_in_a_folder(laptop: Device, phone: Device) -> None:
    for number in range(12):
        laptop.write(f"{number}", str(number))

    settle(laptop, phone)

    assert not [each for each in phone.root.rglob("*") if each.name.startswith(PART)]


def _named(device: Device, thing: bytes, name: str) -> Op:
    return move(thing, device.clock.tick(), device.id, name=name)
