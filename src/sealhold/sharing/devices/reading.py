"""Content of a file that somebody may be writing: read, looked at again, and read anew if need be.

- What is handed on is a content that the file had, whole: size, times, inode and name were the
  same before and after it was read. After five tries the file is busy, and is left for later.
- Digests are keyed: equal on all devices of a collection, and of no use to anybody else.

Source: docs/spec/47-folders.md section 5.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from sealhold.crypto.digest import FileDigest, keyed
from sealhold.crypto.secret import Secret
from sealhold.crypto.tags import Tag
from sealhold.sharing.devices.disk import Disk
from sealhold.sharing.devices.keptrows import Kind, Seen, seen_of

TRIES = 5
PIECE = 1 << 20  # bytes that are read at once

T = TypeVar("T")
Sink = Callable[[Iterator[bytes]], T]  # takes the pieces of a content; may be called again


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """A content that was read whole, and what became of it."""

    result: T
    seen: Seen
    digest: bytes  # 32 bytes
    looked_ns: int = 0  # when, before the first byte was read, if it was asked for


class Digests:
    """Digests of contents under the key of a collection (32 bytes)."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def start(self) -> FileDigest:
        """Return the digest of a file's content, before its first piece."""
        return FileDigest(self._key, Tag.SYNCED_FILE)

    def link(self, says: bytes) -> bytes:
        """Return the 32-byte digest of what a link says."""
        digest = self.start()
        digest.update(says)
        return digest.digest()

    def version(self, kind: Kind, mode: int, digest: bytes) -> bytes:
        """Return the 32 bytes by which versions are compared: of type, permissions and content."""
        return keyed(
            self._key, Tag.SYNCED_VERSION, kind.value.encode(), bytes(divmod(mode, 256)), digest
        )


def take(disk: Disk, path: str, digests: Digests, sink: Sink[T]) -> Taken[T] | None:
    """Read a file or link into `sink`; None if it is busy, or gone.

    Raises:
        OSError: it cannot be read.
    """
    for _ in range(TRIES):
        found = disk.stat(path)
        seen = seen_of(found) if found else None
        if seen is None or seen.kind is Kind.FOLDER:
            return None
        if seen.kind is Kind.LINK:
            taken = _take_link(disk, path, seen, digests, sink)
        else:
            taken = _take_file(disk, path, seen, digests, sink)
        if taken is not None:
            return taken
    return None


def digest_of(disk: Disk, path: str, digests: Digests) -> Taken[None] | None:
    """Return the digest of a file or link; None if it is busy, gone or unreadable."""
    try:
        return take(disk, path, digests, _drain)
    except OSError:
        return None


def _take_link(
    disk: Disk, path: str, seen: Seen, digests: Digests, sink: Sink[T]
) -> Taken[T] | None:
    says = disk.says(path)
    result = sink(iter((says,)))
    return Taken(result, seen, digests.link(says)) if _is_still(disk, path, seen) else None


def _take_file(
    disk: Disk, path: str, seen: Seen, digests: Digests, sink: Sink[T]
) -> Taken[T] | None:
    digest = digests.start()
    try:
        handle = disk.open(path)
    except FileNotFoundError:
        return None
    try:
        result = sink(_pieces(handle, digest, seen.stat.size))
        # THREAT T468: what was read is what stood there by its name, before and after.
        same = seen_of(os.fstat(handle)) == seen and _is_still(disk, path, seen)
    finally:
        os.close(handle)
    return Taken(result, seen, digest.digest()) if same else None


def _pieces(handle: int, digest: FileDigest, size: int) -> Iterator[bytes]:
    """Yield what a file has up to a size; if it has more, that is seen when it is looked at."""
    while size > 0 and (piece := os.read(handle, min(size, PIECE))):
        size -= len(piece)
        digest.update(piece)
        yield piece


def _is_still(disk: Disk, path: str, seen: Seen) -> bool:
    found = disk.stat(path)
    return found is not None and seen_of(found) == seen


def _drain(pieces: Iterator[bytes]) -> None:
    for _ in pieces:
        pass
