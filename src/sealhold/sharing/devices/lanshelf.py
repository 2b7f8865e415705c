"""What a device keeps for the others in its own network: mailboxes in a store of objects.

- It has a room, in whole blocks, that everything together keeps to: its own puts, too.
- What came is counted while it serves, from a number that is drawn at each start: a cursor of
  another time is behind all, or ahead of all, and either way everything is told anew.
- There are no accounts and tokens: who asks was greeted, and a token only names the mailbox.

Source: docs/spec/14-relay.md section 9.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from threading import Condition, Lock
from typing import Final, cast

from sealhold.model.clock import Entropy
from sealhold.model.errors import (
    BadTokenError,
    InvalidError,
    ObjectNotFoundError,
    StoreFullError,
)
from sealhold.model.ids import Id16, ObjectName, SealedBytes
from sealhold.net.relay.names import Item, Sort, item_of, run_of
from sealhold.net.relay.papers import Rights
from sealhold.net.relay.spec import Bearer, News, Stored
from sealhold.stores.spec import Kept, ObjectStore

BLOCK: Final = 4_096  # bytes; what an object takes of a disk
ROOM: Final = 16 << 30  # bytes, unless said otherwise
_DRAWN = 5  # bytes of the number at which arrivals begin
_SHIFT = 22  # and how many bits of arrivals there are behind it
_BOX = re.compile(r"[0-9a-f]{32}")
_WITHIN = re.compile(r"|key|log|member|pack|log/[0-9a-f]{32}|pack/[0-9a-f]{2}")


class BoundedObjects:
    """A store of objects that takes no more than its room. Several threads may call at once."""

    def __init__(
        self,
        objects: ObjectStore,
        room: int,
        came: Callable[[ObjectName], None] = lambda _name: None,
    ) -> None:
        """Count what is there.

        Args:
            objects: in which they lie.
            room: bytes, in whole blocks.
            came: told of each new object, once it is durable.
        """
        self._objects = objects
        self._room = room
        self._came = came
        self._guard = Lock()
        self._used = sum(_blocks(objects.head(name)) for name in objects.names("m/"))

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        """Keep `sealed` if `name` is free.

        Raises:
            StoreFullError: there is no room.
        """
        size = _blocks(len(sealed))
        with self._guard:
            # THREAT T507: a device fills the room that there is, and not the disk
            if self._used + size > self._room:
                raise StoreFullError("no room for what devices of the network put here")
            self._used += size
        is_new = False
        try:
            kept = self._objects.put(name, sealed)
            is_new = kept is Kept.CREATED
        finally:
            if not is_new:
                with self._guard:
                    self._used -= size
        if is_new:
            self._came(name)
        return kept

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        """Return the bytes as they are kept."""
        return self._objects.get(name, offset, length)

    def head(self, name: ObjectName) -> int:
        """Return the object's length in bytes."""
        return self._objects.head(name)

    def delete(self, name: ObjectName) -> None:
        """Forget the object; an unknown name is no error."""
        with self._guard:
            try:
                size = _blocks(self._objects.head(name))
            except ObjectNotFoundError:
                return
            self._objects.delete(name)
            self._used -= size

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        """Return each kept name that starts with `prefix`, once, in byte order."""
        return self._objects.names(prefix)


class Shelf:
    """Keeps mailboxes, as a server of a relay asks it to."""

    def __init__(
        self,
        objects: ObjectStore,
        entropy: Entropy,
        room: int = ROOM,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """Begin; `heard` is told, by threads of guests, when one put what a round can take."""
        self._heard = heard
        self.objects = BoundedObjects(objects, room, self._told)
        self._base = int.from_bytes(entropy(_DRAWN)) << _SHIFT
        self._arrived: dict[Id16, list[Item]] = {}
        self._news = Condition()
        self._is_stopped = False

    def stop(self) -> None:
        """Wake who waits, now and from now on."""
        with self._news:
            self._is_stopped = True
            self._news.notify_all()

    # --- as `net/relay/spec.py` says ---

    def bearer(self, token: str) -> Bearer:
        if not _BOX.fullmatch(token):
            raise BadTokenError("a token that names no mailbox")
        box = Id16(bytes.fromhex(token))
        return Bearer(box, Rights.ADMIN, box)

    def put(self, item: Item, data: bytes | bytearray) -> Stored:
        try:
            kept = self.objects.put(item.whole(), SealedBytes(cast("bytes", data)))
        except StoreFullError:
            return Stored.FULL
        if kept is Kept.CREATED:
            if item.sort in {Sort.LOG, Sort.MEMBER}:  # the last of what goes together
                self._heard()
            return Stored.CREATED
        return Stored.SAME if self.objects.get(item.whole()) == data else Stored.TAKEN

    def get(self, item: Item, offset: int = 0, length: int | None = None) -> bytes:
        return self.objects.get(item.whole(), offset, length)

    def size(self, item: Item) -> int:
        return self.objects.head(item.whole())

    def delete(self, item: Item) -> None:
        self.objects.delete(item.whole())

    def names(
        self, box: Id16, within: str, after: Item | None, limit: int
    ) -> Sequence[tuple[Item, int]]:
        if not _WITHIN.fullmatch(within):
            raise InvalidError("nothing of a mailbox begins like this")
        least = "" if after is None else after.whole()
        return list(islice(self._sized(self._items(box, within, least)), limit))

    def news(self, box: Id16, after: int, limit: int) -> News:
        with self._news:
            arrived = self._of(box)
            start = self._seen(arrived, after)
            page = arrived[start : start + limit]
            newest = self._base + len(arrived)
        newer: dict[tuple[Sort, bytes], Item] = {}
        for item in page:
            held = newer.get((item.sort, item.name))
            if held is None or held.seq < item.seq:
                newer[item.sort, item.name] = item
        cursor = self._base + start + len(page) if page else min(after, newest)
        return News(cursor, list(self._sized(iter(newer.values()))))

    def entries(self, box: Id16, log: bytes, first: int, most: int) -> list[bytes]:
        return run_of(self.objects.get, box, log, first, most)

    def wait(self, box: Id16, after: int, seconds: float) -> None:
        with self._news:
            self._news.wait_for(lambda: self._is_stopped or self._has_news(box, after), seconds)

    # --- within ---

    def _told(self, name: ObjectName) -> None:
        item = item_of(name)
        with self._news:
            if item.box in self._arrived and item.sort is not Sort.PACK:
                self._arrived[item.box].append(item)
            self._news.notify_all()

    def _of(self, box: Id16) -> list[Item]:
        """Return what came to a mailbox, in order; what was there before comes first."""
        if box not in self._arrived:
            self._arrived[box] = [
                item for item in self._items(box, "", "") if item.sort is not Sort.PACK
            ]
        return self._arrived[box]

    def _seen(self, arrived: list[Item], after: int) -> int:
        """Return how many of them a cursor has seen."""
        return min(max(after - self._base, 0), len(arrived))

    def _has_news(self, box: Id16, after: int) -> bool:
        arrived = self._of(box)
        is_ahead = after > self._base + len(arrived)
        return is_ahead or self._seen(arrived, after) < len(arrived)

    def _items(self, box: Id16, within: str, after: str) -> Iterator[Item]:
        prefix = f"m/{box.hex()}/{within}/" if within else f"m/{box.hex()}/"
        for name in self.objects.names(prefix):
            if name > after:
                try:
                    yield item_of(name)
                except InvalidError:  # a file that somebody else put there
                    continue

    def _sized(self, items: Iterator[Item]) -> Iterator[tuple[Item, int]]:
        for item in items:
            try:
                yield item, self.objects.head(item.whole())
            except ObjectNotFoundError:  # deleted meanwhile
                continue


def _blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
