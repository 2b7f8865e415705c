"""Folders that change places with files, while somebody writes into them."""

import shutil
from pathlib import Path

import pytest

from tests.scenarios.synced_folders import Device, settle


@pytest.fixture
def laptop(tmp_path: Path) -> Device:
    return Device(tmp_path / "laptop", "laptop")


@pytest.fixture
def phone(tmp_path: Path) -> Device:
    return Device(tmp_path / "phone", "phone")


def test_what_lies_in_a_folder_that_went_aside_is_brought_back_to_be_seen(
    laptop: Device, phone: Device
) -> None:
    """The folder is deleted and another takes its name, while somebody writes into it."""
    long = "n" * 200
    laptop.write(f"{long}/trip/a", "one")
    settle(laptop, phone)
    folder = laptop.kept.rows()[f"{long}/trip"].object

    shutil.rmtree(laptop.root / long / "trip")
    laptop.push()
    laptop.write(f"{long}/trip", "now a file")
    laptop.push()
    phone.write(f"{long}/trip/.sealholdignore", "left alone")
    phone.write(f"{long}/trip/new", "new")
    phone.pull(laptop)

    (kept,) = (each for each in (phone.root / long).iterdir() if each.is_dir())
    assert (kept / "new").read_text() == "new"
    assert not kept.name.startswith(".")
    settle(phone, laptop)
    assert phone.kept.rows()[f"{long}/trip"].object == folder
    assert laptop.texts() == phone.texts()
    assert sorted(laptop.texts().values()) == ["", "", "new", "now a file"]


def test_a_file_in_the_place_of_a_folder_that_moved_is_not_taken_for_it(
    laptop: Device, phone: Device
) -> None:
    laptop.write("b/in it", "one")
    laptop.write("c/other", "two")
    settle(laptop, phone)

    (laptop.root / "b").rename(laptop.root / "a")
    (laptop.root / "c").rename(laptop.root / "d")
    laptop.write("b", "new")
    settle(laptop, phone)

    wanted = {"a": "", "a/in it": "one", "b": "new", "d": "", "d/other": "two"}
    assert laptop.texts() == phone.texts() == wanted
    assert {path: row.object for path, row in laptop.kept.rows().items()} == {
        path: row.object for path, row in phone.kept.rows().items()
    }
