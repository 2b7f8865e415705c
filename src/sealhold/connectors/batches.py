"""How what a connector finds becomes batches: limits, cursors, and no loss on the way.

- What belongs together (a message and its rejected attachments) enters one batch.
- A batch is given out before it would pass its limit of rows or bytes, so its cursor is exact.
- An item that cannot travel (too large, a lone surrogate, a number over 64 bits) becomes a reject.
- If the file turns out to be broken, what was found before is given out first.

Source: docs/spec/18-connectors.md section 3.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from sealhold.connectors.spec import BATCH_BYTES, Batch, Item, Reject, Why
from sealhold.model.errors import UnreadableSourceError

Found = Item | Reject
Group = tuple[Sequence[Found], str]  # what belongs together, and the cursor after it

MAX_ITEM = 12_582_912  # bytes; a frame holds 16 MiB, and an item must fit one
MAX_RAW = 4_096  # bytes of a rejected item that are kept
CURSOR_FORM = "1"  # stands before the numbers of every cursor

_encode = msgspec.msgpack.Encoder().encode


def reject(position: str, why: Why, detail: str, raw: bytes | str = b"") -> Reject:
    """Return the reject of an item, with as much of it as is kept."""
    kept = raw if isinstance(raw, bytes) else raw[:MAX_RAW].encode("utf-8", "replace")
    return Reject(position=position, why=why, detail=detail, raw=kept[:MAX_RAW])


def write_cursor(*numbers: int) -> str:
    """Return the cursor that holds these numbers."""
    return ":".join((CURSOR_FORM, *map(str, numbers)))


def read_cursor(cursor: str | None, count: int) -> tuple[int, ...]:
    """Return the `count` numbers of a cursor, zeros at the beginning of a file.

    Raises:
        UnreadableSourceError: the cursor is of another connector or another version.
    """
    if cursor is None:
        return (0,) * count
    form, *numbers = cursor.split(":")
    if form != CURSOR_FORM or len(numbers) != count:
        raise UnreadableSourceError("the place to go on from is of another connector version")
    if not all(number.isascii() and number.isdigit() for number in numbers):
        raise UnreadableSourceError("the place to go on from is damaged")
    return tuple(map(int, numbers))


def in_batches(groups: Iterable[Group], rows: int) -> Iterator[Batch]:
    """Yield the groups as batches of at most `rows` items and rejects.

    Raises:
        UnreadableSourceError: as `groups` raised it, after what came before.
    """
    pile = _Pile(rows)
    try:
        for found, cursor in groups:
            fitting, size = _fitting(found)
            if pile.is_full_before(len(fitting), size):
                yield pile.take()
            pile.add(fitting, size, cursor)
    except UnreadableSourceError:
        if pile.is_something:
            yield pile.take()
        raise
    if pile.is_something:
        yield pile.take()


def by_count(found: Iterable[Found], cursor: str | None, rows: int) -> Iterator[Batch]:
    """Yield batches whose cursor counts what was given out: for formats that are read quickly.

    Going on means reading from the beginning and leaving out what was given.

    Raises:
        UnreadableSourceError: as `found` raised it, after what came before.
    """
    (done,) = read_cursor(cursor, 1)
    left = islice(found, done, None)
    counted = enumerate(left, start=done + 1)
    return in_batches((((one,), write_cursor(count)) for count, one in counted), rows)


class _Pile:
    """What waits for the next batch."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._items: list[Item] = []
        self._rejects: list[Reject] = []
        self._size = 0
        self._cursor = ""

    @property
    def is_something(self) -> bool:
        return bool(self._items or self._rejects)

    def is_full_before(self, count: int, size: int) -> bool:
        held = len(self._items) + len(self._rejects)
        return held > 0 and (held + count > self._rows or self._size + size > BATCH_BYTES)

    def add(self, found: Sequence[Found], size: int, cursor: str) -> None:
        for one in found:
            if isinstance(one, Item):
                self._items.append(one)
            else:
                self._rejects.append(one)
        self._size += size
        self._cursor = cursor

    def take(self) -> Batch:
        batch = Batch(items=self._items, rejects=self._rejects, cursor=self._cursor)
        self._items, self._rejects, self._size = [], [], 0
        return batch


def _fitting(found: Sequence[Found]) -> tuple[list[Found], int]:
    """Return what was found in the form in which it can travel, and its size in bytes."""
    size = 0
    fitting: list[Found] = []
    for one in found:
        kept = one
        try:
            length = len(_encode(one))
        except UnicodeEncodeError:
            kept, length = reject(one.position, Why.ENCODING, "text with half a character"), 0
        except OverflowError:
            kept, length = reject(one.position, Why.UNSUPPORTED, "a number over 64 bits"), 0
        if length > MAX_ITEM:  # THREAT T23: one item cannot fill the memory of who takes it
            detail = f"{length} bytes, at most {MAX_ITEM}"
            kept, length = reject(one.position, Why.TOO_LARGE, detail), 0
        fitting.append(kept)
        size += length
    return fitting, size
