"""Archives of strangers: names that lead away, links, bombs, doubles, damage."""

import gzip
import io
import random
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealhold.compute.readercell import ReaderCell
from sealhold.connectors import archives, samples
from sealhold.connectors.archives import MOST, Nest
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


# --- archives within archives ---


def boxed(*members: tuple[str, bytes]) -> bytes:
    """Return a zip archive of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def tarred(*members: tuple[str, bytes]) -> bytes:
    """Return a packed tar archive of these members."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members:
            told = tarfile.TarInfo(name)
            told.size = len(content)
            archive.addfile(told, io.BytesIO(content))
    return file.getvalue()


def nest(*members: tuple[str, bytes]) -> Nest:
    return Nest(io.BytesIO(boxed(*members)), "outer.zip")


def test_an_archive_in_an_archive_is_looked_into_one_level_deep(
    cell: ReaderCell, tmp_path: Path
) -> None:
    inner = tarred(("b.gpx", GPX), ("deep.zip", boxed(("c.gpx", GPX))))
    (tmp_path / "a.zip").write_bytes(
        boxed(
            ("one.zip", boxed(("a.gpx", GPX))), ("in/two.tar.gz", inner), ("own.gpx.gz", pack(GPX))
        )
    )

    found = cell.members(tmp_path / "a.zip")

    names = [name for name, _size in found.entries]
    assert names == [
        "one.zip/a.gpx", "in/two.tar.gz/b.gpx", "in/two.tar.gz/deep.zip", "own.gpx.gz/own.gpx",
    ]  # fmt: skip
    assert found.left == []
    paths = {name: Member.of(tmp_path / "a.zip", name) for name in names}
    with pytest.raises(UnreadableSourceError, match="a ZIP archive"):
        cell.detect(paths.pop("in/two.tar.gz/deep.zip"))
    for path in paths.values():
        source = cell.detect(path).source
        items = [item for part in cell.read(path, source, None) for item in part.batch.items]
        assert (source, len(items)) == ("gpx", 4)


def test_a_member_that_only_bears_the_name_of_an_archive_is_itself() -> None:
    found = nest(("notes.zip", b"not one"), ("book.epub", boxed(("a.gpx", GPX)))).listing()

    assert [entry.name for entry in found.entries] == ["notes.zip", "book.epub"]


@pytest.mark.threat("T439")
def test_a_bomb_of_bombs_is_left_out_before_it_is_read() -> None:
    zeros = bytes(9_000_000)  # small enough for any ratio, by itself
    bomb = boxed(*((f"{n}.jsonl", zeros) for n in range(3)))
    outer = nest(("bomb.zip", bomb), ("packed.tgz", tarred(("a.jsonl", bytes(30_000_000)))))

    found = outer.listing()

    assert found.entries == []
    assert [left.name for left in found.left] == ["bomb.zip", "packed.tgz"]
    assert all("archive of more than" in left.why for left in found.left)


@pytest.mark.threat("T439")
def test_a_packed_archive_of_archives_is_not_begun_anew_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rewinds: list[int] = []
    begin_anew = gzip._GzipReader._rewind  # type: ignore[attr-defined]  # reason: its types lack it

    def counted(reader: gzip._GzipReader) -> None:
        rewinds.append(1)
        begin_anew(reader)

    monkeypatch.setattr(gzip._GzipReader, "_rewind", counted)
    noise = random.Random(5).randbytes(40_000)
    inner = [(f"{n}.zip", boxed(("a.gpx", GPX), ("noise", noise))) for n in range(20)]

    outer = Nest(io.BytesIO(tarred(*inner)), "outer.tar.gz")
    found = outer.listing().entries
    for entry in found:
        outer.open(entry.name).read()

    assert len(found) == 40
    assert len(rewinds) <= 4


@pytest.mark.threat("T439")
def test_a_packed_file_within_an_archive_ends_at_what_its_bytes_allow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "SMALL", 1_000)
    content = random.Random(5).randbytes(2_000) + bytes(5_000_000)
    outer = nest(("zeros.jsonl.gz", pack(content)))
    member = outer.open(outer.listing().entries[0].name)

    with pytest.raises(UnreadableSourceError, match="larger than it says"):
        member.read()


@pytest.mark.threat("T439")
def test_bounds_hold_for_all_that_lies_in_archives_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = [(f"{n}.zip", boxed(("a.gpx", GPX), ("b.gpx", GPX))) for n in range(3)]
    monkeypatch.setattr(archives, "MOST_WITHIN", 2)
    found = nest(*many).listing()
    assert [(left.name, left.why) for left in found.left] == [
        ("2.zip", "more than 2 archives in one")
    ]

    monkeypatch.setattr(archives, "MOST", 3)
    with pytest.raises(UnreadableSourceError, match="hold too much"):
        nest(*many).listing()


@pytest.mark.threat("T439")
def test_an_archive_that_is_too_large_to_be_held_is_left_out_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "MOST_HELD", 512)

    inner = boxed(("a.gpx", GPX), ("noise", random.Random(5).randbytes(1_000)))
    found = nest(("a.zip", inner), ("b.gpx", GPX)).listing()

    assert [entry.name for entry in found.entries] == ["b.gpx"]
    assert [(left.name, left.why) for left in found.left] == [
        ("a.zip", "an archive in an archive of over 512 bytes")
    ]


@pytest.mark.threat("T439")
@pytest.mark.parametrize(
    ("inner", "why"),
    [
        (boxed(("../way.gpx", GPX)), "lead out of it"),
        (boxed(("way.gpx", GPX))[:90], "damaged archive"),
        (tarred(), "nothing in it"),
        (boxed(("n" * 298 + ".gpx", GPX)), "cannot be shown"),
        (boxed(("n" * 290 + ".gpx", GPX)), "too long"),
    ],
    ids=["leads away", "cut off", "empty", "long", "long with its archive's"],
)
def test_an_archive_within_that_is_none_of_honest_ones_costs_itself(inner: bytes, why: str) -> None:
    found = nest(("inner.zip", inner), ("b.gpx", GPX)).listing()

    assert [entry.name for entry in found.entries] == ["b.gpx"]
    assert [why in left.why for left in found.left] == [True]


def pack(content: bytes) -> bytes:
    return gzip.compress(content)
