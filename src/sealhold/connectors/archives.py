"""Files within archives, read as they lie there: zip, tar in its compressions, and gzip.

- Nothing is unpacked: what is asked for is a stream over the archive, which can be gone back in.
- An archive whose names lead out of it, or to a place of the machine, is refused whole; what only
  cannot be read is left out, with its name and the reason.
- What a member says of its size is a bound, not a promise: beyond it the reading ends.
- This runs where connectors run: in the jail.

Source: docs/spec/45-staging.md section 1.
"""

import bz2
import gzip
import lzma
import re
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader, RawIOBase
from typing import BinaryIO, Final, NamedTuple

from sealhold.model.errors import UnreadableSourceError

MOST: Final = 200_000  # entries
RATIO: Final = 200  # a member may be so many times larger than what it is made of
SMALL: Final = 10_000_000  # bytes; a smaller one may be of any ratio
LARGEST: Final = 64_000_000_000  # bytes of all members together
NAME: Final = 300  # characters
HEAD: Final = 512  # bytes that tell an archive

_LINK, _FILE = 0o12, 0o10  # types of files of Unix
_DRIVE = re.compile(r"[A-Za-z]:")
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    NotImplementedError,  # a compression that the library does not have
    RuntimeError,  # likewise an encryption
    UnicodeDecodeError,
)


class Entry(NamedTuple):
    """A file in an archive."""

    name: str
    size: int  # bytes, as the archive says


class Left(NamedTuple):
    """Something in an archive that is not read."""

    name: str
    why: str


class Listing(NamedTuple):
    """What an archive holds."""

    entries: list[Entry]
    left: list[Left]


def is_archive(head: bytes) -> bool:
    """Return whether a file that begins with `head` (512 bytes) is an archive."""
    magics = (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")
    return head.startswith(magics) or head[257:262] == b"ustar"


class Archive:
    """An open archive; members are read one at a time, best in the order of the list."""

    def __init__(self, file: BinaryIO, file_name: str) -> None:
        """Open it.

        Raises:
            UnreadableSourceError: it is broken, or none of a known kind.
        """
        self._name = file_name
        file.seek(0)
        head = file.read(HEAD)
        file.seek(0)
        try:
            self._inside = _opened(file, head, file_name)
        except _BROKEN as err:
            raise UnreadableSourceError("a damaged archive") from err

    def listing(self) -> Listing:
        """Return what can be read, in the order in which it lies there, and what cannot.

        Raises:
            UnreadableSourceError: a name leads out of it, or it is larger than any honest one.
        """
        entries: list[Entry] = []
        left: list[Left] = []
        total = 0
        try:
            for number, (entry, why) in enumerate(self._inside.found()):
                if number == MOST:
                    raise UnreadableSourceError(f"an archive of more than {MOST} entries")
                # THREAT T396: no name of an archive is ever a way to a file of this machine
                if _leads_away(entry.name):
                    raise UnreadableSourceError("an archive with names that lead out of it")
                total += entry.size
                if why or not entry.name.isprintable() or len(entry.name) > NAME:
                    left.append(Left(_shown(entry.name), why or "a name that cannot be shown"))
                else:
                    entries.append(entry)
        except _BROKEN as err:
            raise UnreadableSourceError("a damaged archive") from err
        if total > LARGEST:  # THREAT T397: what it would become is known before any of it is read
            raise UnreadableSourceError(f"an archive of more than {LARGEST // 10**9} GB of content")
        return _without_doubles(entries, left)

    def open(self, name: str) -> BinaryIO:
        """Return a member's content as a file that can be gone back in.

        Raises:
            UnreadableSourceError: there is no such member, or it is broken at its beginning.
        """
        try:
            return BufferedReader(_Bounded(self._inside.stream(name), self._inside.size(name)))
        except (KeyError, *_BROKEN) as err:
            raise UnreadableSourceError("a member that cannot be read") from err


class _Bounded(RawIOBase):
    """A stream that gives no more than was announced; what breaks is told as broken."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._size = size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview") -> int:  # type: ignore[override]  # reason: what the base is given
        try:
            data = self._stream.read(len(buffer))
        except _BROKEN as err:
            raise UnreadableSourceError("a damaged member of an archive") from err
        if self._stream.tell() > self._size >= 0:
            # THREAT T397: a bomb ends where it said that it would
            raise UnreadableSourceError("a member of an archive is larger than it says")
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return self._stream.seek(offset, whence)
        except _BROKEN as err:
            raise UnreadableSourceError("a damaged member of an archive") from err

    def tell(self) -> int:
        return self._stream.tell()


class _Zip:
    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file)

    def found(self) -> Iterator[tuple[Entry, str]]:
        for each in self._zip.infolist():
            if not each.is_dir():
                yield Entry(each.filename, each.file_size), self._why_not(each)

    def _why_not(self, each: zipfile.ZipInfo) -> str:
        kind = each.external_attr >> 28  # the type of a file of Unix, if it was made there
        if kind == _LINK:
            # THREAT T396: a link is a way out, whatever its own name is
            raise UnreadableSourceError("an archive with links in it")
        if kind not in (0, _FILE):
            return "a device or a pipe"
        if each.flag_bits & 1:
            return "encrypted"
        if each.file_size > max(SMALL, RATIO * each.compress_size):
            return f"more than {RATIO} times larger than what it is made of"
        return ""

    def stream(self, name: str) -> BinaryIO:
        return self._zip.open(name)  # type: ignore[return-value]  # reason: it reads and seeks

    def size(self, name: str) -> int:
        return self._zip.getinfo(name).file_size


class _Tar:
    def __init__(self, file: BinaryIO) -> None:
        self._tar = tarfile.open(fileobj=file, mode="r:*")  # noqa: SIM115  # reason: ends with the process

    def found(self) -> Iterator[tuple[Entry, str]]:
        for each in self._tar:
            if each.issym() or each.islnk():
                raise UnreadableSourceError("an archive with links in it")
            if not each.isdir():
                yield Entry(each.name, each.size), "" if each.isreg() else "a device or a pipe"

    def stream(self, name: str) -> BinaryIO:
        found = self._tar.extractfile(name)
        if found is None:
            raise KeyError(name)
        return found  # type: ignore[return-value]  # reason: it reads and seeks

    def size(self, name: str) -> int:
        return self._tar.getmember(name).size


class _Packed:
    """One file, packed by itself: `Records.json.gz`."""

    def __init__(self, stream: BinaryIO, file_name: str) -> None:
        self._stream = stream
        self._name = file_name.rpartition(".")[0] or file_name

    def found(self) -> Iterator[tuple[Entry, str]]:
        yield Entry(self._name, 0), ""

    def stream(self, name: str) -> BinaryIO:
        del name
        self._stream.seek(0)
        return self._stream

    def size(self, name: str) -> int:
        del name
        return LARGEST


def _opened(file: BinaryIO, head: bytes, file_name: str) -> _Zip | _Tar | _Packed:
    if head.startswith(b"PK\x03\x04"):
        return _Zip(file)
    try:
        return _Tar(file)
    except tarfile.TarError:
        file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return _Packed(gzip.GzipFile(fileobj=file), file_name)  # type: ignore[arg-type]  # reason: it reads and seeks
    if head.startswith(b"BZh"):
        return _Packed(bz2.BZ2File(file), file_name)  # type: ignore[arg-type]  # reason: the same
    return _Packed(lzma.LZMAFile(file), file_name)  # type: ignore[arg-type]  # reason: the same


def _leads_away(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or bool(_DRIVE.match(name))


def _without_doubles(entries: list[Entry], left: list[Left]) -> Listing:
    """Leave out what has the name of another, but for capitals."""
    names = Counter(entry.name.casefold() for entry in entries)
    kept = [entry for entry in entries if names[entry.name.casefold()] == 1]
    doubles = [
        Left(_shown(entry.name), "another has the same name")
        for entry in entries
        if names[entry.name.casefold()] > 1
    ]
    return Listing(kept, left + doubles)


def _shown(name: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in name[:NAME])
