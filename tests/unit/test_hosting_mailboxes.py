"""What a relay keeps stays whole when a store fails between an object and its row."""

from collections.abc import Callable, Sequence

import pytest

from sealhold.crypto.digest import fingerprint
from sealhold.model.errors import ObjectNotFoundError, StoreUnavailableError
from sealhold.model.ids import Id16
from sealhold.net.relay.names import Item, Sort
from sealhold.net.relay.spec import Stored
from sealhold.sharing.hosting.mailboxes import ROW_ROOM, Mailboxes
from sealhold.sharing.hosting.tables import span
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import Fence, Op, Result, Unit
from tests.relaying import ACCOUNT, Place

BOX = Id16(b"mailbox of tests")
LOG = b"l" * 16
FIRST = Item(BOX, Sort.LOG, LOG, 0)
KEY = Item(BOX, Sort.KEY, b"k" * 16)


class Failing(MemoryRecords):
    """Rows that do not answer when they are told not to, before or after they commit."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = ""
        self.renewed = 0

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        if self.fails == "before":
            raise StoreUnavailableError("away")
        results = super().commit(units, finish, fence)
        if self.fails == "after":
            raise StoreUnavailableError("away")
        return results

    def renew(self) -> None:
        self.renewed += 1


@pytest.fixture
def rows() -> Failing:
    return Failing()


@pytest.fixture
def boxes(rows: Failing) -> Mailboxes:
    boxes = Place(rows=rows).mailboxes()
    assert boxes.open(ACCOUNT, BOX, bytes(32), 1)
    return boxes


def listed(boxes: Mailboxes) -> list[tuple[Item, int]]:
    return list(boxes.names(BOX, "", None, 100))


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_put_whose_commit_was_not_answered_is_repeated_and_counts_once(
    boxes: Mailboxes, rows: Failing, moment: str
) -> None:
    rows.fails = moment
    with pytest.raises(StoreUnavailableError):
        boxes.put(FIRST, b"entry")
    rows.fails = ""

    assert boxes.put(FIRST, b"entry") is Stored.SAME
    assert listed(boxes) == [(FIRST, 5)]
    assert boxes.usage(ACCOUNT).used == 5 + ROW_ROOM
    if moment == "before":  # afterwards nothing was to be committed any more
        assert rows.renewed == 1


def test_what_was_put_and_has_no_row_yet_is_not_taken_by_other_bytes(
    boxes: Mailboxes, rows: Failing
) -> None:
    rows.fails = "before"
    with pytest.raises(StoreUnavailableError):
        boxes.put(FIRST, b"entry")
    rows.fails = ""

    assert boxes.put(FIRST, b"other bytes") is Stored.TAKEN
    assert listed(boxes) == [(FIRST, 5)]
    assert boxes.get(FIRST) == b"entry"


def test_a_deletion_that_was_cut_off_is_ended_by_the_next_or_by_a_put(
    boxes: Mailboxes, rows: Failing
) -> None:
    boxes.put(KEY, b"segment")
    rows.fails = "before"
    with pytest.raises(StoreUnavailableError):
        boxes.delete(KEY)
    rows.fails = ""

    with pytest.raises(ObjectNotFoundError):
        boxes.get(KEY)
    assert boxes.put(KEY, b"segment") is Stored.CREATED
    boxes.delete(KEY)
    boxes.delete(KEY)
    assert listed(boxes) == []
    assert boxes.usage(ACCOUNT).used == 0


def test_what_does_not_fit_leaves_nothing_behind(rows: Failing) -> None:
    place = Place(rows=rows)
    boxes = place.mailboxes()
    boxes.open(ACCOUNT, BOX, bytes(32), 1)
    place.quotas[ACCOUNT] = 5 + ROW_ROOM

    assert boxes.put(FIRST, b"too long") is Stored.FULL
    assert list(place.objects.names()) == []
    assert boxes.put(FIRST, b"entry") is Stored.CREATED
    assert boxes.put(KEY, b"x") is Stored.FULL


def test_arrivals_are_told_in_order_and_a_log_by_its_newest(boxes: Mailboxes) -> None:
    pack = b"pack"
    boxes.put(Item(BOX, Sort.PACK, fingerprint(pack)), pack)
    for seq in range(5):
        boxes.put(Item(BOX, Sort.LOG, LOG, seq), b"entry")
    boxes.put(KEY, b"segment")

    first = boxes.news(BOX, 0, 3)
    second = boxes.news(BOX, first.cursor, 100)

    assert [item.seq for item, _ in first.items] == [2]
    assert {item for item, _ in second.items} == {Item(BOX, Sort.LOG, LOG, 4), KEY}
    assert boxes.news(BOX, second.cursor, 100).items == []
    assert boxes.news(BOX, 1 << 40, 100).cursor == second.cursor == 6


def test_a_span_ends_where_the_next_one_begins() -> None:
    assert span(BOX, "pack/ff") == ((BOX, "pack", b"\xff" + bytes(31)), (BOX, "pack~"))
    assert span(BOX, "pack/0a") == (
        (BOX, "pack", b"\x0a" + bytes(31)),
        (BOX, "pack", b"\x0b" + bytes(31)),
    )
    for none in ("pac", "pack/f", "pack/fff", "key/aa", "log/" + "ff" * 15, "pack/zz", "log/x"):
        assert span(BOX, none) is None
