"""Files within archives, read as they lie there: zip, tar in its compressions, and gzip.

- Nothing is unpacked: what is asked for is a stream over the archive, which can be gone back in.
- An archive whose names lead out of it, or to a place of the machine, is refused whole; what only
  cannot be read is left out, with its name and the reason.
- What a member says of its size is a bound, not a promise: beyond it the reading ends.
- An archive within an archive is looked into, one within that is not. It is held in memory while
  its members are read, and may become no larger than any member made of as many bytes.
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
from io import BufferedReader, BytesIO, RawIOBase
from typing import BinaryIO, Final, NamedTuple

from sealhold.model.errors import UnreadableSourceError

MOST: Final = 200_000  # entries
RATIO: Final = 200  # a member may be so many times larger than what it is made of
SMALL: Final = 10_000_000  # bytes; a smaller one may be of any ratio
LARGEST: Final = 64_000_000_000  # bytes of all members together
NAME: Final = 300  # characters
HEAD: Final = 512  # bytes that tell an archive
MOST_WITHIN: Final = 1_000  # archives in one that are looked into
MOST_HELD: Final = 67_108_864  # bytes of one of them

_LINK, _FILE = 0o12, 0o10  # types of files of Unix
_LONG = "a name that is too long"
_ENDS: Final = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".tbz2", ".xz", ".txz")
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

    def __init__(self, file: BinaryIO, file_name: str, most: int = LARGEST) -> None:
        """Open it; all its members together may have `most` bytes.

        Raises:
            UnreadableSourceError: it is broken, or none of a known kind.
        """
        self._most = most
        file.seek(0)
        head = file.read(HEAD)
        file.seek(0)
        try:
            self._inside = _opened(file, head, file_name, most)
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
                if total > self._most:  # THREAT T397: known before any of it is read
                    raise UnreadableSourceError(f"an archive of more than {self._most:,} bytes")
                if why or not entry.name.isprintable() or len(entry.name) > NAME:
                    left.append(Left(_shown(entry.name), why or "a name that cannot be shown"))
                else:
                    entries.append(entry)
        except _BROKEN as err:
            raise UnreadableSourceError("a damaged archive") from err
        return _without_doubles(entries, left)

    def holds(self, name: str) -> bool:
        """Whether there is a member of that name."""
        try:
            self._inside.size(name)
        except KeyError:
            return False
        return True

    def made_of(self, name: str) -> int:
        """Return how many bytes of the archive a member is made of, as far as it is told."""
        return self._inside.made_of(name)

    def open(self, name: str) -> BinaryIO:
        """Return a member's content as a file that can be gone back in.

        Raises:
            UnreadableSourceError: there is no such member, or it is broken at its beginning.
        """
        try:
            return BufferedReader(_Bounded(self._inside.stream(name), self._inside.size(name)))
        except (KeyError, *_BROKEN) as err:
            raise UnreadableSourceError("a member that cannot be read") from err


class Nest:
    """An open archive with the archives that lie in it; one of these is held at a time."""

    def __init__(self, file: BinaryIO, file_name: str) -> None:
        """Open it.

        Raises:
            UnreadableSourceError: it is broken, or none of a known kind.
        """
        self._outer = Archive(file, file_name)
        self._held: tuple[str, Archive] | None = None

    def listing(self) -> Listing:
        """Return what can be read and what cannot; of an archive within it what that one holds.

        Raises:
            UnreadableSourceError: a name leads out of it, or it is larger than any honest one.
        """
        entries: list[Entry] = []
        own, left = self._outer.listing()
        looked, total = 0, 0
        for entry in own:
            found, why_not = Listing([entry], []), f"more than {MOST_WITHIN} archives in one"
            if entry.name.casefold().endswith(_ENDS):
                looked += 1
                is_many = looked > MOST_WITHIN
                found = Listing([], [Left(entry.name, why_not)]) if is_many else self._within(entry)
            entries += found.entries
            left += found.left
            total += sum(each.size for each in found.entries)
            # THREAT T439: bounds are of all that is found, however it lies there
            if len(entries) > MOST or total > LARGEST:
                raise UnreadableSourceError("an archive whose archives hold too much")
        return _without_doubles(entries, left)

    def _within(self, entry: Entry) -> Listing:
        """Return what a member holds if it is an archive; itself if it only bears such a name."""
        try:
            inner = self._archive(entry.name)
            if inner is None:
                return Listing([entry], [])
            entries, left = inner.listing()
        except UnreadableSourceError as err:
            return Listing([], [Left(_shown(entry.name), str(err))])
        if not entries and not left:
            return Listing([], [Left(_shown(entry.name), "an archive with nothing in it")])
        within = [Entry(_inside(entry.name, each.name), each.size) for each in entries]
        fit = [each for each in within if len(each.name) <= NAME]
        long = [Left(_shown(each.name), _LONG) for each in within if len(each.name) > NAME]
        left = [Left(_shown(_inside(entry.name, each.name)), each.why) for each in left]
        return Listing(fit, left + long)

    def _archive(self, name: str) -> Archive | None:
        """Return an archive that lies in this one; None if the member is none.

        Raises:
            UnreadableSourceError: it is damaged, or larger than is held.
        """
        if self._held is not None and self._held[0] == name:
            return self._held[1]
        stream = self._outer.open(name)
        content = stream.read(HEAD)  # read once: to go back in a packed archive is to begin anew
        if not is_archive(content):
            return None
        self._held = None  # before the next one comes
        content += stream.read(MOST_HELD + 1 - len(content))
        if len(content) > MOST_HELD:
            raise UnreadableSourceError(f"an archive in an archive of over {MOST_HELD:,} bytes")
        # THREAT T439: what it may become follows from what the outer one spends on it
        most = max(SMALL, RATIO * min(self._outer.made_of(name), len(content)))
        inner = Archive(BytesIO(content), name.rpartition("/")[2], most)
        self._held = name, inner
        return inner

    def open(self, name: str) -> BinaryIO:
        """Return a member's content as a file that can be gone back in.

        Raises:
            UnreadableSourceError: there is no such member, or it is broken at its beginning.
        """
        parts = name.split("/")
        for count in range(1, len(parts)):
            outer = "/".join(parts[:count])
            is_named = outer.casefold().endswith(_ENDS) and self._outer.holds(outer)
            if is_named and (inner := self._archive(outer)) is not None:
                return inner.open("/".join(parts[count:]))
        return self._outer.open(name)


def _inside(outer: str, inner: str) -> str:
    return f"{outer}/{inner}"


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

    def made_of(self, name: str) -> int:
        return self._zip.getinfo(name).compress_size


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

    def made_of(self, name: str) -> int:
        return self.size(name)


class _Packed:
    """One file, packed by itself: `Records.json.gz`."""

    def __init__(self, stream: BinaryIO, file: BinaryIO, file_name: str, most: int) -> None:
        self._stream = stream
        self._name = file_name.rpartition(".")[0] or file_name
        self._made_of = file.seek(0, 2)
        self._most = most
        file.seek(0)

    def found(self) -> Iterator[tuple[Entry, str]]:
        yield Entry(self._name, 0), ""

    def stream(self, name: str) -> BinaryIO:
        del name
        self._stream.seek(0)
        return self._stream

    def size(self, name: str) -> int:
        del name
        return self._most

    def made_of(self, name: str) -> int:
        del name
        return self._made_of


def _opened(file: BinaryIO, head: bytes, file_name: str, most: int) -> _Zip | _Tar | _Packed:
    if head.startswith(b"PK\x03\x04"):
        return _Zip(file)
    try:
        return _Tar(file)
    except tarfile.TarError:
        file.seek(0)
    if head.startswith(b"\x1f\x8b"):
        stream = gzip.GzipFile(fileobj=file)
        return _Packed(stream, file, file_name, most)  # type: ignore[arg-type]  # reason: it reads and seeks
    if head.startswith(b"BZh"):
        return _Packed(bz2.BZ2File(file), file, file_name, most)  # type: ignore[arg-type]  # reason: the same
    return _Packed(lzma.LZMAFile(file), file, file_name, most)  # type: ignore[arg-type]  # reason: the same


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
