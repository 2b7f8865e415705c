"""Choosing a source by content, and naming what none reads."""

import pytest

from sealhold.connectors.detect import detect, kind_of
from sealhold.connectors.samples import SAMPLES
from sealhold.connectors.sources.csv import Csv
from sealhold.connectors.sources.gpx import Gpx
from sealhold.connectors.sources.icalendar import ICalendar
from sealhold.connectors.sources.jsonlines import JsonLines
from sealhold.connectors.sources.mbox import Mbox
from sealhold.connectors.sources.ofx import Ofx
from sealhold.connectors.sources.vcard import VCard
from sealhold.connectors.spec import Source
from sealhold.model.errors import UnreadableSourceError

EVERY: list[Source] = [Csv(), Gpx(), ICalendar(), JsonLines(), Mbox(), Ofx(), VCard()]


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"", "an empty file"),
        (b"  \n\n", "a file of empty lines"),
        (b"PK\x03\x04" + bytes(30), "a ZIP archive"),
        (b"\x1f\x8b\x08" + bytes(30), "a gzip archive"),
        (b"\xff\xd8\xff\xe0" + bytes(30), "a JPEG picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(30), "a PNG picture"),
        (bytes(4) + b"ftypheic" + bytes(30), "a HEIC picture"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"SQLite format 3\x00", "an SQLite database"),
        (b"MZ" + bytes(60), "a program"),
        (bytes(257) + b"ustar\x0000", "a tar archive"),
        (bytes(range(256)), "a binary file of no known kind"),
        (b"<!DOCTYPE html><p>Log in", "a web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><osm/>", "an XML document of no known kind"),
        (b'[{"a": 1}]', "a JSON document that is one list"),
        (b'{\n "a": 1\n}', "a JSON document of more than one line"),
        (b"Dear Ann,\nhow are you?\n", "plain text"),
    ],
)
def test_a_file_that_nobody_reads_is_named_for_what_it_is(head: bytes, kind: str) -> None:
    assert kind_of(head) == kind
    with pytest.raises(UnreadableSourceError, match=kind):
        detect(head, "file", EVERY)


def test_the_refusal_says_what_can_be_read() -> None:
    with pytest.raises(UnreadableSourceError, match=r"csv, gpx, icalendar.*can be read"):
        detect(b"\x00", "file", EVERY)


def test_without_any_source_nothing_can_be_read() -> None:
    with pytest.raises(UnreadableSourceError, match="nothing can be read"):
        detect(SAMPLES["csv"](3).content, "file", [])


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("gpx", "GPX 1.1"),
        ("csv", "CSV, 7 columns, semicolon"),
        ("vcard", "vCard 4.0"),
        ("ofx", "OFX 1.0.2"),
        ("icalendar", "iCalendar"),
        ("mbox", "mbox"),
        ("jsonlines", "JSON lines"),
    ],
)
def test_what_was_found_is_said_in_words(name: str, what: str) -> None:
    sample = SAMPLES[name](5)

    assert detect(sample.content, "file", EVERY).guess.what == what


@pytest.mark.parametrize(
    "page", [b"<html>\na,b\nc,d\ne,f\n", b'{\n"a": 1,\n"b": 2,\n"c": 3,\n"d": 4\n}\n']
)
def test_lines_with_commas_make_no_table_of_a_web_page_or_document(page: bytes) -> None:
    assert Csv().sniff(page, "export.csv").sure == 0


def test_a_table_whose_first_words_look_like_a_programs_mark_is_a_table() -> None:
    assert detect(b"MZ,n\na,1\nb,2\nc,3\n", "x.csv", EVERY).source.name == "csv"


def test_a_small_table_needs_its_name_to_be_one() -> None:
    assert Csv().sniff(b"a,b\n1,2\n", "a.csv").sure
    assert not Csv().sniff(b"Hello, world\n", "letter").sure
