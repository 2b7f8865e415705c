"""Hostile files, and frames of a captured parser: what they try."""

import io
from contextlib import suppress

import pytest

from sealhold.connectors.frames import (
    MAX_FRAME,
    Deframer,
    Portion,
    encode,
)
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.sources.mbox import Mbox
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.spec import SNIFF_BYTES, Batch, Item, Source, Why
from sealhold.model.errors import (
    InvalidEncodingError,
    UnreadableSourceError,
)

MAIL = b"From a@b Mon Jan  6 08:00:00 2025\n"
BOMB = b"""<?xml version="1.0"?>
<!DOCTYPE gpx [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">
<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;">]>
<gpx version="1.1"><wpt lat="1" lon="2"><name>&e;</name></wpt></gpx>"""
OUTSIDE = b"""<?xml version="1.0"?>
<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<gpx version="1.1"><wpt lat="1" lon="2"><name>&x;</name></wpt></gpx>"""


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
def test_a_header_of_a_mail_cannot_forge_another() -> None:
    mail = (
        b"From a@b Mon Jan  6 08:00:00 2025\nSubject: =?utf-8?q?x=0AFrom:_boss?=\nFrom: a@b\n\nhi\n"
    )

    (item,) = items_of(Mbox(), mail)

    assert item.fields["from"] == "a@b"
    assert "\n" not in item.fields["subject"]


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


@pytest.mark.threat("T21")
@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    ("source", "content"),
    [
        (Mbox(), b"From " + b"@ " * 1_000_000 + b"\n\n"),
        (Ofx(), b"\n" * 65_536),
        (Ofx(), b"OFXHEADER:100\n\n<OFX>" + b"<![CDATA[" * 200_000),
        (Ofx(), b"OFXHEADER:100\n\n<OFX>" + b"<A " * 200_000),
        (VCard(), b"BEGIN:VCARD\n" + b"quoted-printable" * 100_000 + b"=\nEND:VCARD\n"),
        (VCard(), b"BEGIN:VCARD\n" + b"X" * 1_000_000 + b"\nEND:VCARD\n"),
        (VCard(), b"BEGIN:VCARD\nNOTE:x" + b"\n y" * 300_000 + b"\nEND:VCARD\n"),
        (ICalendar(), b"BEGIN:VEVENT\n" * 20_000),
        (ICalendar(), b"BEGIN:VEVENT\nDTSTART;TZID=" + b"a/" * 500_000 + b":1\nEND:VEVENT\n"),
        (JsonLines(), b'{"a":' * 200_000),
        (JsonLines(), b'{"a": ' + b"9" * 1_000_000 + b"}\n"),
        (Csv(), b"a;b\n" + b'"' * 500_000),
        (Csv(), b"a;b\n" * 5 + b"1" * 900_000 + b";" + b"1," * 400_000 + b"\n"),
        (Gpx(), b'<gpx version="1.1"><trk><trkseg>' + b"<x/><trkpt/>" * 50_000),
        (Mbox(), MAIL + b"To: " + b"(" * 90_000 + b"\n\nx\n"),
        (Mbox(), MAIL + b"Subject: " + b"=?a?q?" * 16_000 + b"\n\nx\n"),
        (Mbox(), MAIL + b"Content-Type: text/html\n\na" + b"\x0c" * 500_000 + b"b\n"),
        (Mbox(), MAIL + b"Content-Type: text/html\n\n" + b"<" * 300_000 + b"\n"),
        (Mbox(), MAIL + b"Content-Type: text/plain;" + b" a=b;" * 20_000 + b"\n\nx\n"),
    ],
    ids=lambda value: getattr(value, "name", "") if not isinstance(value, bytes) else value[:30],
)
def test_no_text_makes_a_pattern_take_for_ever(source: Source, content: bytes) -> None:
    source.sniff(content[:SNIFF_BYTES], "file")

    with suppress(UnreadableSourceError):
        items_of(source, content)
