"""Folders of two devices that are kept equal over a carrier."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from sealhold.sharing.devices.foldersync import Changed, FolderSync, bind
from tests.unit.owned_devices import Machine, machines
from tests.unit.replicas import Shelf

LONG = os.urandom(3_000_000)


@dataclass
class Desk:
    """A device with its folder."""

    machine: Machine
    path: Path
    shelf: Shelf

    def sync(self) -> Changed:
        """Take what changed here, exchange, and put what came."""
        core = self.machine.vault.core
        folder = FolderSync(
            self.machine.files(), self.machine.devices.keeping, core.clock, core.entropy
        )
        try:
            done = folder.take()
            assert self.machine.sync(self.shelf).troubles == []
            applied = folder.put()
            assert not applied.failed
            assert not applied.tampered
        finally:
            folder.close()
        return done

    def files(self) -> dict[str, bytes]:
        """Return what lies in the folder, without the marker."""
        return {
            str(each.relative_to(self.path)): each.read_bytes()
            for each in sorted(self.path.rglob("*"))
            if each.is_file() and each.name != ".sealhold"
        }


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[list[Desk]]:
    with ExitStack() as stack:
        shelf, found = Shelf(), list[Desk]()
        for at, each in enumerate(stack.enter_context(machines(2))):
            path = tmp_path / f"desk {at}"
            path.mkdir()
            each.sync(shelf)
            each.sync(shelf)
            bind(each.files(), each.devices.keeping, path, each.vault.core.entropy)
            found.append(Desk(each, path, shelf))
        yield found


def test_files_of_every_size_reach_the_other_folder(desks: list[Desk]) -> None:
    one, other = desks
    (one.path / "notes" / "deep").mkdir(parents=True)
    (one.path / "notes" / "a.txt").write_bytes(b"short")
    (one.path / "notes" / "deep" / "long.bin").write_bytes(LONG)
    (one.path / "empty").write_bytes(b"")
    (one.path / "run.sh").write_bytes(b"#!/bin/sh\n")
    (one.path / "run.sh").chmod(0o755)
    (one.path / "pointer").symlink_to("notes/a.txt")
    done = one.sync()
    assert done.created == 7
    other.sync()
    assert other.files() == one.files()
    assert (other.path / "run.sh").stat().st_mode & 0o777 == 0o755
    assert str((other.path / "pointer").readlink()) == "notes/a.txt"
    assert not one.sync()
    assert not other.sync()


def test_edits_renames_and_deletes_go_both_ways(desks: list[Desk]) -> None:
    one, other = desks
    for name in ("a.txt", "b.txt", "c.txt"):
        (one.path / name).write_bytes(name.encode() * 10)
    one.sync()
    other.sync()
    (other.path / "a.txt").write_bytes(b"edited over there")
    (other.path / "b.txt").rename(other.path / "renamed.txt")
    (other.path / "c.txt").unlink()
    done = other.sync()
    assert (done.edited, done.moved, done.deleted, done.created) == (1, 1, 1, 0)
    one.sync()
    assert one.files() == {"a.txt": b"edited over there", "renamed.txt": b"b.txt" * 10}


def test_a_rename_of_a_long_file_sends_no_content(desks: list[Desk]) -> None:
    one, other = desks
    (one.path / "long.bin").write_bytes(LONG)
    one.sync()
    other.sync()
    (one.path / "long.bin").rename(one.path / "moved.bin")
    before = sum(map(len, one.shelf.kept.values()))
    one.sync()
    assert sum(map(len, one.shelf.kept.values())) - before < 4_096
    other.sync()
    assert other.files() == {"moved.bin": LONG}


def test_a_small_edit_of_a_long_file_sends_little(desks: list[Desk]) -> None:
    one, other = desks
    (one.path / "long.bin").write_bytes(LONG)
    one.sync()
    other.sync()
    edited = LONG[:1_000_000] + b"x" * 1_000 + LONG[1_000_000:]
    (one.path / "long.bin").write_bytes(edited)
    before = sum(map(len, one.shelf.kept.values()))
    one.sync()
    assert sum(map(len, one.shelf.kept.values())) - before < 600_000
    other.sync()
    assert other.files() == {"long.bin": edited}


def test_edits_of_one_file_on_both_devices_both_stay(desks: list[Desk]) -> None:
    one, other = desks
    (one.path / "a.txt").write_bytes(b"first")
    one.sync()
    other.sync()
    (one.path / "a.txt").write_bytes(b"here")
    (other.path / "a.txt").write_bytes(b"there")
    for each in (one, other, one, other):
        each.sync()
    assert one.files() == other.files()
    for desk in desks:
        state = desk.machine.files().replica.state
        (conflict,) = state.versions.in_conflict()
        standing = state.versions.standing(conflict)
        shown = standing.shown
        assert shown is not None
        both = {state.content(each.id).inline for each in (shown, *standing.siblings)}
        assert both == {b"here", b"there"}


def test_what_was_written_while_away_waits_in_the_folder(desks: list[Desk]) -> None:
    one, other = desks
    one.shelf.is_away = True
    (one.path / "a.txt").write_bytes(b"offline")
    core = one.machine.vault.core
    folder = FolderSync(one.machine.files(), one.machine.devices.keeping, core.clock, core.entropy)
    assert folder.take().created == 1
    folder.close()
    assert one.machine.sync(one.shelf).away == ["shelf"]
    one.shelf.is_away = False
    one.machine.again()
    one.sync()
    other.sync()
    assert other.files() == {"a.txt": b"offline"}
