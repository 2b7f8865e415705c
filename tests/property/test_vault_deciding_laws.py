"""Laws of the rows that decide: memory is the store, and the hash is that of the set alone."""

from hypothesis import given
from hypothesis import strategies as st

from sealhold.crypto.secret import Secret
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.spec import (
    Bump,
    ColumnKind,
    Delete,
    Expect,
    Fence,
    Guard,
    Op,
    Outcome,
    Put,
    TableSpec,
    Unit,
)
from sealhold.vault.deciding import Deciding, scan_all

BUDGET = TableSpec(
    name="budget",
    columns={"name": ColumnKind.CODE, "used": ColumnKind.I64},
    key=("name",),
    indexes={},
)
NOTE = TableSpec(
    name="note",
    columns={"one": ColumnKind.I64, "two": ColumnKind.I64, "text": ColumnKind.CODE},
    key=("one", "two"),
    indexes={},
)
OTHER = TableSpec(
    name="other", columns={"name": ColumnKind.CODE}, key=("name",), indexes={}
)  # does not decide
KEY = Secret(bytes(32), "set hash")

names = st.sampled_from("abc")
small = st.integers(0, 2)
expects = st.sampled_from([Expect.ANY, Expect.ANY, Expect.ABSENT, Expect.PRESENT, 1, 2])
ops: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda n, v, e: Put("budget", (n, v), e), names, st.integers(0, 9), expects),
    st.builds(lambda a, b, t, e: Put("note", (a, b, t), e), small, small, names, expects),
    st.builds(lambda n, e: Delete("budget", (n,), e), names, expects),
    st.builds(lambda a, b: Delete("note", (a, b)), small, small),
    st.builds(lambda n, d: Bump("budget", (n,), "used", d, 12), names, st.integers(0, 5)),
    st.builds(lambda n, e: Guard("budget", (n,), e), names, expects),
    st.builds(lambda n: Put("other", (n,)), names),
)
units = st.lists(st.lists(ops, max_size=4).map(lambda found: Unit(tuple(found))), max_size=5)


class Both:
    """A store, and what memory makes of its batches."""

    def __init__(self) -> None:
        self.store = MemoryRecords()
        self.store.open([BUDGET, NOTE, OTHER], None, create=True)
        self.fence: Fence = self.store.lease(Id16(bytes(16)), Id16(bytes(16)), 60, Instant(0))
        self.deciding = Deciding([BUDGET, NOTE], KEY)

    def commit(self, batch: list[Unit]) -> None:
        results = self.store.commit(batch, lambda _: (), self.fence)
        applied = [
            op
            for unit, result in zip(batch, results, strict=True)
            if result.outcome is Outcome.APPLIED
            for op in unit.ops
        ]
        self.deciding.adopt(self.deciding.preview(applied))

    def fresh(self) -> Deciding:
        found = Deciding([BUDGET, NOTE], KEY)
        found.load(self.store)
        return found


@given(st.lists(units, max_size=6))
def test_memory_is_what_a_fresh_load_finds_after_any_batches(batches: list[list[Unit]]) -> None:
    both = Both()

    for batch in batches:
        both.commit(batch)

    fresh = both.fresh()
    assert both.deciding.total == fresh.total
    for spec in (BUDGET, NOTE):
        for found in scan_all(both.store, spec):
            key = found.row[: len(spec.key)]
            assert both.deciding.get(spec.name, *key) == found
        assert sorted(str(found) for found in both.deciding.all(spec.name)) == sorted(
            str(found) for found in fresh.all(spec.name)
        )


@given(st.lists(units, max_size=3), units)
def test_a_preview_changes_nothing_until_it_is_adopted(
    before: list[list[Unit]], batch: list[Unit]
) -> None:
    both = Both()
    for each in before:
        both.commit(each)
    total, rows = both.deciding.total, sorted(str(row) for row in both.deciding.all("budget"))
    only_puts = [op for unit in batch for op in unit.ops if isinstance(op, Put)]

    both.deciding.preview(only_puts)

    assert both.deciding.total == total
    assert sorted(str(row) for row in both.deciding.all("budget")) == rows


rows = st.lists(st.tuples(names, st.integers(0, 9)), unique_by=lambda row: row[0])


@given(rows.flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_hash_does_not_depend_on_the_order_in_which_rows_came(
    both: tuple[list[tuple[str, int]], list[tuple[str, int]]],
) -> None:
    one, other = Both(), Both()

    one.commit([Unit(tuple(Put("budget", row) for row in both[0]))])
    for row in both[1]:
        other.commit([Unit((Put("budget", row),))])

    assert one.deciding.total == other.deciding.total


@given(st.lists(units, max_size=4), names, st.integers(0, 9))
def test_another_value_or_version_of_one_row_is_another_hash(
    batches: list[list[Unit]], name: str, value: int
) -> None:
    both = Both()
    for batch in batches:
        both.commit(batch)
    both.commit([Unit((Put("budget", (name, value)),))])
    total = both.deciding.total

    both.commit([Unit((Put("budget", (name, value)),))])  # the same value, a version on
    newer = both.deciding.total
    both.commit([Unit((Put("budget", (name, value + 1)),))])

    assert len({total, newer, both.deciding.total}) == 3


@given(st.lists(units, max_size=4))
def test_rows_that_do_not_decide_do_not_count(batches: list[list[Unit]]) -> None:
    both = Both()
    for batch in batches:
        both.commit(batch)
    total = both.deciding.total

    both.commit([Unit((Put("other", ("new",)),))])

    assert both.deciding.total == total == both.fresh().total
