"""Rows that are remembered are those that were last committed."""

import threading
from collections.abc import Sequence

import pytest

from sealhold.model.ids import Id16
from sealhold.stores import remembering
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.remembering import Remembering
from sealhold.stores.spec import Delete, DeleteWhere, Expect, Fence, Found, Key, Op, Put, Unit
from tests.conformance.record_bench import HOLDER, KEY, NOW, SHARD, TABLES, THINGS, TTL_S, thing

NAME = THINGS.name


class Counting(MemoryRecords):
    """A store that counts what is read of it, and can be held up in the middle of a read."""

    def __init__(self) -> None:
        super().__init__()
        self.read = 0
        self.reached = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        self.read += 1
        found = super().get(table, keys, most=most)
        self.reached.set()
        self.may_end.wait(5)
        return found


@pytest.fixture
def inner() -> Counting:
    return Counting()


@pytest.fixture
def store(inner: Counting) -> Remembering:
    made = Remembering(inner, [THINGS])
    made.open(TABLES, lambda: KEY, create=True)
    return made


def commit(store: Remembering, *ops: Op) -> None:
    fence: Fence = store.lease(SHARD, HOLDER, TTL_S, NOW)
    store.commit([Unit(ops)], lambda _: (), fence)


def keyed(number: int) -> tuple[Id16]:
    return (Id16(number.to_bytes(16, "big")),)


def test_a_row_is_read_once(store: Remembering, inner: Counting) -> None:
    commit(store, Put(NAME, thing(1)))

    rows = [store.get(NAME, [keyed(1)]) for _ in range(3)]

    assert rows[0] == rows[1] == rows[2]
    assert inner.read == 1


@pytest.mark.parametrize(
    ("op", "used"),
    [
        (Put(NAME, thing(1, used=7)), [7]),
        (Delete(NAME, keyed(1)), []),
        (DeleteWhere(NAME, "key", ()), []),
    ],
)
def test_a_read_behind_a_commit_sees_it(store: Remembering, op: Op, used: list[int]) -> None:
    commit(store, Put(NAME, thing(1), Expect.ABSENT))
    store.get(NAME, [keyed(1)])

    commit(store, op)

    at = list(THINGS.columns).index("used")
    assert [each.row[at] for each in store.get(NAME, [keyed(1)]) if each] == used


def test_a_row_that_was_put_over_its_version_need_not_be_read(
    store: Remembering, inner: Counting
) -> None:
    commit(store, Put(NAME, thing(1), Expect.ABSENT))
    commit(store, Put(NAME, thing(1, used=7), 1))

    (found,) = store.get(NAME, [keyed(1)])

    assert found == Found(thing(1, used=7), 2)
    assert inner.read == 0
    assert inner.get(NAME, [keyed(1)]) == [found]


def test_a_row_that_was_touched_twice_in_a_commit_is_read_anew(
    store: Remembering, inner: Counting
) -> None:
    commit(store, Put(NAME, thing(1), Expect.ABSENT), Put(NAME, thing(1, used=7), 1))

    assert store.get(NAME, [keyed(1)]) == [Found(thing(1, used=7), 2)]
    assert inner.read == 1


def test_a_unit_that_failed_leaves_nothing_to_remember(store: Remembering) -> None:
    commit(store, Put(NAME, thing(1), 5))

    assert store.get(NAME, [keyed(1)]) == [None]


def test_what_was_read_before_a_commit_is_not_remembered_behind_it(
    store: Remembering, inner: Counting
) -> None:
    commit(store, Put(NAME, thing(1)))
    inner.may_end.clear()
    reader = threading.Thread(target=store.get, args=(NAME, [keyed(1)]))
    reader.start()
    assert inner.reached.wait(5)

    commit(store, Put(NAME, thing(1, used=7)))
    inner.may_end.set()
    reader.join(5)

    (found,) = store.get(NAME, [keyed(1)])
    assert found is not None
    assert found.v == 2


def test_a_long_row_and_rows_of_other_tables_are_not_remembered(
    store: Remembering, inner: Counting
) -> None:
    commit(store, Put(NAME, thing(1, size=10_000)))

    for _ in range(2):
        store.get(NAME, [keyed(1)])

    assert inner.read == 2


def test_nothing_is_remembered_of_a_store_that_began_anew(
    store: Remembering, inner: Counting
) -> None:
    commit(store, Put(NAME, thing(1)))
    store.get(NAME, [keyed(1)])

    store.renew()
    store.get(NAME, [keyed(1)])

    assert inner.read == 2


def test_a_load_of_thousands_is_forgotten_and_not_remembered(
    store: Remembering, inner: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MOST_PUT", 3)
    commit(store, Put(NAME, thing(1), Expect.ABSENT))

    load = [Put(NAME, thing(number), Expect.ABSENT) for number in (2, 3, 4)]
    commit(store, Put(NAME, thing(1, used=7), 1), *load)

    used = list(THINGS.columns).index("used")
    (found,) = store.get(NAME, [keyed(1)])
    assert found is not None
    assert found.row[used] == 7
    assert inner.read == 1


def test_the_oldest_rows_go_first(
    store: Remembering, inner: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "MOST_ROWS", 2)
    commit(store, *(Put(NAME, thing(number), Expect.ABSENT) for number in (1, 2, 3, 4)))

    store.get(NAME, [keyed(3), keyed(4)])
    kept = inner.read
    store.get(NAME, [keyed(1)])

    assert (kept, inner.read) == (0, 1)
