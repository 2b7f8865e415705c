"""What a place that keeps sealed bytes promises: the contract of each file in `backends/`.

- A store learns table and object names, sizes, counts and times; never a key of a record or a
  plain byte. It is not trusted: whoever reads opens the seal, and that finds any change.
- Tables are declared. There is no free-text column, so plaintext has no column to go to.
- Operations and rows are Structs, because a batch has thousands of them.
- A batch survives `kill -9` and power loss once `commit` returned; there is no weaker mode.
- Nothing but the errors named here escapes: `StoreUnavailableError` (no answer, effect unknown,
  every call may be repeated), `StoreFullError`, `StoreBusyError`, `FenceLostError`,
  `TamperedError` (the file is damaged, or the key is not its key), `PlaintextStoreError`,
  `InvalidError` (a rule of this page is broken; refused before anything is written).

Source: docs/spec/04-stores.md. Suites: tests/conformance/test_record_stores.py and
test_object_stores.py, which a third party runs on its own backend.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum, auto
from errno import EDQUOT, EFBIG, ENOSPC
from typing import Any, NewType, Protocol

import msgspec

from sealhold.model.ids import Id16, ObjectName, SealedBytes
from sealhold.model.quantities import Instant

MAX_KEY = 512  # bytes of all key columns together
MAX_ROW = 1_048_576  # bytes; larger content belongs into an object store
MAX_UNITS = 1_000  # per batch
MAX_BATCH = 8_388_608  # bytes per batch
MAX_PAGE = 1_000  # rows per scan
PAGE_BYTES = 4_194_304  # of sealed cells per scan: a page of 1,000 rows could have a gigabyte
MIN_SEALED = 28  # bytes: a 12-byte nonce and a 16-byte tag at least
MAX_CODE = 32  # ASCII characters
NO_ROOM = (ENOSPC, EDQUOT, EFBIG)  # what a disk says that is full, or full for this user


class ColumnKind(Enum):
    """What a column may hold; the very Python type of its cells stands behind it."""

    ID16 = auto()  # bytes, 16
    TAG16 = auto()  # bytes, 16, made with a key
    HASH32 = auto()  # bytes, 32, made with a key or salt, or of ciphertext
    I64 = auto()  # int, signed 64 bits
    DAY = auto()  # int, days since 1970
    CODE = auto()  # str, printable ASCII, at most 32, from a closed set of the caller
    FLAG = auto()  # bool
    SEALED = auto()  # bytes, 28 or more


Cell = Any  # reason: bytes, int or str, as its column's kind says
Key = tuple[Cell, ...]  # the key columns' values, in their order
Row = tuple[Cell, ...]  # every declared column's value, in its order
Fence = NewType("Fence", int)
Cursor = NewType("Cursor", bytes)  # opaque: where the next page begins


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """One table. Beside its columns a row has a version `v`: 1 when new, +1 at each put or bump."""

    name: str  # [a-z_]+
    columns: Mapping[str, ColumnKind]
    key: tuple[str, ...]  # unique; compares as unsigned bytes, integers by value
    indexes: Mapping[str, tuple[str, ...]]  # name -> columns; `key` is always an index by itself


class Expect(Enum):
    """What must be so before an operation, beside a plain int: exactly that version."""

    ANY = auto()
    ABSENT = auto()
    PRESENT = auto()


class Put(msgspec.Struct, frozen=True):
    """Insert or replace a row."""

    table: str
    row: Row
    expect: Expect | int = Expect.ANY


class Delete(msgspec.Struct, frozen=True):
    """Remove a row; absent is no failure unless `expect` says so."""

    table: str
    key: Key
    expect: Expect | int = Expect.ANY


class DeleteWhere(msgspec.Struct, frozen=True):
    """Remove each row whose first index columns equal `prefix`."""

    table: str
    index: str
    prefix: Key


class Guard(msgspec.Struct, frozen=True):
    """Write nothing; fail the unit unless the row is as expected."""

    table: str
    key: Key
    expect: Expect | int


class Bump(msgspec.Struct, frozen=True):
    """Add `delta` to an I64 column of a present row; over `cap` the unit is EXHAUSTED."""

    table: str
    key: Key
    column: str
    delta: int
    cap: int


Op = Put | Delete | DeleteWhere | Guard | Bump


@dataclass(frozen=True, slots=True)
class Unit:
    """Operations that happen all or not at all, in order."""

    ops: tuple[Op, ...]


class Outcome(Enum):
    """How a unit ended. All but APPLIED left no trace, and the other units whole."""

    APPLIED = auto()
    CONFLICT = auto()  # an `expect` did not hold
    EXHAUSTED = auto()  # a Bump went over its cap
    REJECTED = auto()  # an operation does not fit its table


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one unit."""

    outcome: Outcome
    failed_at: int = -1  # which operation refused, if one did
    removed: int = 0  # rows that its DeleteWhere took


class Found(msgspec.Struct, frozen=True, weakref=True):
    """A row as it is kept, unchecked."""

    row: Row
    v: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a scan, and where to go on; no cursor on the last page."""

    rows: list[Found]
    cursor: Cursor | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """What a backend can do."""

    multi_writer: bool
    encrypts_file: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What `check` found: nothing wrong, or one line per fault, naming files and tables only."""

    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copied snapshot: its objects, and each one's length."""

    objects: Mapping[ObjectName, int]


KeySource = Callable[[], bytes]  # gives the 32-byte file key, once, at open


class ReadView(Protocol):
    """Reads from one moment."""

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        """Return the row of each key, or None, in the order of `keys`.

        A sealed cell of more than `most` bytes is left out and not read: None stands for it.
        """
        ...

    def scan(  # a range has this many sides
        self,
        table: str,
        index: str,
        lo: Key,
        hi: Key,
        *,
        after: Cursor | None = None,
        limit: int = MAX_PAGE,
        reverse: bool = False,
        most: int | None = None,
    ) -> Page:
        """Return rows with lo <= index columns < hi, in index order, ties by key.

        `lo` and `hi` may be prefixes; an empty tuple is no bound. `index` is an index's name or
        `key`. A prefix as `hi` excludes every row that starts with it or comes after. The page ends
        before the row with which its sealed cells would have over PAGE_BYTES, if it is not the
        first. With `most`, longer sealed cells are left out, as by `get`.
        """
        ...


class RecordStore(ReadView, Protocol):
    """Keeps rows. Methods block; several threads may call at once; one batch commits at a time."""

    @property
    def caps(self) -> Caps:
        """What this backend can do."""
        ...

    def open(self, tables: Sequence[TableSpec], key: KeySource | None, *, create: bool) -> None:
        """Begin. With `create` the store must be empty, else it must hold these tables."""
        ...

    def lease(self, shard: Id16, holder: Id16, ttl_s: int, now: Instant) -> Fence:
        """Become the shard's one writer until `now` + ttl; who holds it renews and keeps the fence.

        Raises:
            StoreBusyError: another holder's lease has not ended.
        """
        ...

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        """Apply units in order, then `finish`'s operations, and make all of it durable at once.

        A unit that fails leaves the others whole. `finish` is called once, inside the transaction;
        if it raises, or one of its operations fails, the whole batch rolls back.

        Raises:
            FenceLostError: `fence` is not the newest; nothing was written.
            ConflictError: an operation of `finish` failed; nothing was written.
        """
        ...

    def count(self, table: str, most: int) -> int:
        """Return how many rows a table has, without reading them; `most` if there are more."""
        ...

    def renew(self) -> None:
        """Begin anew after a commit whose effect is unknown; afterwards what is read is durable.

        No handle that failed is used again, and nothing that was under way can still take effect.

        Raises:
            StoreUnavailableError: that cannot be had yet.
        """
        ...

    def snapshot(self) -> AbstractContextManager[ReadView]:
        """Return a view that stays as it is now, however long it is read."""
        ...

    def backup(self, sink: "ObjectStore", prefix: str) -> Backup:
        """Copy one snapshot, still encrypted, into objects below `prefix` while writers go on."""
        ...

    def restore(self, source: "ObjectStore", backup: Backup) -> None:
        """Fill this store, which must be unopened and empty, from a backup."""
        ...

    def purge(self) -> None:
        """Make deleted rows unrecoverable from this store's own files."""
        ...

    def check(self) -> Health:
        """Read everything that is kept and report what is damaged."""
        ...

    def close(self) -> None:
        """End; what was committed is in the main file alone."""
        ...


class Kept(Enum):
    """How an object's put ended. Of many at once, exactly one is CREATED."""

    CREATED = auto()
    EXISTS = auto()


class ObjectStore(Protocol):
    """Keeps immutable objects. Methods block; several threads may call at once.

    A name is `[a-z0-9][a-z0-9_.-]*` parts joined by `/`, at most 200 characters; any other is
    refused as `InvalidError` before anything is touched.
    """

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        """Keep `sealed` if `name` is free; once this returns, it survives a power cut.

        A reader sees all of it or none. EXISTS changes nothing, whatever `sealed` is.
        """
        ...

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        """Return the bytes as they are kept, unchecked; a short read is an error, not an answer.

        Raises:
            ObjectNotFoundError: never put, or deleted.
            TamperedError: the object ends before `offset + length`.
        """
        ...

    def head(self, name: ObjectName) -> int:
        """Return the object's length in bytes.

        Raises:
            ObjectNotFoundError: never put, or deleted.
        """
        ...

    def delete(self, name: ObjectName) -> None:
        """Forget the object; an unknown name is no error."""

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        """Return each kept name that starts with `prefix`, once, in byte order."""
        ...
