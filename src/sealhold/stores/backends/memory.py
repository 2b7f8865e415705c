"""Both stores in memory: for a vault that leaves nothing behind, and as the model of the others.

- Nothing is encrypted and nothing survives the process; a closed store may be opened again.
- A state never changes once it can be read; a commit switches to the next one at once, so a
  snapshot is just the old state.
- Every commit copies each table it touches, so this is for thousands of rows, not for millions.

Source: docs/spec/04-stores.md section 5.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from threading import Lock

from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import (
    FenceLostError,
    InvalidEncodingError,
    InvalidError,
    ObjectNotFoundError,
    StoreBusyError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import Id16, ObjectName, SealedBytes
from sealhold.model.quantities import SECOND, Instant
from sealhold.stores.closing import run_and_close
from sealhold.stores.copying import PART, get_parts, put_parts
from sealhold.stores.objectnames import check_range, checked
from sealhold.stores.rows import Draft, Rows, State
from sealhold.stores.spec import (
    MAX_PAGE,
    Backup,
    Caps,
    Cursor,
    Fence,
    Found,
    Health,
    Kept,
    Key,
    KeySource,
    ObjectStore,
    Op,
    Outcome,
    Page,
    ReadView,
    Result,
    TableSpec,
    Unit,
)
from sealhold.stores.tables import Tables


@dataclass(frozen=True, slots=True)
class _Lease:
    holder: Id16
    fence: Fence
    until: int


@dataclass(slots=True)
class _Content:
    """What is kept while the store is closed."""

    schema: bytes
    rows: dict[str, Rows]
    leases: dict[Id16, _Lease]


class MemoryRecords:
    """Keeps rows as long as this object lives."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._content: _Content | None = None
        self._tables: Tables | None = None
        self._state: State | None = None

    @property
    def caps(self) -> Caps:
        return Caps(multi_writer=False, encrypts_file=False)

    def open(self, tables: Sequence[TableSpec], key: KeySource | None, *, create: bool) -> None:
        del key  # nothing here is encrypted
        declared = Tables.declared(tables)
        with self._lock:
            if self._state is not None:
                raise InvalidError("the store is open")
            if create and self._content is not None:
                raise InvalidError("the store is not empty")
            if create:
                empty: dict[str, Rows] = {table.spec.name: {} for table in declared}
                self._content = _Content(declared.schema(), empty, {})
            if self._content is None:
                raise StoreUnavailableError("there is no store")
            if self._content.schema != declared.schema():
                raise InvalidError("the store holds other tables")
            self._tables, self._state = declared, State(declared, self._content.rows)

    def lease(self, shard: Id16, holder: Id16, ttl_s: int, now: Instant) -> Fence:
        with self._lock:
            leases = self._opened()[0].leases
            held = leases.get(shard)
            if held is not None and held.holder != holder and now < held.until:
                raise StoreBusyError("another process holds the lease")
            if held is None or held.holder != holder:
                newest = max((lease.fence for lease in leases.values()), default=0)
                fence = Fence(newest + 1)
            else:
                fence = held.fence
            leases[shard] = _Lease(holder, fence, now + ttl_s * SECOND)
            return fence

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        with self._lock:
            content, tables, state = self._opened()
            if all(lease.fence != fence for lease in content.leases.values()):
                raise FenceLostError(f"fence {fence} is not the newest")
            draft = Draft(tables, state)
            results = run_and_close(
                tables,
                units,
                finish,
                run=lambda fitting: [draft.apply(ops) for ops in fitting],
                close=lambda ops: draft.apply(ops).outcome is Outcome.APPLIED,
            )
            self._state = draft.state()
            content.rows = dict(self._state.rows)
            return results

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        return self._now().get(table, keys, most=most)

    def scan(  # the contract's
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
        return self._now().scan(
            table, index, lo, hi, after=after, limit=limit, reverse=reverse, most=most
        )

    def count(self, table: str, most: int) -> int:
        return self._now().count(table, most)

    def renew(self) -> None:
        self._now()

    def snapshot(self) -> AbstractContextManager[ReadView]:
        return nullcontext(self._now())

    def backup(self, sink: ObjectStore, prefix: str) -> Backup:
        with self._lock:
            content, _tables, _state = self._opened()
            whole = pack(_plain(content))
        parts = (whole[at : at + PART] for at in range(0, len(whole), PART))
        return put_parts(sink, prefix, parts)

    def restore(self, source: ObjectStore, backup: Backup) -> None:
        content = _content(b"".join(get_parts(source, backup)))
        with self._lock:
            if self._content is not None:
                raise InvalidError("the store is not empty")
            self._content = content

    def purge(self) -> None:
        with self._lock:
            self._opened()  # a deleted row is in no file, and in no state but a snapshot's

    def check(self) -> Health:
        with self._lock:
            self._opened()
            return Health(faults=())

    def close(self) -> None:
        with self._lock:
            self._state = None

    def _now(self) -> State:
        state = self._state
        if state is None:
            raise StoreUnavailableError("the store is not open")
        return state

    def _opened(self) -> tuple[_Content, Tables, State]:
        if self._content is None or self._tables is None or self._state is None:
            raise StoreUnavailableError("the store is not open")
        return self._content, self._tables, self._state


def _plain(content: _Content) -> Plain:
    return [
        content.schema,
        {
            name: [[list(key), list(found.row), found.v] for key, found in rows.items()]
            for name, rows in content.rows.items()
        },
        [[shard, held.holder, held.fence, held.until] for shard, held in content.leases.items()],
    ]


def _content(data: bytes) -> _Content:
    try:
        schema, tables, leases = unpack(data)
        rows: dict[str, Rows] = {
            name: {tuple(key): Found(tuple(row), v) for key, row, v in kept}
            for name, kept in tables.items()
        }
        held = {shard: _Lease(holder, fence, until) for shard, holder, fence, until in leases}
    except (InvalidEncodingError, ValueError, TypeError, AttributeError) as err:
        raise TamperedError("the backup is damaged") from err
    return _Content(schema, rows, held)


class MemoryObjects:
    """Keeps objects as long as this object lives."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[ObjectName, SealedBytes] = {}

    def put(self, name: ObjectName, sealed: SealedBytes) -> Kept:
        with self._lock:
            if checked(name) in self._kept:
                return Kept.EXISTS
            self._kept[name] = SealedBytes(bytes(sealed))
            return Kept.CREATED

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> SealedBytes:
        check_range(offset, length)
        whole = self._find(name)
        end = max(len(whole), offset) if length is None else offset + length
        if end > len(whole):
            raise TamperedError(f"object `{name}` has {len(whole)} bytes; asked up to {end}")
        return SealedBytes(whole[offset:end])

    def head(self, name: ObjectName) -> int:
        return len(self._find(name))

    def delete(self, name: ObjectName) -> None:
        with self._lock:
            self._kept.pop(checked(name), None)

    def names(self, prefix: str = "") -> Iterator[ObjectName]:
        with self._lock:
            return iter(sorted(name for name in self._kept if name.startswith(prefix)))

    def _find(self, name: ObjectName) -> SealedBytes:
        try:
            return self._kept[checked(name)]
        except KeyError:
            raise ObjectNotFoundError(f"no object `{name}`") from None
