"""Checks of a record store: what a unit and a batch do, and what is left when they do not."""

from collections.abc import Sequence

import pytest

from sealhold.model.errors import ConflictError, FenceLostError
from sealhold.stores.spec import (
    Bump,
    Delete,
    DeleteWhere,
    Expect,
    Fence,
    Found,
    Guard,
    Op,
    Outcome,
    Put,
    Result,
    Unit,
)

from .record_bench import HOLDER, NOW, RIVAL, SHARD, TTL_S, USED, Place, leaf, name_of, put, thing

APPLIED = Result(Outcome.APPLIED)


def a_row_has_version_1_when_new_and_one_more_at_each_put_or_bump(place: Place) -> None:
    opened = place.create()

    opened.commit([put(thing(1))])
    opened.commit([put(thing(1))], [put(thing(2), Expect.ABSENT)])
    opened.commit([put(thing(1), Expect.PRESENT)], [Bump("things", (name_of(2),), "used", 1, 9)])

    assert opened.versions(1, 2) == [3, 2]


def a_row_that_is_put_again_after_its_end_begins_at_version_1(place: Place) -> None:
    opened = place.create()

    opened.commit([put(thing(1)), put(thing(1)), Delete("things", (name_of(1),)), put(thing(1))])

    assert opened.versions(1) == [1]


def an_expectation_that_does_not_hold_is_a_conflict_and_changes_nothing(place: Place) -> None:
    opened = place.create()
    opened.commit([put(thing(1)), put(thing(1))])
    key, other = (name_of(1),), (name_of(9),)
    refused: list[Op] = [
        put(thing(1, day=5), Expect.ABSENT),
        put(thing(1, day=5), 1),
        put(thing(1, day=5), 3),
        put(thing(9), Expect.PRESENT),
        put(thing(9), 1),
        Delete("things", key, Expect.ABSENT),
        Delete("things", key, 1),
        Delete("things", other, Expect.PRESENT),
        Delete("things", other, 1),
        Guard("things", key, Expect.ABSENT),
        Guard("things", key, 1),
        Guard("things", other, Expect.PRESENT),
        Guard("things", other, 0),
        Bump("things", other, "used", 1, 9),
    ]

    results = opened.commit(*([op] for op in refused))

    assert results == [Result(Outcome.CONFLICT, 0)] * len(refused)
    assert opened.versions(1, 9) == [2, 0]


def of_many_new_rows_one_that_was_there_fails_alone(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(300, day=7))

    results = opened.commit(*([put(thing(n), Expect.ABSENT)] for n in range(1, 501)))

    assert [n for n, result in enumerate(results, 1) if result != APPLIED] == [300]
    assert opened.versions(*range(1, 501)) == [1] * 500
    assert opened.store.get("things", [(name_of(300),)])[0] == Found(thing(300, day=7), 1)


def a_row_that_comes_twice_among_many_is_put_twice(place: Place) -> None:
    opened = place.create()
    numbers = [*range(1, 301), 150]

    opened.commit([put(thing(n, day=at)) for at, n in enumerate(numbers)])

    found = opened.store.get("things", [(name_of(150),)])[0]
    assert found == Found(thing(150, day=300), 2)
    assert sum(opened.versions(*range(1, 301))) == 301


def an_expectation_that_holds_lets_its_operation_happen(place: Place) -> None:
    opened = place.create()
    opened.commit([put(thing(1)), put(thing(1))], [put(thing(2))], [put(thing(3))])
    key, other = (name_of(1),), (name_of(9),)

    results = opened.commit(
        [Guard("things", key, 2), Guard("things", key, Expect.PRESENT)],
        [Guard("things", other, Expect.ABSENT), Guard("things", other, Expect.ANY)],
        [Delete("things", other, Expect.ABSENT), Delete("things", other)],
        [put(thing(1), 2), put(thing(1), Expect.PRESENT), put(thing(8), Expect.ABSENT)],
        [Delete("things", (name_of(2),), 1), Delete("things", (name_of(3),), Expect.PRESENT)],
    )

    assert results == [APPLIED] * 5
    assert opened.versions(1, 2, 3, 8, 9) == [4, 0, 0, 1, 0]


def equal_operations_with_other_expectations_are_told_apart(place: Place) -> None:
    opened = place.create()
    gone = (name_of(9),)

    results = opened.commit(
        [Delete("things", gone)],
        [Delete("things", gone, Expect.PRESENT)],
        [put(thing(1))],
        [put(thing(1), Expect.ABSENT)],
        [put(thing(1), Expect.PRESENT)],
    )

    conflict = Result(Outcome.CONFLICT, 0)
    assert results == [APPLIED, conflict, APPLIED, conflict, APPLIED]


def a_failed_unit_leaves_no_trace_and_the_others_whole(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(5, day=7), thing(6, used=3))

    results = opened.commit(
        [put(thing(1)), put(leaf(1))],
        [
            put(thing(2)),
            put(thing(5, day=8)),
            Bump("things", (name_of(6),), "used", 1, 9),
            DeleteWhere("things", "day", (7,)),
            Guard("things", (name_of(1),), Expect.ABSENT),
        ],
        [put(thing(3)), put(leaf(3))],
    )

    assert results == [APPLIED, Result(Outcome.CONFLICT, 4), APPLIED]
    assert opened.numbers() == [1, 3, 5, 6]
    assert opened.versions(5, 6) == [1, 1]
    assert opened.store.get("leaves", [leaf(2)[:2], leaf(3)[:2]])[0] is None


def a_unit_sees_what_the_operations_before_it_did(place: Place) -> None:
    opened = place.create()

    results = opened.commit(
        [put(thing(1), Expect.ABSENT), Guard("things", (name_of(1),), 1)],
        [put(thing(1), 1), Delete("things", (name_of(1),), 2), put(thing(1), Expect.ABSENT)],
        [put(thing(1), Expect.ABSENT)],
    )

    assert results == [APPLIED, APPLIED, Result(Outcome.CONFLICT, 0)]


def a_prefix_delete_takes_exactly_its_rows_and_counts_them(place: Place) -> None:
    opened = place.create()
    opened.keep(*(thing(n, day=n % 3, code="ab"[n % 2]) for n in range(12)))

    results = opened.commit(
        [DeleteWhere("things", "day", (0,)), DeleteWhere("things", "code_day", ("b",))],
        [DeleteWhere("things", "day", (0,))],
        [DeleteWhere("things", "key", (name_of(4),))],
    )

    assert [result.removed for result in results] == [8, 0, 1]
    assert opened.numbers() == [2, 8, 10]


def an_empty_prefix_takes_every_row_of_the_table_alone(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1), thing(2), leaf(1))

    [result] = opened.commit([DeleteWhere("things", "key", ())])

    assert result.removed == 2
    assert opened.numbers() == []
    assert len(opened.store.scan("leaves", "key", (), ()).rows) == 1


def a_bump_adds_up_to_its_cap_and_no_further(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1, used=2))
    key = (name_of(1),)

    results = opened.commit(
        [Bump("things", key, "used", 3, 5)],
        [put(thing(7)), Bump("things", key, "used", 1, 5)],
        [Bump("things", key, "used", -4, 5)],
    )

    assert results == [APPLIED, Result(Outcome.EXHAUSTED, 1), APPLIED]
    [found] = opened.store.get("things", [key])
    assert found is not None
    assert (found.row[USED], found.v) == (1, 3)
    assert opened.versions(7) == [0]


def a_bump_beyond_64_bits_is_exhausted_and_never_wraps(place: Place) -> None:
    opened = place.create()
    highest, lowest = 2**63 - 1, -(2**63)
    opened.keep(thing(1, used=highest), thing(2, used=lowest))

    results = opened.commit(
        [Bump("things", (name_of(1),), "used", 1, highest)],
        [Bump("things", (name_of(2),), "used", -1, highest)],
        [Bump("things", (name_of(2),), "used", highest, lowest)],
        [Bump("things", (name_of(1),), "used", lowest, highest)],
    )

    assert [result.outcome for result in results] == [Outcome.EXHAUSTED] * 3 + [Outcome.APPLIED]
    found = opened.store.get("things", [(name_of(1),), (name_of(2),)])
    assert [row.row[USED] for row in found if row] == [-1, lowest]


def what_does_not_fit_its_table_is_rejected_alone(place: Place) -> None:
    opened = place.create()
    good = thing(1)
    cells = [
        (0, b"short"), (0, bytearray(16)), (0, "x" * 16), (1, True), (1, 2**63), (1, 1.5),
        (2, "x" * 33), (2, "naïve"), (2, "tab\t"), (2, b"a"), (3, 1), (4, None), (5, b"t" * 15),
        (6, b"h" * 33), (7, b"plain"),
    ]  # fmt: skip
    misfits: list[Op] = [Put("things", (*good[:at], cell, *good[at + 1 :])) for at, cell in cells]
    misfits += [
        Put("nothing", good),
        Put("things", good[:-1]),
        Put("things", good, 2**63),
        Put("things", good, expect=True),
        Delete("things", ()),
        Delete("things", (b"x",)),
        DeleteWhere("things", "colour", ()),
        DeleteWhere("things", "day", (1, 2)),
        DeleteWhere("things", "day", (b"1",)),
        Guard("leaves", (name_of(1),), Expect.ABSENT),
        Bump("things", (name_of(1),), "day", 1, 9),
        Bump("things", (name_of(1),), "colour", 1, 9),
        Bump("leaves", leaf(1)[:2], "seq", 1, 9),
        Bump("things", (name_of(1),), "used", 2**63, 9),
    ]

    results = opened.commit(*([put(thing(2)), op] for op in misfits), [put(good)])

    assert results == [Result(Outcome.REJECTED, 1)] * len(misfits) + [APPLIED]
    assert opened.numbers() == [1]


def an_empty_unit_and_an_empty_batch_are_applied(place: Place) -> None:
    opened = place.create()

    assert opened.commit([]) == [APPLIED]
    assert opened.commit() == []


def finish_is_called_once_with_all_results_and_its_operations_happen(place: Place) -> None:
    opened = place.create()
    opened.keep(thing(1))
    seen: list[list[Result]] = []

    def finish(results: Sequence[Result]) -> list[Op]:
        seen.append(list(results))
        return [put(leaf(len(results)))]

    units = [Unit((put(thing(2)),)), Unit((put(leaf(9)), put(thing(1), Expect.ABSENT)))]
    results = opened.store.commit(units, finish, opened.fence)

    assert seen == [results] == [[APPLIED, Result(Outcome.CONFLICT, 1)]]
    assert [found.row for found in opened.store.scan("leaves", "key", (), ()).rows] == [leaf(2)]


def finish_that_raises_takes_the_whole_batch_back(place: Place) -> None:
    opened = place.create()

    def finish(_results: Sequence[Result]) -> list[Op]:
        raise LookupError

    with pytest.raises(LookupError):
        opened.store.commit([Unit((put(thing(1)),))], finish, opened.fence)

    assert opened.numbers() == []
    assert opened.commit([put(thing(2), Expect.ABSENT)]) == [APPLIED]


def an_operation_of_finish_that_fails_takes_the_whole_batch_back(place: Place) -> None:
    opened = place.create()
    failing: list[Op] = [
        Guard("things", (name_of(9),), Expect.PRESENT),
        Bump("things", (name_of(1),), "used", 1, 0),
        Put("nothing", ()),
    ]

    for op in failing:
        with pytest.raises(ConflictError):
            opened.commit([put(thing(1))], finish=[put(leaf(1)), op])

    assert opened.numbers() == []
    assert opened.store.scan("leaves", "key", (), ()).rows == []


def a_lease_that_another_took_over_writes_nothing_more(place: Place) -> None:
    opened = place.create()
    later = type(NOW)(NOW + TTL_S * 1000)

    newest = opened.store.lease(SHARD, RIVAL, TTL_S, later)

    assert newest > opened.fence
    with pytest.raises(FenceLostError):
        opened.commit([put(thing(1))])
    assert opened.numbers() == []
    opened.fence = newest
    assert opened.commit([put(thing(1))]) == [APPLIED]


def a_fence_that_was_never_given_writes_nothing(place: Place) -> None:
    opened = place.create()

    for fence in (0, -1, opened.fence + 1):
        with pytest.raises(FenceLostError):
            opened.store.commit([Unit((put(thing(1)),))], lambda _r: [], Fence(fence))

    assert opened.numbers() == []


def the_holder_of_a_lease_renews_it_and_keeps_its_fence(place: Place) -> None:
    opened = place.create()
    other_shard = type(SHARD)(b"o" * 16)

    again = opened.store.lease(SHARD, HOLDER, TTL_S, type(NOW)(NOW + 999_999))
    other = opened.store.lease(other_shard, RIVAL, TTL_S, NOW)

    assert again == opened.fence
    assert other != opened.fence
    assert opened.commit([put(thing(1))]) == [APPLIED]
