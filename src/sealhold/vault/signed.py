"""Files that their source signed: the signature is checked before anything of them is read.

- The signature of `ride.gpx` is `ride.gpx.sig` beside it: the 64 bytes of an Ed25519 signature of
  the file as it is. The key is the one that the owner named for this import.
- What is read is a copy in memory of the bytes that were checked: no change of the file counts.
- A file without a signature, or with one that does not fit, is not read: it is told with a reason,
  and costs itself alone.
- What a file says of its own signer counts for nothing; only this check sets the field.

Source: docs/spec/18-connectors.md section 17.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealhold.connectors.frames import Known, Members, Portion
from sealhold.connectors.runner import SIGNATURE, Reader
from sealhold.crypto.sign import PUBLIC_BYTES, PublicKey, verify_raw
from sealhold.model.errors import BadSignatureError, InvalidError, UnreadableSourceError

MAX_SIGNED = 67_108_864  # bytes; the whole file is held to check one signature
SIGNATURE_BYTES = 64
SHOWN = 16  # hex digits of a key, where people compare


@dataclass(frozen=True, slots=True)
class Signer:
    """A source that signs what it hands out, by its 32-byte Ed25519 key."""

    key: PublicKey

    def __post_init__(self) -> None:
        if len(self.key) != PUBLIC_BYTES:
            raise InvalidError(f"a source's key has {PUBLIC_BYTES} bytes, not {len(self.key)}")

    def words(self) -> str:
        """Return what stands behind the name of what it signed."""
        return f"signed by {self.key.hex()[:SHOWN]}"


def signer_of(key: bytes | None) -> Signer | None:
    """Return the source whose key that is, if one is named.

    Raises:
        InvalidError: it is no key.
    """
    return None if key is None else Signer(PublicKey(key))


def reading(reader: Reader, signer: Signer | None) -> Reader:
    """Return `reader`, which reads only what `signer` signed if there is one."""
    return reader if signer is None else SignedReader(reader, signer)


class SignedReader:
    """A reader that reads only what `signer` signed."""

    def __init__(self, reader: Reader, signer: Signer) -> None:
        self._reader = reader
        self._signer = signer

    def members(self, path: Path) -> Members:
        """Return what an archive holds; the members have no signature of their own.

        Raises:
            UnreadableSourceError: always.
        """
        raise UnreadableSourceError(f"`{path.name}` is an archive: sign the files in it")

    def detect(self, path: Path) -> Known:
        """Return which source reads the file, once its signature holds.

        Raises:
            UnreadableSourceError: it is not signed by this key, or no source reads it.
        """
        check(path, self._signer)
        known = self._reader.detect(path)
        return msgspec.structs.replace(known, what=f"{known.what}, {self._signer.words()}")

    def read(self, path: Path, source_name: str, cursor: str | None) -> Iterator[Portion]:
        """Yield the content, from after `cursor`, of the very bytes whose signature holds.

        Raises:
            UnreadableSourceError: it is not signed by this key, or as the reader says.
        """
        # THREAT T192: a file that is changed after the check is read as it was when it was checked
        handle = os.memfd_create("signed", os.MFD_CLOEXEC)
        with os.fdopen(handle, "wb") as copy:
            copy.write(check(path, self._signer))
            copy.flush()
            yield from self._reader.read(_path_of(handle), source_name, cursor)


def _path_of(handle: int) -> Path:
    return Path(f"/proc/{os.getpid()}/fd/{handle}")


def check(path: Path, signer: Signer) -> bytes:
    """Return the content of `path`, if the signature beside it is by `signer` and of these bytes.

    Raises:
        UnreadableSourceError: there is none, it does not fit, or the file cannot be opened.
    """
    beside = path.with_name(path.name + SIGNATURE)
    try:
        with beside.open("rb") as file:
            signature = file.read(SIGNATURE_BYTES + 1)
    except FileNotFoundError as err:
        raise UnreadableSourceError(f"not signed: there is no `{beside.name}` beside it") from err
    except OSError as err:
        raise UnreadableSourceError(f"`{beside.name}` cannot be opened") from err
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIGNED + 1)
    except OSError as err:
        raise UnreadableSourceError("the file cannot be opened") from err
    if len(content) > MAX_SIGNED:
        raise UnreadableSourceError(f"over {MAX_SIGNED} bytes: too large to check its signature")
    try:
        verify_raw(signer.key, content, signature)  # THREAT T192: one changed byte is another file
    except BadSignatureError as err:
        raise UnreadableSourceError(
            "the signature beside it does not fit: the file was changed after it was signed,"
            " or another key signed it"
        ) from err
    return content
