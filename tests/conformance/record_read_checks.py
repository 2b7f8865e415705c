"""Checks of a record store: what is found, in which order, and as of which moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from sealhold.model.errors import InvalidError
from sealhold.stores.spec import (
    MAX_ROW,
    Cursor,
    Delete,
    DeleteWhere,
    Found,
    Key,
    Op,
    Page,
    ReadView,
    RecordStore,
    Result,
    Unit,
)

from .record_bench import Place, leaf, name_of, put, thing


def _found(view: ReadView, index: str, lo: Key, hi: Key, *, reverse: bool = False) -> list[int]:
    rows = view.scan("things", index, lo, hi, reverse=reverse).rows
    return [int.from_bytes(found.row[0]) for found in rows]


def _paged(view: ReadView, index: str, *, limit: int, reverse: bool = False) -> list[int]:
    numbers: list[int] = []
    cursor = None
    while True:
        page = view.scan("things", index, (), (), after=cursor, limit=limit, reverse=reverse)
        numbers += [int.from_bytes(found.row[0]) for found in page.rows]
        assert len(page.rows) <= limit
        if page.cursor is None:
            return numbers
        cursor = page.cursor


def _number(found: Found) -> int:
    return int.from_bytes(found.row[0])


def _view_of(store: RecordStore) -> Callable[..., Page]:
    def scan(*asked: Any, **more: Any) -> Page:  # noqa: ANN401  # reason: as a scan is asked
        with store.snapshot() as view:
            return view.scan(*asked, **more)

    return scan


def a_get_answers_each_key_in_its_place(place: Place) -> None:
    opened = place.create()
    rows = [thing(1, used=-5), thing(2, code="", size=5_000)]
    opened.keep(*rows)

    found = opened.store.get("things", [(name_of(n),) for n in (2, 9, 1, 2)])

    assert [row and row.row for row in found] == [rows[1], None, rows[0], rows[1]]
    assert opened.store.get("things", []) == []


def rows_are_counted_up_to_a_bound(place: Place) -> None:
    opened = place.create()
    assert opened.store.count("things", 3) == 0

    opened.keep(thing(1), thing(2), leaf(1))

    assert [opened.store.count("things", most) for most in (1, 2, 3)] == [1, 2, 2]
    assert opened.store.count("leaves", 9) == 1
    with pytest.raises(InvalidError):
        opened.store.count("nothing", 9)


def a_cell_comes_back_as_the_value_and_type_it_was(place: Place) -> None:
    opened = place.create()
    row = thing(2, day=-40_000, code="~ !", used=-(2**63))
    opened.keep(row)

    [found] = opened.store.get("things", [row[:1]])

    assert found is not None
    assert found.row == row
    assert [type(cell) for cell in found.row] == [type(cell) for cell in row]


def a_scan_orders_bytes_unsigned_and_integers_by_value(place: Place) -> None:
    opened = place.create()
    days = {1: -3, 0x80: 10, 0xFF: 9, 0x100: -20, 0x7F: 0}
    opened.keep(*(thing(number, day=day) for number, day in days.items()))

    assert opened.numbers() == [1, 0x7F, 0x80, 0xFF, 0x100]
    assert _found(opened.store, "day", (), ()) == [0x100, 1, 0x7F, 0xFF, 0x80]


def a_scan_orders_codes_by_byte_and_breaks_ties_by_key(place: Place) -> None:
    opened = place.create()
    codes = {5: "b", 4: "B", 3: "a", 2: "", 1: "b", 6: "a-b"}
    opened.keep(*(thing(number, code=code) for number, code in codes.items()))

    assert _found(opened.store, "code_day", (), ()) == [2, 4, 3, 6, 1, 5]
    assert _found(opened.store, "code_day", (), (), reverse=True) == [5, 1, 6, 3, 4, 2]


def bounds_take_the_lower_and_leave_the_upper_also_as_prefixes(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n, code="abc"[n // 3], day=n % 3) for n in range(9)))
    expected: list[tuple[Key, Key, list[int]]] = [
        (("a",), ("c",), [0, 1, 2, 3, 4, 5]),
        (("b",), ("b", 2), [3, 4]),
        (("b", 1), ("c",), [4, 5]),
        (("b", 1), ("c", 1), [4, 5, 6]),
        (("b",), ("b",), []),
        (("c",), ("a",), []),
        ((), ("b",), [0, 1, 2]),
        (("c", 1), (), [7, 8]),
    ]

    for lo, hi, numbers in expected:
        assert _found(opened.store, "code_day", lo, hi) == numbers
        assert _found(opened.store, "code_day", lo, hi, reverse=True) == numbers[::-1]


def a_bound_on_bytes_may_be_shorter_or_longer_than_what_is_kept(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1), thing(2), thing(3))

    assert _found(opened.store, "key", (b"",), (name_of(3),)) == [1, 2]
    assert _found(opened.store, "key", (name_of(2) + b"\x00",), (b"\xff" * 20,)) == [3]


def pages_follow_each_other_without_gap_or_repeat(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n, day=n % 4, code="ab"[n % 2]) for n in range(30)))

    for index in ("key", "day", "code_day"):
        whole = _found(opened.store, index, (), ())
        for limit in (1, 7, 29, 30, 31):
            for reverse in (False, True):
                paged = _paged(opened.store, index, limit=limit, reverse=reverse)
                assert paged == (whole[::-1] if reverse else whole)


def a_page_ends_before_its_sealed_cells_have_too_many_bytes(place: Place) -> None:
    opened = place.create()
    large = MAX_ROW - 1_000  # four of them are a page
    opened.keep(thing(0), *(thing(n, size=large, day=-n) for n in range(1, 7)), thing(7))

    for ask in (opened.store.scan, _view_of(opened.store)):
        first = ask("things", "key", (), ())
        rest = ask("things", "key", (), (), after=first.cursor)
        assert [*map(_number, first.rows)] == [0, 1, 2, 3, 4]
        assert [*map(_number, rest.rows)] == [5, 6, 7]
        assert rest.cursor is None
    assert _paged(opened.store, "key", limit=3) == [*range(8)]
    assert _paged(opened.store, "key", limit=1_000, reverse=True) == [*range(8)][::-1]
    assert _paged(opened.store, "day", limit=1_000) == [6, 5, 4, 3, 2, 1, 0, 7]


def a_long_sealed_cell_is_left_out_where_it_is_not_wanted(place: Place) -> None:
    opened = place.create()
    sizes = {n: 100_000 + n for n in range(1, 8)}
    opened.keep(*(thing(n, size=size) for n, size in sizes.items()))
    names = [(name_of(n),) for n in sizes]

    for some in (names, names[2:3]):
        found = opened.store.get("things", some, most=100_003)
        left_out = [each.row[-1] is None for each in found if each]
        assert left_out == [int.from_bytes(key[0]) > 3 for key in some]
    page = opened.store.scan("things", "day", (), (), most=100_003)
    assert [len(each.row[-1] or b"") for each in page.rows] == [
        100_001,
        100_002,
        100_003,
        0,
        0,
        0,
        0,
    ]
    assert [each.row[:-1] for each in page.rows] == [thing(n)[:-1] for n in sizes]
    assert opened.store.scan("things", "key", (), (), limit=2, most=0).rows[1].row[-1] is None
    assert opened.store.get("leaves", [leaf(1)[:2]], most=0) == [None]


def a_cursor_holds_while_rows_come_and_go_and_never_leaves_the_bounds(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n, day=n) for n in range(6)))
    first = opened.store.scan("things", "day", (1,), (5,), limit=2)

    opened.commit([Delete("things", (name_of(2),)), put(thing(7, day=2)), put(thing(8, day=4))])

    rest = opened.store.scan("things", "day", (1,), (5,), after=first.cursor)
    assert [int.from_bytes(found.row[0]) for found in rest.rows] == [7, 3, 4, 8]
    narrow = opened.store.scan("things", "day", (4,), (5,), after=first.cursor)
    assert [int.from_bytes(found.row[0]) for found in narrow.rows] == [4, 8]


def a_scan_that_cannot_be_answered_is_refused(place: Place) -> None:
    store = place.create().store
    page = Cursor(b"\x81\x01")

    for table, index, lo, hi, after, limit in (
        ("nothing", "key", (), (), None, 1),
        ("things", "colour", (), (), None, 1),
        ("things", "day", ("x",), (), None, 1),
        ("things", "day", (1, 2), (), None, 1),
        ("things", "day", (), (2**63,), None, 1),
        ("things", "day", (), (), page, 1),
        ("things", "day", (), (), Cursor(b"\xff"), 1),
        ("things", "day", (), (), None, 0),
        ("things", "day", (), (), None, 1_001),
    ):
        with pytest.raises(InvalidError):
            store.scan(table, index, lo, hi, after=after, limit=limit)


def a_get_of_no_table_or_no_key_is_refused(place: Place) -> None:
    store = place.create().store

    for table, key in (("nothing", (name_of(1),)), ("things", (b"x",)), ("leaves", (name_of(1),))):
        with pytest.raises(InvalidError):
            store.get(table, [key])


def a_read_after_a_commit_sees_it_in_every_thread(place: Place) -> None:
    opened = place.create()

    with ThreadPoolExecutor(4) as pool:
        for number in range(1, 20):
            opened.keep(thing(number))
            seen = list(pool.map(opened.versions, [number] * 8))
            assert seen == [[1]] * 8


def a_read_within_finish_sees_the_state_before_the_batch(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1))
    seen: list[list[int]] = []

    def finish(_results: Sequence[Result]) -> list[Op]:
        seen.append(opened.numbers())
        return []

    opened.store.commit([Unit((put(thing(2)),))], finish, opened.fence)

    assert seen == [[1]]


def a_snapshot_stays_while_commits_go_on(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n) for n in range(5)), leaf(1))

    with opened.store.snapshot() as view:
        opened.commit(
            [DeleteWhere("things", "key", ()), DeleteWhere("leaves", "key", ())],
            [put(thing(9)), put(thing(9))],
        )

        assert _paged(view, "key", limit=2) == [0, 1, 2, 3, 4]
        assert view.get("things", [(name_of(9),)]) == [None]
        assert view.get("leaves", [leaf(1)[:2]])[0] is not None
        assert opened.numbers() == [9]
    with opened.store.snapshot() as view:
        assert _found(view, "key", (), ()) == [9]


def readers_see_all_of_a_batch_or_nothing(place: Place) -> None:
    opened = place.create()
    counts: list[int] = []
    written = Event()

    def read() -> None:
        while not written.is_set():
            counts.append(len(opened.numbers()))

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        for first in range(0, 40, 10):
            opened.keep(*(thing(n) for n in range(first, first + 10)))
        written.set()
        reading.result()

    assert {count % 10 for count in counts} <= {0}
    assert counts == sorted(counts)


def many_keys_are_read_in_their_order_absent_and_doubled_ones_too(place: Place) -> None:
    opened = place.create()
    opened.commit([put(thing(n)) for n in range(1, 700, 2)])
    numbers = [*range(699, 0, -1), 5, 5, 6]

    versions = opened.versions(*numbers)

    assert versions == [n % 2 for n in numbers]
