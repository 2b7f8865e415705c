"""What a file has in it that whoever looks at it does not see, by its form alone.

- Nothing is unpacked but the texts of a document, up to a bound; nothing is drawn or run.
- What has another form than these is not looked through, and nothing is said of it.

Source: docs/spec/53-link-shares.md section 6.
"""

import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final
from zipfile import BadZipFile, ZipFile

METADATA, COMMENTS, CHANGES = "metadata", "comments", "deleted text"
MOST: Final = 33_554_432  # bytes of a file that are looked through
MOST_TEXT: Final = 8_388_608  # bytes of a document's text, unpacked
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_TEXTS: Final = {b"tEXt", b"zTXt", b"iTXt", b"eXIf"}
_WORDS: Final = ("word/document.xml", "content.xml")
_MADE: Final = {"docProps/core.xml", "docProps/app.xml", "meta.xml"}
_COMMENTS: Final = ("word/comments", "xl/comments", "ppt/comments")
_DELETED: Final = (b"<w:del ", b"<w:ins ", b"<text:tracked-changes")


def hidden_in(data: bytes) -> frozenset[str]:
    """Return what is hidden in a file whose first `MOST` bytes these are."""
    if data.startswith(b"\xff\xd8\xff"):
        return frozenset({METADATA} if any(_jpeg_notes(data)) else ())
    if data.startswith(_PNG):
        return frozenset({METADATA} if _PNG_TEXTS & set(_png_kinds(data)) else ())
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return frozenset({METADATA} if b"EXIF" in data or b"XMP " in data else ())
    if data.startswith(b"PK\x03\x04"):
        return _document(data)
    if data.startswith(b"%PDF-"):
        return frozenset(_pdf(data))
    return frozenset()


def _jpeg_notes(data: bytes) -> Iterator[bool]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:  # noqa: PLR2004  # reason: marker, start of scan
        length = int.from_bytes(data[at + 2 : at + 4])
        is_app = 0xE1 <= data[at + 1] <= 0xEF and data[at + 1] not in {0xE2, 0xEE}  # noqa: PLR2004  # reason: APP1 to APP15, without colours
        yield is_app or data[at + 1] == 0xFE  # noqa: PLR2004  # reason: a comment
        at += 2 + max(2, length)


def _png_kinds(data: bytes) -> Iterator[bytes]:
    at = len(_PNG)
    while at + 8 <= len(data):
        yield data[at + 4 : at + 8]
        at += 12 + int.from_bytes(data[at : at + 4])


def _document(data: bytes) -> frozenset[str]:
    found = set[str]()
    try:
        with ZipFile(BytesIO(data)) as parts:
            names = parts.namelist()
            if _MADE & set(names):
                found.add(METADATA)
            if any(name.startswith(_COMMENTS) for name in names):
                found.add(COMMENTS)
            for name in _WORDS:
                if name in names:
                    with parts.open(name) as part:
                        text = part.read(MOST_TEXT)
                    found |= {CHANGES} if any(each in text for each in _DELETED) else set()
    except (BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
        return frozenset(found)
    return frozenset(found)


def _pdf(data: bytes) -> Iterator[str]:
    if any(each in data for each in (b"/Author", b"/Creator", b"<x:xmpmeta")):
        yield METADATA
    if b"/Subtype/Text" in data or b"/Subtype /Text" in data:
        yield COMMENTS
