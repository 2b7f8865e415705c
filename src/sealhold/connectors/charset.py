"""Which characters the bytes of a text file mean: proven, or said to be assumed.

- A byte order mark proves UTF-8 or UTF-16. Bytes that are UTF-8 throughout prove UTF-8.
- All else is assumed to be Windows-1252, and who assumes keeps the bytes beside the text.

Source: docs/spec/18-connectors.md section 7.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

UTF8 = "utf-8"
UTF16 = "utf-16"
ASSUMED = "cp1252"

MAX_LINE = 8_388_608  # bytes; a line of a text format that is longer is not read
_CHUNK = 65_536
_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
_SOME_CONTROLS = 4  # in the shortest text
_FEW_CONTROLS = 0.02  # share of a text's bytes; compressed data has 0.1
_NAMES = re.compile(
    r"(?:utf-?(?:8|16|32)|iso-?8859|iso-?2022|windows-?\d|cp-?\d|us-ascii$|ascii$|latin|koi8|gb|big5"
    r"|euc|shift_jis|sjis|ks_c|mac-?roman|tis-?620)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Charset:
    """The charset of a file, and how many bytes at its beginning are a mark."""

    name: str
    mark: int
    is_proven: bool


def marked(head: bytes) -> Charset | None:
    """Return the charset that a byte order mark proves, or None without one."""
    if head.startswith(codecs.BOM_UTF8):
        return Charset(UTF8, 3, is_proven=True)
    if head.startswith(codecs.BOM_UTF16_LE):
        return Charset("utf-16-le", 2, is_proven=True)
    if head.startswith(codecs.BOM_UTF16_BE):
        return Charset("utf-16-be", 2, is_proven=True)
    return None


def charset_of(file: BinaryIO) -> Charset:
    """Return the charset of a whole file, which is left at its beginning."""
    file.seek(0)
    found = marked(file.read(4))
    file.seek(0)
    if found is not None:
        return found
    decode = codecs.getincrementaldecoder(UTF8)().decode
    try:
        while chunk := file.read(_CHUNK):
            decode(chunk)
        decode(b"", final=True)
    except UnicodeDecodeError:
        return Charset(ASSUMED, 0, is_proven=False)
    finally:
        file.seek(0)
    return Charset(UTF8, 0, is_proven=True)


def is_text(head: bytes) -> bool:
    """Whether the beginning of a file is text: it may hold a control character, not many."""
    if marked(head) is not None:
        return True
    some = head[:4096]
    return sum(map(some.count, _CONTROLS)) <= _SOME_CONTROLS + _FEW_CONTROLS * len(some)


def head_text(head: bytes) -> str:
    """Return the beginning of a file as text, good enough to look for what it is."""
    found = marked(head)
    if found is None:
        return head.decode(UTF8, "replace")
    return head[found.mark :].decode(found.name, "replace")


def lines_of(file: BinaryIO, charset: Charset) -> Iterator[str]:
    """Yield the lines of a file from its beginning, with their ends, in bounded pieces.

    A byte that the charset lacks becomes U+FFFD; a line over MAX_LINE comes in pieces.
    """
    file.seek(charset.mark)
    if charset.name.startswith(UTF16):
        decoder = codecs.getincrementaldecoder(charset.name)("replace")
        yield from _split(file, decoder)
        return
    while line := file.readline(MAX_LINE):
        yield line.decode(charset.name, "replace")


def _split(file: BinaryIO, decoder: codecs.IncrementalDecoder) -> Iterator[str]:
    rest = ""
    while chunk := file.read(_CHUNK):
        rest += decoder.decode(chunk)
        *whole, rest = rest.split("\n")
        yield from (line + "\n" for line in whole)
        if len(rest) > MAX_LINE:
            yield rest
            rest = ""
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def decode_named(data: bytes, name: str | None) -> str:
    """Return the text of bytes whose charset is named beside them, as mails and cards do.

    A name that no text has (`zip`, `idna`) or that does not fit gives UTF-8, else what is assumed.
    """
    tried = [name] if name and _NAMES.match(name) else []
    for charset in [*tried, UTF8]:
        try:
            return data.decode(charset)
        except (LookupError, UnicodeDecodeError):
            continue
    return data.decode(ASSUMED, "replace")
