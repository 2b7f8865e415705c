"""Packs that go, and where the chunks of theirs lie that stay.

- A chunk that moved keeps its bytes and its key; only the place of it that versions name is looked
  up here. What a pack held beside is gone with it.
- The same operations give the same places, in whichever order they came.

Source: docs/spec/47-folders.md section 11.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from sealhold.sharing.devices.logicaltime import LogicalTime
from sealhold.sharing.devices.ops import PackOp
from sealhold.vault.chunkplaces import Manifest, Place

FAR = 64  # moves of one chunk that are followed

_Order = tuple[LogicalTime, bytes]


class PackMoves:
    """The packs of a collection that go. For one thread."""

    def __init__(self) -> None:
        self._to: dict[tuple[bytes, int], tuple[_Order, bytes, int]] = {}
        self.said: dict[bytes, dict[bytes, LogicalTime]] = {}  # by pack, who said so and when
        self.count = 0  # of operations that were taken in

    def take(self, op: PackOp, time: LogicalTime, device: bytes) -> None:
        """Take in that a pack goes."""
        self.count += 1
        by = self.said.setdefault(op.old, {})
        by[device] = max(time, by.get(device, time))
        for source, target in op.moves:
            known = self._to.get((op.old, source))
            if op.new is not None and (known is None or known[0] > (time, device)):
                self._to[op.old, source] = ((time, device), op.new, target)

    def place(self, place: Place) -> Place | None:
        """Return where a chunk lies now; None if it went with its pack."""
        now = self._last(place)
        return None if now.pack in self.said else now

    def lost(self, place: Place) -> Place | None:
        """Return where a chunk lay that went with its pack; None if it is there."""
        now = self._last(place)
        return now if now.pack in self.said else None

    def _last(self, place: Place) -> Place:
        now = place
        for _ in range(FAR):  # a device in other hands may have written a circle
            found = self._to.get((now.pack, now.offset))
            if found is None:
                return now
            now = replace(now, pack=found[1], offset=found[2])
        return place

    def named(self, manifest: Manifest) -> Iterator[Place]:
        """Yield the chunks of a manifest as it names them, without those that are gone."""
        for each in manifest.chunks:
            if not self.said or self.place(each) is not None:
                yield each

    def all_lost(self, manifest: Manifest) -> Iterator[Place]:
        """Yield where chunks of a manifest lay that went with their packs."""
        if self.said:
            for each in manifest.chunks:
                if (gone := self.lost(each)) is not None:
                    yield gone
