"""What every check of a record store works with: two tables, rows for them, and a place to open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sealhold.model.ids import Id16
from sealhold.model.quantities import Instant
from sealhold.stores.spec import (
    ColumnKind,
    Expect,
    Fence,
    Op,
    Put,
    RecordStore,
    Result,
    Row,
    TableSpec,
    Unit,
)

THINGS = TableSpec(
    name="things",
    columns={
        "id": ColumnKind.ID16,
        "day": ColumnKind.DAY,
        "code": ColumnKind.CODE,
        "is_hot": ColumnKind.FLAG,
        "used": ColumnKind.I64,
        "tag": ColumnKind.TAG16,
        "hash": ColumnKind.HASH32,
        "body": ColumnKind.SEALED,
    },
    key=("id",),
    indexes={"day": ("day",), "code_day": ("code", "day")},
)
LEAVES = TableSpec(
    name="leaves",
    columns={"log": ColumnKind.ID16, "seq": ColumnKind.I64, "body": ColumnKind.SEALED},
    key=("log", "seq"),
    indexes={},
)
TABLES = (THINGS, LEAVES)
USED = list(THINGS.columns).index("used")

KEY = bytes(range(32))
SHARD, HOLDER, RIVAL = Id16(b"s" * 16), Id16(b"h" * 16), Id16(b"r" * 16)
NOW = Instant(1_700_000_000_000)
TTL_S = 60


def name_of(number: int) -> bytes:
    """Return an id that sorts as its number does."""
    return number.to_bytes(16, "big")


def thing(number: int, *, day: int = 0, code: str = "a", used: int = 0, size: int = 28) -> Row:
    """Return a row of `things`."""
    body = number.to_bytes(8, "big").ljust(size, b"\xff")
    tag = b"t" * 16
    return (name_of(number), day, code, number % 2 == 0, used, tag, b"h" * 32, body)


def leaf(seq: int, log: int = 0) -> Row:
    """Return a row of `leaves`."""
    return (name_of(log), seq, b"leaf" * 7)


def put(row: Row, expect: Expect | int = Expect.ANY) -> Put:
    """Return a put into the table that `row` is of."""
    return Put(THINGS.name if len(row) == len(THINGS.columns) else LEAVES.name, row, expect)


@dataclass(slots=True)
class Opened:
    """A store that is open, and the lease to write to it."""

    store: RecordStore
    fence: Fence

    def commit(self, *units: Sequence[Op], finish: Sequence[Op] = ()) -> list[Result]:
        """Commit each sequence of operations as a unit."""
        return self.store.commit(
            [Unit(tuple(ops)) for ops in units], lambda _results: finish, self.fence
        )

    def keep(self, *rows: Row) -> None:
        """Put rows, each in a unit of its own."""
        self.commit(*([put(row)] for row in rows))

    def numbers(self) -> list[int]:
        """Return the numbers of all things, in order."""
        rows = self.store.scan(THINGS.name, "key", (), ()).rows
        return [int.from_bytes(found.row[0]) for found in rows]

    def versions(self, *numbers: int) -> list[int]:
        """Return the version of each thing, 0 if it is absent."""
        found = self.store.get(THINGS.name, [(name_of(number),) for number in numbers])
        return [row.v if row else 0 for row in found]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store can be: each call of `store` gives a new object over the same folder."""

    opener: Callable[[Path], RecordStore]
    folder: Path

    def store(self) -> RecordStore:
        """Return a store of this place that is not open."""
        return self.opener(self.folder)

    def beside(self) -> "Place":
        """Return another, empty place."""
        folder = self.folder / "beside"
        folder.mkdir()
        return Place(self.opener, folder)

    def create(self) -> Opened:
        """Return a new empty store with a lease."""
        store = self.store()
        store.open(TABLES, lambda: KEY, create=True)
        return Opened(store, store.lease(SHARD, HOLDER, TTL_S, NOW))
