"""An export as it comes from outside: looked at, bounded and compared with its manifest.

- Nothing of it is trusted. Names are from a fixed list, sizes are bounded before anything is
  unpacked, and no more is unpacked than the manifest says.
- The manifest must be signed by the key that the owner names.
- What was altered is invalid, and not damage: it is no file of this vault.

Source: docs/spec/27-rights.md section 9.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from sealhold.audit.exported import MANIFEST, Manifest, open_manifest
from sealhold.crypto.digest import Sha256
from sealhold.model.errors import BadSignatureError, InvalidError

NAME = re.compile(
    r"README\.txt|profile\.(json|csv|jsonld)|said\.json|uses\.csv|schemas\.json"
    r"|records/[a-z][a-z0-9_]{0,31}\.ndjson|attachments\.ndjson"
    r"|attachments/[a-z][a-z0-9_]{0,31}/[0-9a-f-]{36}/[1-9][0-9]{0,2}"
)
MAX_FILES = 5_000
MAX_MANIFEST = 1_048_576  # bytes
MAX_FILE = 4_194_304  # bytes of one that is read whole; 100 fields of 16,384 characters
MAX_WHOLE = 268_435_456  # bytes of all files together, unpacked
MAX_LINE = 1_048_576  # bytes: a record, and what stands around it
PIECE = 65_536
_STORED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Parcel:
    """An export whose list of contents fits its manifest; each file is checked as it is read."""

    def __init__(self, data: bytes, key: bytes | None) -> None:
        """Open `data`, whose manifest the holder of `key` must have signed; None: of any key.

        Raises:
            InvalidError: no export, one that holds what none holds, or signed by another key.
        """
        try:
            self._packed = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as err:
            raise InvalidError("not an export: it is no whole ZIP") from err
        found = self._packed.infolist()
        # THREAT T268: how many, which names, how large: all of it is settled before unpacking
        if len(found) > MAX_FILES:
            raise InvalidError(f"an export has {MAX_FILES} files at most")
        self._files = {each.filename: each for each in found}
        if len(self._files) != len(found) or MANIFEST not in self._files:
            raise InvalidError("not an export: a name stands twice, or the manifest is missing")
        for each in found:
            if each.filename != MANIFEST and not NAME.fullmatch(each.filename):
                raise InvalidError("an export has a file that no export has")
            if each.flag_bits & 1 or each.compress_type not in _STORED:
                raise InvalidError("an export is neither encrypted nor packed in another way")
        self.manifest, self.issuer = self._signed(key)

    def names(self) -> list[str]:
        """Return the names of the files beside the manifest."""
        return sorted(self.manifest.files)

    def read(self, name: str, most: int = MAX_FILE) -> bytes:
        """Return a whole file of at most so many bytes.

        Raises:
            InvalidError: there is none, it is too long, or not what was signed.
        """
        listed = self.manifest.files.get(name)
        if listed is not None and listed.size > most:
            raise InvalidError(f"`{name}` of an export is not so long")
        return b"".join(self._pieces(name))

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a file; the last one only once the whole file was what was signed.

        Raises:
            InvalidError: a line is longer than any, or the file is not what was signed.
        """
        rest = b""
        for piece in self._pieces(name):
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > MAX_LINE:
                raise InvalidError("a line of an export is longer than any record")
        if rest:
            yield rest

    def check(self, name: str) -> None:
        """Read a file to its end.

        Raises:
            InvalidError: it is not what was signed.
        """
        for _ in self._pieces(name):
            pass

    def _signed(self, key: bytes | None) -> tuple[Manifest, bytes]:
        info = self._files[MANIFEST]
        if info.file_size > MAX_MANIFEST:
            raise InvalidError("the manifest of an export is not so long")
        try:
            manifest, issuer = open_manifest(b"".join(self._unpacked(MANIFEST, MAX_MANIFEST)))
        except BadSignatureError as err:
            raise InvalidError("the manifest of the export is not what was signed") from err
        # THREAT T265: a right signature by a key that nobody named
        if key is not None and issuer != key:
            raise InvalidError("the export is signed by a key that was not named")
        if manifest.files.keys() != self._files.keys() - {MANIFEST}:
            raise InvalidError("an export whose files are not those of its manifest")
        if sum(each.size for each in manifest.files.values()) > MAX_WHOLE:
            raise InvalidError(f"an export has {MAX_WHOLE} bytes at most")
        return manifest, issuer

    def _pieces(self, name: str) -> Iterator[bytes]:
        listed = self.manifest.files.get(name)
        if listed is None:
            raise InvalidError(f"an export without `{name[:40]}`")
        hashed, size = Sha256(), 0
        for piece in self._unpacked(name, listed.size):
            hashed.update(piece)
            size += len(piece)
            yield piece
        if (size, hashed.digest()) != (listed.size, listed.sha256):
            raise InvalidError(f"`{name}` is not what was signed")

    def _unpacked(self, name: str, most: int) -> Iterator[bytes]:
        """Yield up to `most` bytes of a file.

        Raises:
            InvalidError: there are more, or it does not unpack.
        """
        left = most
        try:
            with self._packed.open(name) as file:
                # THREAT T268: a bomb is left after as many bytes as it was to have
                while piece := file.read(min(PIECE, left + 1)):
                    left -= len(piece)
                    if left < 0:
                        raise InvalidError("a file of an export is longer than was signed")
                    yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as err:
            raise InvalidError("a file of an export does not unpack") from err
