"""Taking contents in for a collection: what is short stands in its version, the rest in packs.

Source: docs/spec/11-exchange-and-op-log.md section 3.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import Full, Queue

from msgspec.structs import replace

from sealhold.sharing.devices.contents import FEW_CHUNKS, INLINE, MAX_LISTED, Content, Kind
from sealhold.vault.chunkplaces import Manifest
from sealhold.vault.handedover import Held
from sealhold.vault.packing import Packing

AT_ONCE = 1 << 20  # bytes of a content that are held in memory whole
SOON = 0.2  # seconds after which a thread that takes nothing is asked whether it ended


@dataclass(slots=True)
class Pending:
    """A content that was taken: as it is where it is short, else in packs."""

    inline: bytes | None
    held: Held | None = None
    listed: Held | None = None  # its manifest, where that is too long to stand in a version


class Packer:
    """Takes contents in, one after the other; another thread may `settle` some meanwhile."""

    def __init__(self, packing: Packing, lists: dict[bytes, Manifest]) -> None:
        self._packing = packing
        self._lists = lists
        self._taken: list[Pending] = []

    def take(self, pieces: Iterator[bytes]) -> Pending:
        """Take a content in, all of which is read before this returns."""
        first = b""
        for piece in pieces:
            first += piece
            if len(first) > INLINE:
                break
        else:
            return Pending(inline=first)
        pending = Pending(inline=None, held=self._hold(first, pieces))
        self._taken.append(pending)
        return pending

    def finish(self) -> None:
        """Wait until all that was taken is durable.

        Raises:
            StoreUnavailableError: the disk does not answer.
            StoreFullError: it has no room.
        """
        self.begin_all()
        self.settle(self._taken)
        self._taken = []

    def begin_all(self) -> None:
        """Begin with all that was taken; then it can be settled.

        Raises:
            StoreUnavailableError: the disk does not answer.
            StoreFullError: it has no room.
        """
        self._packing.begin_all()

    def settle(self, taken: Sequence[Pending]) -> None:
        """Wait until contents are durable that were taken and begun.

        Raises:
            StoreUnavailableError: the disk does not answer.
            StoreFullError: it has no room.
        """
        self._packing.settle([each.held for each in taken if each.held is not None])
        long = list[Held]()
        for pending in taken:
            if pending.held is not None and pending.held.chunks > FEW_CHUNKS:
                listed = pending.held.manifest.encoded()
                if len(listed) > MAX_LISTED:
                    pending.listed = self._packing.add(listed)
                    long.append(pending.listed)
        if long:
            self._packing.settle(long)

    def content(self, pending: Pending, digest: bytes, kind: Kind = Kind.FILE) -> Content:
        """Return what a version holds of a content that is durable.

        Args:
            pending: as `take` gave it.
            digest: of the whole content, 32 bytes, keyed.
            kind: what it is the content of.

        Raises:
            ValueError: it was not taken here.
        """
        if pending.inline is not None:
            size = len(pending.inline)
            return Content(kind=kind, size=size, digest=digest, inline=pending.inline)
        if pending.held is None:
            raise ValueError("a content that was not taken")
        manifest = pending.held.manifest
        found = Content(kind=kind, size=manifest.size, digest=digest, inline=None)
        if pending.listed is None:
            return replace(found, manifest=manifest)
        self._lists[digest] = manifest
        return replace(found, manifest=pending.listed.manifest, is_list=True)

    def _hold(self, first: bytes, pieces: Iterator[bytes]) -> Held:
        """Hand a content over; a long one piece by piece, so that memory stays bounded."""
        while len(first) <= AT_ONCE:
            piece = next(pieces, None)
            if piece is None:
                return self._packing.add(first)
            first += piece
        waiting: Queue[bytes | None] = Queue(maxsize=4)
        held = self._packing.add(iter(waiting.get, None))
        try:
            self._pass_on(first, waiting)
            for piece in pieces:
                self._pass_on(piece, waiting)
        finally:
            self._pass_on(None, waiting)
        return held

    def _pass_on(self, piece: bytes | None, waiting: "Queue[bytes | None]") -> None:
        """Give the thread that packs a content its next piece; nobody waits for one that ended."""
        while True:
            try:
                waiting.put(piece, timeout=SOON)
            except Full:
                self._packing.check()
            else:
                return
