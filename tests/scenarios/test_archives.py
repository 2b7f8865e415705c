"""Exports as they are downloaded: packed, with much beside what is looked for."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.connectors import samples
from sealhold.node import Node
from tests.scenarios.vaults import Hands, new_home, opened

GPX, ICS = samples.gpx(3), samples.icalendar(4)
MEMBERS = {
    "Takeout/Rides/ways.gpx": GPX.content,
    "Takeout/Calendar/plans.ics": ICS.content,
    "Takeout/readme.html": b"<!doctype html><title>Your data</title>",
}


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[tuple[Node, Path]]:
    with opened(new_home(tmp_path / "home", Hands()), Hands()) as node:
        yield node, tmp_path


def as_zip(path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in MEMBERS.items():
            archive.writestr(name, content)
    return path


def as_tar(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in MEMBERS.items():
            told = tarfile.TarInfo(name)
            told.size = len(content)
            archive.addfile(told, io.BytesIO(content))
    return path


@pytest.mark.parametrize("pack", [as_zip, as_tar])
def test_what_is_in_an_archive_is_taken_in_and_the_rest_is_told(
    vault: tuple[Node, Path], pack: object
) -> None:
    node, folder = vault
    path = pack(folder / "export")  # type: ignore[operator]  # reason: one of the two above
    report = node.sources.import_paths([path])
    assert report.new == 3 + 3 + 4
    assert [each.name for each in report.files if each.error] == ["export/Takeout/readme.html"]
    again = node.sources.import_paths([path])
    assert (again.new, again.same) == (0, 10)
    (folder / "ways.gpx").write_bytes(GPX.content)
    assert node.sources.import_paths([folder / "ways.gpx"]).new == 0


def test_a_file_that_is_packed_by_itself_is_read(vault: tuple[Node, Path]) -> None:
    node, folder = vault
    (folder / "plans.ics.gz").write_bytes(gzip.compress(ICS.content))
    report = node.sources.import_paths([folder / "plans.ics.gz"])
    assert (report.new, report.files[0].name) == (4, "plans.ics.gz/plans.ics")


def test_archives_in_a_folder_that_is_left_in_place_are_looked_into(
    vault: tuple[Node, Path],
) -> None:
    node, folder = vault
    (folder / "all").mkdir()
    as_zip(folder / "all" / "takeout.zip")
    source = node.standing.add("all", "folder", {"place": str(folder / "all")}, mode="federate")
    asked = "SELECT id, name FROM trips ORDER BY ALL"
    there = node.records.query(asked).rows
    assert len(there) == 3
    node.standing.set_mode(source, "archive")
    assert node.records.query(asked).rows == there
