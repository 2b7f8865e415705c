"""Archives of strangers: names that lead away, links, bombs, doubles, damage."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.compute.readercell import ReaderCell
from sealhold.connectors import samples
from sealhold.connectors.archives import MOST
from sealhold.connectors.members import Member
from sealhold.model.errors import UnreadableSourceError

GPX = samples.gpx(2).content


@pytest.fixture(scope="module")
def cell() -> Iterator[ReaderCell]:
    with ReaderCell() as opened:
        yield opened


def zipped(path: Path, *names: str, content: bytes = GPX) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


@pytest.mark.threat("T396")
@pytest.mark.parametrize(
    "name", ["../way.gpx", "/etc/way.gpx", "a/../../way.gpx", "C:way.gpx", "..\\way.gpx"]
)
def test_an_archive_that_leads_out_of_itself_is_refused_whole(
    cell: ReaderCell, tmp_path: Path, name: str
) -> None:
    with pytest.raises(UnreadableSourceError, match="lead out of it"):
        cell.members(zipped(tmp_path / "a.zip", "fine.gpx", name))


@pytest.mark.threat("T396")
def test_an_archive_with_links_is_refused_whole(cell: ReaderCell, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("way.gpx")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        told = tarfile.TarInfo("way.gpx")
        told.type, told.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(told)
    for path in ("a.zip", "b.tar"):
        with pytest.raises(UnreadableSourceError, match="links in it"):
            cell.members(tmp_path / path)


@pytest.mark.threat("T397")
def test_a_bomb_is_left_out_before_it_is_read(cell: ReaderCell, tmp_path: Path) -> None:
    bomb = zipped(tmp_path / "a.zip", "zeros.jsonl", content=bytes(20_000_000))
    found = cell.members(bomb)
    assert found.entries == []
    assert [why for _, why in found.left] == ["more than 200 times larger than what it is made of"]


@pytest.mark.threat("T397")
def test_a_member_that_is_larger_than_it_says_ends_there(cell: ReaderCell, tmp_path: Path) -> None:
    whole = samples.jsonlines(5_000).content
    path = zipped(tmp_path / "a.zip", "rows.jsonl", content=whole)
    data = bytearray(path.read_bytes())
    for mark, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):  # where the size stands
        where = data.index(mark) + at
        data[where : where + 4] = (1_000).to_bytes(4, "little")
    path.write_bytes(data)
    member = Member.of(path, "rows.jsonl")
    with pytest.raises(UnreadableSourceError, match="damaged member"):
        list(cell.read(member, cell.detect(member).source, None))


@pytest.mark.threat("T397")
def test_an_archive_of_too_many_entries_is_refused(cell: ReaderCell, tmp_path: Path) -> None:
    block = tarfile.TarInfo("x").tobuf()
    (tmp_path / "a.tar").write_bytes(block * (MOST + 1) + bytes(1_024))
    with pytest.raises(UnreadableSourceError, match="entries"):
        cell.members(tmp_path / "a.tar")


@pytest.mark.threat("T396")
def test_what_cannot_be_read_is_named_with_its_reason(cell: ReaderCell, tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", "Way.gpx", "way.gpx", "other.gpx", "bad\x1bname.gpx")
    data = path.read_bytes()
    at = data.rindex(b"other.gpx") - 46
    path.write_bytes(data[: at + 8] + b"\x01" + data[at + 9 :])  # encrypted, says the directory
    found = cell.members(path)
    assert found.entries == []
    assert dict(found.left) == {
        "Way.gpx": "another has the same name",
        "way.gpx": "another has the same name",
        "other.gpx": "encrypted",
        "bad?name.gpx": "a name that cannot be shown",
    }


@pytest.mark.parametrize("cut", [30, 200, -40, -4])
def test_a_damaged_archive_costs_itself(cell: ReaderCell, tmp_path: Path, cut: int) -> None:
    path = zipped(tmp_path / "a.zip", "way.gpx")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(UnreadableSourceError):
        cell.members(path)
    good = zipped(tmp_path / "b.zip", "way.gpx")
    assert cell.detect(Member.of(good, cell.members(good).entries[0][0])).source == "gpx"


def test_a_member_that_breaks_costs_no_other(cell: ReaderCell, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as tar:
        for name, content in (("a.gpx", b"<gpx version='1.1'><trk>"), ("b.gpx", GPX)):
            told = tarfile.TarInfo(name)
            told.size = len(content)
            tar.addfile(told, io.BytesIO(content))
    broken, whole = (Member.of(tmp_path / "a.tar.gz", name) for name in ("a.gpx", "b.gpx"))
    cell.members(tmp_path / "a.tar.gz")
    with pytest.raises(UnreadableSourceError):
        list(cell.read(broken, cell.detect(broken).source, None))
    items = [i for p in cell.read(whole, cell.detect(whole).source, None) for i in p.batch.items]
    assert len(items) == 4
