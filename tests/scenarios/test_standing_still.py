"""A file of rows is copied as its pages lie, while it is written and read."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.spec import ColumnKind, Fence, Put, TableSpec, Unit
from sealhold.stores.standstill import still_copy

TABLE = TableSpec(
    name="row",
    columns={"n": ColumnKind.I64, "sealed": ColumnKind.SEALED},
    key=("n",),
    indexes={},
)
ID = Id16(bytes(16))
PAGE = 8_192


def key() -> bytes:
    return b"k" * 32


def put(store: SqlCipherStore, fence: Fence, *numbers: int) -> None:
    units = [Unit((Put(TABLE.name, (n, b"%d" % n * 30)),)) for n in numbers]
    store.commit(units, lambda _results: (), fence)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[SqlCipherStore, Fence, Path]]:
    path = tmp_path / "rows.db"
    made = SqlCipherStore(path)
    made.open([TABLE], key, create=True)
    fence = made.lease(ID, ID, 3_600, Instant(0))
    for first in range(0, 3_000, 500):
        put(made, fence, *range(first, first + 500))
    yield made, fence, path
    made.close()


def pages(path: Path) -> set[bytes]:
    data = path.read_bytes()
    return {data[at : at + PAGE] for at in range(0, len(data), PAGE)}


def rows_of(copy: Path, folder: Path) -> int:
    """Open a copy as a store of its own; return how many rows it has, the first to the last."""
    folder.mkdir()
    (folder / "rows.db").write_bytes(copy.read_bytes())
    other = SqlCipherStore(folder / "rows.db")
    other.open([TABLE], key, create=False)
    try:
        assert other.check().faults == ()
        count = other.count(TABLE.name, 1_000_000)
        last = other.scan(TABLE.name, "key", (), (), reverse=True, limit=1).rows[0].row[0]
        assert last == count - 1  # rows were put in order: none is missing between
        return count
    finally:
        other.close()


def test_what_did_not_change_is_the_same_in_two_copies(
    store: tuple[SqlCipherStore, Fence, Path],
) -> None:
    rows, fence, path = store
    with still_copy(path, key) as copy:
        before = pages(copy)
    put(rows, fence, 3_000)
    with still_copy(path, key) as copy:
        after = pages(copy)

    assert len(before) > 30
    assert 1 <= len(after - before) <= 6
    assert [each.name for each in path.parent.iterdir() if "tmp" in each.name] == []


def test_a_copy_is_of_one_moment_while_somebody_writes(
    store: tuple[SqlCipherStore, Fence, Path], tmp_path: Path
) -> None:
    rows, fence, path = store
    over, begun = Event(), Event()

    def write() -> None:
        for n in range(3_000, 1_000_000):
            put(rows, fence, n)
            begun.set()
            if over.is_set():
                return

    writing = Thread(target=write)
    writing.start()
    begun.wait(20)
    try:
        counts = []
        for number in range(4):
            with still_copy(path, key) as copy:
                counts.append(rows_of(copy, tmp_path / str(number)))
    finally:
        over.set()
        writing.join()

    assert counts == sorted(counts)
    assert counts[0] > 3_000


def test_where_somebody_reads_an_older_moment_a_copy_is_whole_all_the_same(
    store: tuple[SqlCipherStore, Fence, Path], tmp_path: Path
) -> None:
    rows, fence, path = store
    put(rows, fence, 3_000)
    with rows.snapshot() as view:
        view.get(TABLE.name, [(0,)])
        put(rows, fence, 3_001)

        with still_copy(path, key) as copy:
            assert rows_of(copy, tmp_path / "copy") == 3_002
        assert view.get(TABLE.name, [(3_001,)]) == [None]
