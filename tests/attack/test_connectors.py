"""Hostile files and captured parsers: what they try, in the real cell."""

import ctypes
import io
import os
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, ClassVar

import pytest

from sealhold.compute.readercell import ReaderCell
from sealhold.compute.readerworker import serve
from sealhold.connectors.frames import MAX_FRAME, Deframer, Portion, encode
from sealhold.connectors.samples import SAMPLES
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.sources.mbox import Mbox
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.spec import Batch, Guess, Item, Source, Why
from sealhold.model.errors import InvalidEncodingError, UnreadableSourceError
from sealhold.model.records import Dataset

Deed = Callable[[], object]

BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;">]>
<gpx version="1.1"><wpt lat="1" lon="2"><name>&e;</name></wpt></gpx>"""
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<gpx version="1.1"><wpt lat="1" lon="2"><name>&x;</name></wpt></gpx>"""


class Captured:
    """A connector that an attacker took over: it does a deed and tells how it went."""

    name: ClassVar[str] = "captured"
    version: ClassVar[str] = "1"
    datasets: ClassVar[tuple[Dataset, ...]] = ()

    def __init__(self, deed: Deed) -> None:
        self._deed = deed

    def sniff(self, head: bytes, file_name: str) -> Guess:
        del head, file_name
        return Guess(sure=100, what="captured")

    def read(self, file: BinaryIO, file_name: str, cursor: str | None) -> Iterator[Batch]:
        del file_name, cursor
        file.read()
        try:
            said = f"done: {self._deed()}"
        except OSError as err:
            said = f"refused: {type(err).__name__}"
        item = Item(dataset="x", fields={"said": said}, raw=None, original_id=None, position="1")
        yield Batch(items=[item], rejects=[], cursor="")


def forked(*sources: Source) -> Callable[[socket.socket], Callable[[], None]]:
    """Return what starts the real server, in a fork of this process, with these sources."""

    def launch(orders: socket.socket) -> Callable[[], None]:
        pid = os.fork()
        if pid == 0:
            try:
                for descriptor in range(3, 256):
                    if descriptor != orders.fileno():
                        try:
                            os.close(descriptor)
                        except OSError:
                            continue
                serve(orders, sources)
            finally:
                os._exit(0)

        def wait() -> None:
            os.waitpid(pid, 0)

        return wait

    return launch


def said_in_the_cell(tmp_path: Path, deed: Deed) -> str:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with ReaderCell(launch=forked(Captured(deed)), patience=20) as cell:
        (portion,) = list(cell.read(path, "captured", None))
    return str(portion.batch.items[0].fields["said"])


def items_of(source: Source, content: bytes) -> list[Item]:
    batches = source.read(io.BytesIO(content), "file", None)
    return [item for batch in batches for item in batch.items]


@pytest.mark.threat("T20")
@pytest.mark.parametrize("content", [BOMB, OUTSIDE, BOMB.decode().encode("utf-16")])
def test_xml_that_declares_entities_is_refused_before_any_is_expanded(content: bytes) -> None:
    with pytest.raises(UnreadableSourceError, match="document type"):
        items_of(Gpx(), content)


@pytest.mark.threat("T20")
def test_a_declaration_behind_a_long_comment_is_refused_too() -> None:
    late = BOMB.replace(b"<!DOCTYPE", b"<!--" + b"x" * 300_000 + b"--><!DOCTYPE")

    with pytest.raises(UnreadableSourceError, match="document type"):
        items_of(Gpx(), late)


@pytest.mark.threat("T20")
def test_a_statement_that_declares_entities_is_refused() -> None:
    content = b"OFXHEADER:100\n\n<!DOCTYPE OFX [<!ENTITY a 'b'>]><OFX>&a;</OFX>"

    with pytest.raises(UnreadableSourceError, match="document type"):
        items_of(Ofx(), content)


@pytest.mark.threat("T20")
def test_xml_nested_without_end_is_refused() -> None:
    with pytest.raises(UnreadableSourceError, match="too deep"):
        items_of(Gpx(), b'<gpx version="1.1"><wpt lat="1" lon="2">' + b"<a>" * 100_000)


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "deed",
    [
        lambda: ctypes.string_at(0),
        lambda: os._exit(0),
        lambda: bytearray(3 << 30),
        lambda: [bytearray(1 << 24) for _ in range(1000)],
        lambda: (_ for _ in ()).throw(RuntimeError("private words")),
    ],
    ids=["crash", "exit", "one huge block", "many blocks", "an error"],
)
def test_a_parser_that_breaks_costs_its_own_file_only(tmp_path: Path, deed: Deed) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good.csv"
    bad.write_bytes(b"x")
    good.write_bytes(SAMPLES["csv"](5).content)

    with ReaderCell(launch=forked(Captured(deed), Csv()), patience=20) as cell:
        with pytest.raises(UnreadableSourceError) as told:
            list(cell.read(bad, "captured", None))
        portions = list(cell.read(good, "csv", None))

    assert "private" not in str(told.value)
    assert sum(len(portion.batch.items) for portion in portions) == 5


@pytest.mark.threat("T21")
def test_a_parser_that_hangs_is_stopped_and_the_next_file_is_read(tmp_path: Path) -> None:
    bad, good = tmp_path / "bad", tmp_path / "good.csv"
    bad.write_bytes(b"x")
    good.write_bytes(SAMPLES["csv"](5).content)
    began = time.monotonic()

    with ReaderCell(launch=forked(Captured(_for_ever), Csv()), patience=0.5) as cell:
        with pytest.raises(UnreadableSourceError, match="no sign of life"):
            list(cell.read(bad, "captured", None))
        assert list(cell.read(good, "csv", None))

    assert time.monotonic() - began < 15


def _for_ever() -> None:
    while True:
        time.sleep(0.01)


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "sent",
    [
        (MAX_FRAME + 1).to_bytes(4, "big"),
        b"\xff\xff\xff\xff" + b"x" * 100,
        b"\x00\x00\x00\x01\xc1",
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x05hello",
        b"\x00\x00\x10\x00" + b"\x91" * 4096,
        b"\x00\x00\x00\x0c\x92\xa6broken\xa3\x1b[2",
    ],
    ids=["long", "longer", "no msgpack", "empty", "no frame", "nested", "terminal"],
)
def test_a_frame_that_no_honest_reader_sends_is_refused(sent: bytes) -> None:
    with pytest.raises(InvalidEncodingError):
        list(Deframer().feed(sent))


@pytest.mark.threat("T21")
@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 1 << 63, {1: 2}, [[{2: "x"}]]], ids=repr
)
def test_a_value_that_is_not_plain_does_not_leave_the_cell(value: object) -> None:
    item = Item(dataset="x", fields={"v": value}, raw=None, original_id=None, position="1")
    sent = encode(Portion(Batch(items=[item], rejects=[], cursor=""), 0))

    with pytest.raises(InvalidEncodingError):
        list(Deframer().feed(sent))


EVIL = ["=cmd|' /C calc'!A0", "@SUM(1)", "\x1b[2J\x1b]0;x\x07", "a\u202egnp.exe", "-2+3", "a\x00b"]


@pytest.mark.threat("T22")
@pytest.mark.parametrize("evil", EVIL, ids=repr)
def test_formulas_and_control_characters_stay_the_text_they_are(evil: str) -> None:
    quoted = evil.replace('"', '""')
    table = items_of(Csv(), f'name,note\nx,"{quoted}"\ny,z\nw,v\n'.encode())
    card = items_of(VCard(), f"BEGIN:VCARD\r\nFN:{evil}\r\nEND:VCARD\r\n".encode())

    assert table[0].fields["cells"]["note"] == evil
    assert card[0].fields["name"] == evil


@pytest.mark.threat("T22")
def test_a_header_of_a_mail_cannot_forge_another(tmp_path: Path) -> None:
    del tmp_path
    mail = (
        b"From a@b Mon Jan  6 08:00:00 2025\nSubject: =?utf-8?q?x=0AFrom:_boss?=\nFrom: a@b\n\nhi\n"
    )

    (item,) = items_of(Mbox(), mail)

    assert item.fields["from"] == "a@b"
    assert "\n" not in item.fields["subject"]


@pytest.mark.threat("T22")
def test_what_is_told_of_a_broken_file_cannot_move_the_cursor(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")

    def deed() -> None:
        raise UnreadableSourceError("\x1b[2Jgone\r\n")

    with (
        ReaderCell(launch=forked(Captured(deed)), patience=20) as cell,
        pytest.raises(UnreadableSourceError) as told,
    ):
        list(cell.read(path, "captured", None))

    assert str(told.value).isprintable()


@pytest.mark.threat("T23")
def test_an_archive_is_named_and_never_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.csv"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", b"a,b\n" * 1_000_000)

    with ReaderCell() as cell, pytest.raises(UnreadableSourceError, match="ZIP archive"):
        cell.detect(path)


@pytest.mark.threat("T23")
def test_an_open_quote_does_not_swallow_the_file() -> None:
    table = b"a,b\n1,2\n1,2\n1,2\n" + b'1,"' + b"x" * 3_000_000 + b"\n" + b"3,4\n" * 20
    batches = list(Csv().read(io.BytesIO(table), "file", None))

    rejects = [reject for batch in batches for reject in batch.rejects]
    assert rejects
    assert all(reject.why is Why.MALFORMED for reject in rejects)


@pytest.mark.threat("T23")
@pytest.mark.parametrize(
    ("source", "content"),
    [
        (JsonLines(), b'{"a": "' + b"x" * 9_000_000 + b'"}\n{"a": 1}\n'),
        (VCard(), b"BEGIN:VCARD\nNOTE:" + b"x" * 9_000_000 + b"\nEND:VCARD\n"),
    ],
    ids=["a line", "a card"],
)
def test_an_item_over_its_limit_is_told_and_skipped(source: Source, content: bytes) -> None:
    batches = list(source.read(io.BytesIO(content), "file", None))

    rejects = [reject for batch in batches for reject in batch.rejects]
    assert [reject.why for reject in rejects] == [Why.TOO_LARGE]
    assert len(rejects[0].raw) <= 4096


@pytest.mark.threat("T23")
def test_an_attachment_over_its_limit_is_told_and_its_mail_is_kept() -> None:
    large = b"QUJD" * 5_000_000
    content = (
        b"From a@b Mon Jan  6 08:00:00 2025\nSubject: big\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain\n\nhi\n'
        b'--b\nContent-Type: application/zip; name="a.zip"\nContent-Transfer-Encoding: base64\n\n'
        + large
        + b"\n--b--\n"
    )

    (batch,) = list(Mbox().read(io.BytesIO(content), "file", None))

    assert batch.items[0].fields["attachments"] == [
        ["2", "a.zip", "application/zip", 15_000_000, False]
    ]
    assert [reject.why for reject in batch.rejects] == [Why.TOO_LARGE]


@pytest.mark.threat("T24")
@pytest.mark.parametrize(
    "deed",
    [
        socket.socket,
        lambda: socket.socket(socket.AF_UNIX),
        lambda: socket.create_connection(("127.0.0.1", 80), 1),
        lambda: Path("/etc/passwd").read_bytes(),
        lambda: os.listdir("/"),  # noqa: PTH208 - the call itself is tried
        lambda: Path("/tmp/out").write_bytes(b"x"),
        lambda: os.open(__file__, os.O_RDWR),
        lambda: Path("/proc/self/environ").read_bytes(),
        os.fork,
        lambda: os.execv("/bin/true", ["true"]),
        lambda: os.kill(os.getppid(), 0),
    ],
    ids=[
        "internet socket", "local socket", "connection", "a file", "a folder", "a new file",
        "a file to write", "the environment", "a process", "a program", "a signal",
    ],
)  # fmt: skip
def test_a_connector_in_the_cell_opens_reaches_and_starts_nothing(
    tmp_path: Path, deed: Deed
) -> None:
    assert said_in_the_cell(tmp_path, deed).startswith("refused")


@pytest.mark.threat("T24")
def test_a_connector_in_the_cell_holds_only_its_file_and_its_way_out(tmp_path: Path) -> None:
    def open_ones() -> list[int]:
        found = []
        for descriptor in range(64):
            try:
                os.fstat(descriptor)
            except OSError:
                continue
            found.append(descriptor)
        return found

    said = said_in_the_cell(tmp_path, open_ones)

    assert len(said.removeprefix("done: [").split(",")) <= 5  # null thrice, the file, the socket
