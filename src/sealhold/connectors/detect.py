"""Which connector reads a file: decided by its content; its name is a hint at most.

- Each source says how sure it is of the first 64 KiB; the surest wins, the first name among equals.
- A file that none knows is named for what it is, so that its owner knows what to do instead.

Source: docs/spec/18-connectors.md section 2.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sealhold.connectors.charset import is_text
from sealhold.connectors.spec import Guess, Source
from sealhold.model.errors import UnreadableSourceError

SURE_ENOUGH = 10  # below it a guess is none

_KINDS: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"II*\x00", "a TIFF picture"),
    (b"MM\x00*", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office document"),
    (b"\x7fELF", "a program"),
    (b"\xca\xfe\xba\xbe", "a program"),
    (b"{\\rtf", "an RTF document"),
)
_WORDLIKE: tuple[tuple[bytes, str], ...] = (  # a text may begin so, too
    (b"BZh", "a bzip2 archive"),
    (b"GIF8", "a GIF picture"),
    (b"MZ", "a program"),
    (b"ID3", "an MP3 recording"),
    (b"OggS", "an Ogg recording"),
    (b"fLaC", "a FLAC recording"),
)
_LATER: tuple[tuple[int, bytes, str], ...] = (
    (4, b"ftypheic", "a HEIC picture"),
    (4, b"ftypmif1", "a HEIC picture"),
    (4, b"ftyp", "an MP4 film"),
    (8, b"WEBP", "a WebP picture"),
    (8, b"WAVE", "a WAV recording"),
    (8, b"AVI ", "an AVI film"),
    (257, b"ustar", "a tar archive"),
    (8, b".FIT", "a FIT recording"),
)
_TEXTS: tuple[tuple[bytes, str], ...] = (
    (b"<!doctype html", "a web page"),
    (b"<html", "a web page"),
    (b"<?xml", "an XML document of no known kind"),
    (b"<", "a document with markup of no known kind"),
    (b"[", "a JSON document that is one list"),
    (b"{", "a JSON document of more than one line"),
)


@dataclass(frozen=True, slots=True)
class Detected:
    """Which source reads a file, and what that source found."""

    source: Source
    guess: Guess


def detect(head: bytes, file_name: str, sources: Sequence[Source]) -> Detected:
    """Return the source that is surest of a file that begins with `head`.

    Raises:
        UnreadableSourceError: none is; says what the file is instead, and what can be read.
    """
    guesses = [(source, source.sniff(head, file_name)) for source in sources]
    best = max(guesses, key=lambda pair: pair[1].sure, default=None)
    if best is None or best[1].sure < SURE_ENOUGH:
        raise UnreadableSourceError(f"{kind_of(head)}; {readable(sources)} can be read")
    return Detected(*best)


def readable(sources: Iterable[Source]) -> str:
    """Return the names of the sources as a list in words."""
    return ", ".join(sorted(source.name for source in sources)) or "nothing"


def kind_of(head: bytes) -> str:
    """Return what a file is that no connector reads, as far as its beginning tells."""
    if not head:
        return "an empty file"
    magic = magic_of(head)
    if magic is not None:
        return magic
    if not is_text(head):
        return "a binary file of no known kind"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    if not start:
        return "a file of empty lines"
    return next((kind for magic, kind in _TEXTS if start.startswith(magic)), "plain text")


def magic_of(head: bytes) -> str | None:
    """Return what a file is whose first bytes are the mark of a known kind that is no text."""
    for magic, kind in _KINDS if is_text(head) else (*_KINDS, *_WORDLIKE):
        if head.startswith(magic):
            return kind
    for offset, magic, kind in _LATER:
        if head[offset : offset + len(magic)] == magic:
            return kind
    return None
