"""SQLCipher does what the plain store in memory does, for any batches that are thrown at both."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sealhold.model.errors import ConflictError
from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores import tables
from sealhold.stores.backends.memory import MemoryRecords
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import (
    Bump,
    ColumnKind,
    Cursor,
    Delete,
    DeleteWhere,
    Expect,
    Fence,
    Found,
    Guard,
    Key,
    Op,
    Put,
    RecordStore,
    Result,
    TableSpec,
    Unit,
)

PLAIN = TableSpec(
    name="plain",
    columns={"id": ColumnKind.ID16, "n": ColumnKind.I64, "f": ColumnKind.FLAG},
    key=("id",),
    indexes={"n": ("n",), "fn": ("f", "n")},
)
TWOFOLD = TableSpec(
    name="twofold",
    columns={"body": ColumnKind.SEALED, "seq": ColumnKind.I64, "code": ColumnKind.CODE},
    key=("code", "seq"),
    indexes={"seq": ("seq",)},
)
TABLES = (PLAIN, TWOFOLD)

# Small alphabets, so that operations meet on the same rows often.
ids = st.sampled_from([bytes(16), b"\x7f" * 16, b"\x80" * 16, b"\xff" * 16])
numbers = st.sampled_from([-(2**63), -2, -1, 0, 1, 2, 3, 2**63 - 1])
codes = st.sampled_from(["", "A", "a", "a-b", "~"])
bodies = st.sampled_from([b"x" * 28, b"y" * 29])
expects = st.one_of(st.sampled_from(Expect), st.integers(-1, 4))
plain_rows = st.tuples(ids, numbers, st.booleans())
twofold_rows = st.tuples(bodies, numbers, codes)
plain_keys = st.tuples(ids)
twofold_keys = st.tuples(codes, numbers)
keys = st.one_of(
    st.tuples(st.just("plain"), plain_keys), st.tuples(st.just("twofold"), twofold_keys)
)
rows = st.one_of(
    st.tuples(st.just("plain"), plain_rows), st.tuples(st.just("twofold"), twofold_rows)
)


def _prefixes(table: str, index: str, *cells: st.SearchStrategy[object]) -> st.SearchStrategy[Op]:
    lengths = [st.tuples(*cells[:length]) for length in range(1, len(cells) + 1)]
    return st.builds(DeleteWhere, st.just(table), st.just(index), st.one_of(lengths))


ops: st.SearchStrategy[Op] = st.one_of(
    st.builds(lambda at, expect: Put(at[0], at[1], expect), rows, expects),
    st.builds(lambda at, expect: Put(at[0], at[1], expect), rows, st.sampled_from(Expect)),
    st.builds(lambda at, expect: Delete(at[0], at[1], expect), keys, expects),
    st.builds(lambda at, expect: Delete(at[0], at[1], expect), keys, st.sampled_from(Expect)),
    st.builds(lambda at, expect: Guard(at[0], at[1], expect), keys, expects),
    st.builds(Bump, st.just("plain"), plain_keys, st.just("n"), numbers, numbers),
    _prefixes("plain", "n", numbers),
    _prefixes("plain", "fn", st.booleans(), numbers),
    _prefixes("twofold", "key", codes, numbers),
    st.just(Put("plain", (b"misfit",))),
)
units = st.lists(st.lists(ops, max_size=3).map(lambda made: Unit(tuple(made))), max_size=5)
batches = st.lists(st.tuples(units, st.lists(ops, max_size=2)), min_size=1, max_size=4)


@dataclass(frozen=True, slots=True)
class Scan:
    """One question to both stores."""

    table: str
    index: str
    lo: Key
    hi: Key
    limit: int
    reverse: bool


def _scans(table: str, index: str, *cells: st.SearchStrategy[object]) -> st.SearchStrategy[Scan]:
    bounds = st.one_of([st.tuples(*cells[:length]) for length in range(len(cells) + 1)])
    limits, ways = st.sampled_from([1, 2, 1_000]), st.booleans()
    return st.builds(Scan, st.just(table), st.just(index), bounds, bounds, limits, ways)


scans = st.one_of(
    _scans("plain", "key", ids),
    _scans("plain", "n", numbers),
    _scans("plain", "fn", st.booleans(), numbers),
    _scans("twofold", "key", codes, numbers),
    _scans("twofold", "seq", numbers),
)


@dataclass(frozen=True, slots=True)
class Writer:
    """A store and the fence to write to it."""

    store: RecordStore
    fence: Fence

    def commit(self, batch: list[Unit], finish: list[Op]) -> list[Result] | None:
        """Return the results, or None if a closing operation failed."""
        try:
            return self.store.commit(batch, lambda _results: finish, self.fence)
        except ConflictError:
            return None

    def clear(self) -> None:
        """Take all rows away."""
        gone = [DeleteWhere(table.name, "key", ()) for table in TABLES]
        self.store.commit([Unit(tuple(gone))], lambda _results: [], self.fence)

    def pages(self, scan: Scan) -> list[list[Found]]:
        """Return all pages of a scan."""
        found: list[list[Found]] = []
        after: Cursor | None = None
        while not found or after is not None:
            page = self.store.scan(
                scan.table,
                scan.index,
                scan.lo,
                scan.hi,
                after=after,
                limit=scan.limit,
                reverse=scan.reverse,
            )
            found.append(page.rows)
            after = page.cursor
        return found


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Writer, Writer]]:
    """Both stores, open and empty."""
    folder: Path = tmp_path_factory.mktemp("model")
    writers = []
    for store in (MemoryRecords(), SqlCipherStore(folder / "store.db")):
        store.open(TABLES, lambda: b"k" * 32, create=True)
        fence = store.lease(Id16(b"s" * 16), Id16(b"h" * 16), 60, Instant(0))
        writers.append(Writer(store, fence))
    yield writers[0], writers[1]
    for writer in writers:
        writer.store.close()


@settings(
    max_examples=1_000 if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else 300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batches=batches, asked=st.lists(scans, min_size=1, max_size=3))
def test_both_stores_give_the_same_results_rows_and_pages(
    both: tuple[Writer, Writer], batches: list[tuple[list[Unit], list[Op]]], asked: list[Scan]
) -> None:
    model, tried = both
    model.clear()
    tried.clear()

    for batch, finish in batches:
        assert tried.commit(batch, finish) == model.commit(batch, finish)

    for table in TABLES:
        whole = Scan(table.name, "key", (), (), 1_000, reverse=False)
        assert tried.pages(whole) == model.pages(whole)
    for scan in asked:
        assert tried.pages(scan) == model.pages(scan)


# INVARIANT: a page has a row at least, so whoever goes on from it comes to an end
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    kept=st.lists(st.tuples(st.integers(28, 400), numbers, codes), max_size=12),
    room=st.integers(1, 900),
    asked=st.lists(scans, min_size=1, max_size=3),
)
def test_pages_by_bytes_give_the_same_rows_as_pages_by_count(
    both: tuple[Writer, Writer],
    kept: list[tuple[int, int, str]],
    room: int,
    asked: list[Scan],
) -> None:
    puts = [Unit((Put("twofold", (b"x" * size, seq, code)),)) for size, seq, code in kept]
    for each in both:
        each.clear()
        each.commit(puts, [])
    by_count = [each.pages(scan) for scan in asked for each in both]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "PAGE_BYTES", room)
        by_bytes = [each.pages(scan) for scan in asked for each in both]

    assert by_bytes[::2] == by_bytes[1::2]
    assert [[*chain(*pages)] for pages in by_bytes] == [[*chain(*pages)] for pages in by_count]
    for pages in by_bytes:
        sizes = [[len(row.row[0]) for row in page if len(row.row[0]) > 16] for page in pages]
        assert all(len(each) <= 1 or sum(each) <= room for each in sizes)
