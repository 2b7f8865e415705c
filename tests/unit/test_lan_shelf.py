"""What a device keeps for the others in its network: cursors of another time, and its room."""

from itertools import count

import pytest

from sealhold.model.errors import BadTokenError, InvalidError, StoreFullError
from sealhold.model.ids import Id16, ObjectName, SealedBytes
from sealhold.net.relay.names import Item, Sort
from sealhold.net.relay.spec import Stored
from sealhold.sharing.devices.lanshelf import BLOCK, BoundedObjects, Shelf
from sealhold.stores.backends.memory import MemoryObjects
from sealhold.stores.spec import Kept, ObjectStore

BOX = Id16(b"a mailbox of one")
LOG, OTHER = b"\xff" * 16, b"\x00" * 16
MAX = (1 << 63) - 1


def entry(seq: int, log: bytes = LOG) -> Item:
    return Item(BOX, Sort.LOG, log, seq)


def shelf(objects: ObjectStore, drawn: int = 7) -> Shelf:
    """Return a shelf whose cursors begin at a number that is given."""
    return Shelf(objects, drawn.to_bytes)


def told(kept: Shelf, after: int) -> set[Item]:
    return {item for item, _size in kept.news(BOX, after, 100).items}


@pytest.mark.parametrize(("before", "since"), [(7, 9), (9, 7), (7, 7)])
def test_nothing_is_missed_by_who_kept_a_cursor_of_another_time(before: int, since: int) -> None:
    objects = MemoryObjects()
    first = shelf(objects, before)
    assert first.news(BOX, 0, 100).items == []
    first.put(entry(0), b"e")
    cursor = first.news(BOX, 0, 100).cursor
    first.put(entry(0, OTHER), b"e")  # before it by name, and after it by arrival
    again = shelf(objects, since)

    # as a carrier asks: a cursor that comes back lower begins anew
    news = again.news(BOX, cursor, 100)
    seen = {item for item, _size in news.items}
    if news.cursor < cursor:
        seen = told(again, 0)
    # a start that drew the very same number is the one in 2^40 that can miss something
    assert (entry(0, OTHER) in seen) == (before != since)


def test_a_cursor_of_now_tells_what_came_since_and_no_packs() -> None:
    kept = shelf(MemoryObjects())
    kept.put(entry(0), b"e")
    cursor = kept.news(BOX, 0, 100).cursor
    kept.put(Item(BOX, Sort.PACK, b"p" * 32), b"pack")
    kept.put(entry(2), b"e")
    kept.put(entry(1), b"e")
    assert told(kept, cursor) == {entry(2)}
    newest = kept.news(BOX, cursor, 100).cursor
    assert told(kept, newest) == set()
    assert kept.news(BOX, MAX, 100).cursor == newest
    assert kept.news(BOX, 0, 1).cursor == cursor


def test_what_was_deleted_is_told_no_more() -> None:
    kept = shelf(MemoryObjects())
    key = Item(BOX, Sort.KEY, b"k" * 16)
    kept.put(key, b"segment")
    assert told(kept, 0) == {key}
    kept.delete(key)
    assert told(kept, 0) == set()
    assert kept.news(BOX, 0, 100).cursor > 0


def test_who_waits_with_a_cursor_from_the_future_is_answered_at_once() -> None:
    kept = shelf(MemoryObjects())
    kept.put(entry(0), b"e")
    kept.wait(BOX, MAX, 60.0)
    kept.wait(BOX, 0, 60.0)
    kept.stop()
    kept.wait(BOX, kept.news(BOX, 0, 100).cursor, 60.0)


def test_a_file_that_somebody_else_put_there_is_left_out() -> None:
    objects = MemoryObjects()
    objects.put(ObjectName(f"m/{BOX.hex()}/notes.txt"), SealedBytes(b"hello"))
    kept = shelf(objects)
    kept.put(entry(0), b"e")
    assert [item for item, _size in kept.names(BOX, "", None, 10)] == [entry(0)]
    assert told(kept, 0) == {entry(0)}


def test_names_come_in_pages_below_what_is_asked_for() -> None:
    kept = shelf(MemoryObjects())
    for seq in range(5):
        kept.put(entry(seq), bytes([seq]) * (seq + 1))
    page = kept.names(BOX, f"log/{LOG.hex()}", entry(1), 2)
    assert list(page) == [(entry(2), 3), (entry(3), 4)]
    for within in ("lo", "log/", "log/ff", "../m", "key/00"):
        with pytest.raises(InvalidError):
            kept.names(BOX, within, None, 2)


def test_a_token_names_a_mailbox_or_nothing() -> None:
    kept = shelf(MemoryObjects())
    assert kept.bearer(BOX.hex()).of == BOX
    for token in ("", "x", BOX.hex().upper(), BOX.hex() + "0"):
        with pytest.raises(BadTokenError):
            kept.bearer(token)


def test_room_is_what_is_there_in_whole_blocks() -> None:
    objects, names = MemoryObjects(), count()

    def fresh() -> ObjectName:
        return entry(next(names)).whole()

    objects.put(first := fresh(), SealedBytes(bytes(BLOCK + 1)))
    bounded = BoundedObjects(objects, 4 * BLOCK)
    bounded.put(second := fresh(), SealedBytes(b"1"))
    assert bounded.put(second, SealedBytes(b"2")) is Kept.EXISTS  # and takes no room
    bounded.put(fresh(), SealedBytes(bytes(BLOCK)))
    with pytest.raises(StoreFullError):
        bounded.put(fresh(), SealedBytes(b"1"))
    bounded.delete(first)
    bounded.put(fresh(), SealedBytes(bytes(2 * BLOCK)))
    with pytest.raises(StoreFullError):
        bounded.put(fresh(), SealedBytes(b"1"))


def test_a_full_shelf_says_so_and_taken_names_stay_as_they_are() -> None:
    kept = Shelf(MemoryObjects(), bytes, 2 * BLOCK)
    assert kept.put(entry(0), b"one") is Stored.CREATED
    assert kept.put(entry(0), b"one") is Stored.SAME
    assert kept.put(entry(0), b"two") is Stored.TAKEN
    assert kept.put(entry(1), bytes(BLOCK + 1)) is Stored.FULL
    assert kept.get(entry(0)) == b"one"
