"""A content that was handed over to be packed: which chunks it has, and whether they are durable.

Source: docs/spec/04-stores.md section 15.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sealhold.model.errors import ConflictError, NoFileError, SealholdError
from sealhold.vault.chunkplaces import Manifest, Place

PIECE: Final = 2_097_152  # bytes read at once

Content = bytes | Path | Iterable[bytes]  # a path of a file that is no link; pieces are read once


class Waiting:
    """A chunk of a run, whose place is known once its pack is durable."""

    __slots__ = ("is_packed", "place")

    def __init__(self) -> None:
        self.is_packed = False  # into a pack, which may be open yet
        self.place: Place | None = None


class Held:
    """A content that was handed over."""

    __slots__ = ("_chunks", "_failed", "_is_whole", "size")

    def __init__(self) -> None:
        self._chunks: list[Place | Waiting] = []
        self._failed: Exception | None = None
        self._is_whole = False
        self.size = 0  # bytes that were read

    @property
    def manifest(self) -> Manifest:
        """What it is put together from.

        Raises:
            NoFileError: the file that was handed over cannot be read.
            ConflictError: a pack of it is not durable yet, or never will be; `finish` tells.
        """
        if self._failed is not None:
            raise self._failed
        places = [c.place if isinstance(c, Waiting) else c for c in self._chunks]
        found = [place for place in places if place is not None]
        if not self._is_whole or len(found) != len(places):
            raise ConflictError("a content whose packs are not durable has no manifest")
        return Manifest(self.size, tuple(found))

    @property
    def chunks(self) -> int:
        """How many chunks it has so far."""
        return len(self._chunks)

    @property
    def is_packed(self) -> bool:
        """Whether it was read to its end, and each chunk of it is in a pack, open or not."""
        return self._is_whole and all(c.is_packed for c in self._chunks if isinstance(c, Waiting))

    @property
    def is_durable(self) -> bool:
        """Whether each chunk of it is in a pack that is durable."""
        return self._is_whole and None not in [
            c.place for c in self._chunks if isinstance(c, Waiting)
        ]

    def take(self, chunk: Place | Waiting, size: int) -> None:
        """Add the next chunk, of `size` bytes."""
        self._chunks.append(chunk)
        self.size += size

    def end(self) -> None:
        """Note that each chunk was taken."""
        self._is_whole = True

    def fail(self, err: Exception) -> None:
        """Note why it was not read to its end."""
        self._failed = err


def pieces(content: Content, held: Held) -> Iterator[bytes]:
    """Yield a content piece by piece; where it cannot be read, `held` is told, and it ends."""
    try:
        if isinstance(content, bytes):
            yield content
        elif isinstance(content, Path):
            yield from _read(content)
        else:
            yield from content
    except (OSError, SealholdError) as err:
        held.fail(err)


def _read(path: Path) -> Iterator[bytes]:
    """Yield a file piece by piece.

    Raises:
        NoFileError: it cannot be read, or is a link.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            while piece := os.read(handle, PIECE):
                yield piece
        finally:
            os.close(handle)
    except OSError as err:
        raise NoFileError(f"`{path}` cannot be read") from err
