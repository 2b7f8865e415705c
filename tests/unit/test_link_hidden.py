"""What is hidden in a file is found by its form, and what has none of these forms is left alone."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from sealhold.sharing.links.hidden import CHANGES, COMMENTS, METADATA, hidden_in

JFIF = b"\xff\xd8\xff\xe0\x00\x04JF"
SCAN = b"\xff\xda\x00\x02"


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    told = b"".join(
        bytes([0xFF, kind]) + (len(data) + 2).to_bytes(2) + data for kind, data in segments
    )
    return JFIF + told + SCAN


def png(*kinds: bytes) -> bytes:
    chunks = b"".join(b"\0\0\0\4" + kind + b"datacrc4" for kind in kinds)
    return b"\x89PNG\r\n\x1a\n" + chunks


def office(**parts: bytes) -> bytes:
    held = BytesIO()
    with ZipFile(held, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), data)
    return held.getvalue()


WORDS = b"<w:document><w:p/></w:document>"


@pytest.mark.parametrize(
    ("data", "found"),
    [
        pytest.param(jpeg(), set(), id="a bare JPEG"),
        pytest.param(jpeg((0xE2, b"ICC_PROFILE")), set(), id="a JPEG with colours"),
        pytest.param(jpeg((0xE1, b"Exif\0\0GPS")), {METADATA}, id="a JPEG with Exif"),
        pytest.param(jpeg((0xFE, b"made by Ada")), {METADATA}, id="a JPEG with a comment"),
        pytest.param(JFIF + b"\xff\xe1\xff", set(), id="a JPEG that is cut"),
        pytest.param(png(b"IHDR", b"IDAT", b"IEND"), set(), id="a bare PNG"),
        pytest.param(png(b"IHDR", b"eXIf", b"IDAT"), {METADATA}, id="a PNG with Exif"),
        pytest.param(png(b"IHDR", b"tEXt"), {METADATA}, id="a PNG with a text"),
        pytest.param(b"RIFF1234WEBPVP8X" + b"EXIF", {METADATA}, id="a WebP with Exif"),
        pytest.param(b"RIFF1234WEBPVP8 ", set(), id="a bare WebP"),
        pytest.param(office(word__document_xml=WORDS), set(), id="a bare document"),
        pytest.param(
            office(word__document_xml=WORDS + b"<w:del w:id='1'>no</w:del>"),
            {CHANGES},
            id="a document with deleted text",
        ),
        pytest.param(
            office(word__document_xml=WORDS, word__comments_xml=b"", docProps__core_xml=b""),
            {COMMENTS, METADATA},
            id="a document with comments",
        ),
        pytest.param(
            office(content_xml=b"<text:tracked-changes>"), {CHANGES}, id="another office's"
        ),
        pytest.param(b"PK\x03\x04 and no archive", set(), id="no archive"),
        pytest.param(b"%PDF-1.7 /Author (Ada) /Subtype /Text", {COMMENTS, METADATA}, id="a PDF"),
        pytest.param(b"%PDF-1.7", set(), id="a bare PDF"),
        pytest.param(b"just /Author text", set(), id="a text"),
        pytest.param(b"", set(), id="nothing"),
    ],
)
def test_what_is_hidden_is_found_by_its_form(data: bytes, found: set[str]) -> None:
    assert hidden_in(data) == found
