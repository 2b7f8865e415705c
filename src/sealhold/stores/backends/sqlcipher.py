"""Records in one file that is encrypted page by page (SQLCipher 4): the vault of one person.

- Readers go on while a batch is written; what is newest stands in `<name>-wal`, encrypted as well,
  until `close` or the database itself moves it into the main file.
- A new file gets its name when it is whole, so a killed `open` leaves no half of a store.
- A backup is a database of its own: same key, another salt, so no page is equal to one of ours.
- Not for network disks: the locks of SQLite do not reach across machines.

Source: docs/spec/04-stores.md section 6.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3.dbapi2 import Connection

from sealhold.model.encoding import unpack
from sealhold.model.errors import (
    FenceLostError,
    InvalidEncodingError,
    InvalidError,
    StoreBusyError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.ids import Id16
from sealhold.model.quantities import SECOND, Instant
from sealhold.stores.batches import Texts, Units, run_apart, run_together
from sealhold.stores.cipherfile import (
    PATIENCE,
    CipherFile,
    becoming,
    private_file,
    scratch,
    sync_anew,
)
from sealhold.stores.closing import run_and_close
from sealhold.stores.connections import Connections, begin
from sealhold.stores.copying import PART, get_parts, put_parts
from sealhold.stores.spec import (
    MAX_PAGE,
    Backup,
    Caps,
    Cursor,
    Fence,
    Found,
    Health,
    Key,
    KeySource,
    ObjectStore,
    Op,
    Page,
    ReadView,
    Result,
    TableSpec,
    Unit,
)
from sealhold.stores.sqltext import TableText
from sealhold.stores.tables import Tables
from sealhold.stores.views import SqlView

OWN_TABLES = (  # declared tables are `t_...`, so these meet none of them
    "CREATE TABLE s_meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT",
    """CREATE TABLE s_lease (shard BLOB PRIMARY KEY, holder BLOB NOT NULL,
        fence INTEGER NOT NULL, until INTEGER NOT NULL) STRICT""",
)
HAS_META = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 's_meta')"
SCHEMA = "SELECT value FROM s_meta WHERE name = 'schema'"
FENCE_HOLDS = "SELECT EXISTS (SELECT 1 FROM s_lease WHERE fence = ?)"
LEASE = "SELECT holder, fence, until FROM s_lease WHERE shard = ?"
NEXT_FENCE = "SELECT coalesce(max(fence), 0) + 1 FROM s_lease"
SET_LEASE = "INSERT OR REPLACE INTO s_lease VALUES (?, ?, ?, ?)"
SET_SCHEMA = "INSERT INTO s_meta VALUES ('schema', ?)"
MOVE = "PRAGMA wal_checkpoint(PASSIVE)"
CHECKPOINT = "PRAGMA wal_checkpoint(TRUNCATE)"


@dataclass(frozen=True, slots=True)
class _Opened:
    tables: Tables
    texts: Texts
    connections: Connections


class SqlCipherStore:
    """Keeps rows in the file `path`, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._now: _Opened | None = None

    @property
    def caps(self) -> Caps:
        return Caps(multi_writer=False, encrypts_file=True)

    def open(self, tables: Sequence[TableSpec], key: KeySource | None, *, create: bool) -> None:
        if self._now is not None:
            raise InvalidError(f"`{self._path.name}` is open")
        if key is None:
            raise InvalidError(f"`{self._path.name}` needs a key")
        declared = Tables.declared(tables)
        texts = {table.spec.name: TableText(table) for table in declared}
        file = CipherFile(self._path, key())
        if create:
            _create(file, declared, texts)
        file.check_header()
        connections = Connections(file)
        try:
            with connections.apart() as connection:
                _check_schema(connection, declared)
        except BaseException:
            connections.close()
            raise
        self._now = _Opened(declared, texts, connections)

    def lease(self, shard: Id16, holder: Id16, ttl_s: int, now: Instant) -> Fence:
        until = now + ttl_s * SECOND
        with self._opened().connections.writing() as connection:
            held = connection.execute(LEASE, (shard,)).fetchone()
            if held is not None and held[0] != holder and now < held[2]:
                raise StoreBusyError("another process holds the lease")
            if held is not None and held[0] == holder:
                fence = held[1]
            else:
                fence = connection.execute(NEXT_FENCE).fetchone()[0]
            connection.execute(SET_LEASE, (shard, holder, fence, until))
        return Fence(fence)

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        opened = self._opened()
        with opened.connections.writing() as connection:
            _check_fence(connection, fence)
            return run_and_close(
                opened.tables,
                units,
                finish,
                run=lambda fitting: _run(connection, opened.texts, fitting, fence),
                close=lambda ops: run_together(connection, opened.texts, [ops]) is not None,
            )

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        return self._view().get(table, keys, most=most)

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
        return self._view().scan(
            table, index, lo, hi, after=after, limit=limit, reverse=reverse, most=most
        )

    def count(self, table: str, most: int) -> int:
        return self._view().count(table, most)

    def renew(self) -> None:
        connections = self._opened().connections
        connections.begin_anew()
        # What a failed sync left in the log may be in no file: it is copied from memory and synced.
        with connections.alone() as connection:
            busy, frames, moved = connection.execute(MOVE).fetchone()
            if busy or moved < frames:  # a snapshot needs the log as it is, and is not waited for
                begin(connection)
                sync_anew(self._path.with_name(f"{self._path.name}-wal"))
                connection.execute("ROLLBACK")
                return
            connection.execute("PRAGMA busy_timeout = 0").fetchall()
            connection.execute(CHECKPOINT).fetchall()
            connection.execute(f"PRAGMA busy_timeout = {PATIENCE}").fetchall()

    def snapshot(self) -> AbstractContextManager[ReadView]:
        return self._snapshot()

    def backup(self, sink: ObjectStore, prefix: str) -> Backup:
        connections = self._opened().connections
        with scratch(self._path) as path:
            copy = connections.file.at(path)
            private_file(path)
            with connections.apart() as source:
                copy.fill_from(source)
            with path.open("rb") as file:
                return put_parts(sink, prefix, iter(lambda: file.read(PART), b""))

    def restore(self, source: ObjectStore, backup: Backup) -> None:
        if self._now is not None:
            raise InvalidError(f"`{self._path.name}` is open")
        with becoming(self._path) as path, path.open("wb") as file:
            for part in get_parts(source, backup):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())

    def purge(self) -> None:
        connections = self._opened().connections
        with connections.alone() as connection:
            connection.execute("PRAGMA incremental_vacuum").fetchall()
        self._checkpoint(connections)

    def check(self) -> Health:
        try:
            with self._opened().connections.apart() as connection:
                return Health(faults=_faults(connection, self._path.name))
        except TamperedError as err:
            return Health(faults=(str(err),))

    def close(self) -> None:
        opened, self._now = self._now, None
        if opened is not None:
            opened.connections.close()

    def _checkpoint(self, connections: Connections) -> None:
        """Move the log into the main file.

        Raises:
            StoreBusyError: a snapshot is still read.
        """
        with connections.alone() as connection:
            busy, _frames, _moved = connection.execute(CHECKPOINT).fetchone()
        if busy:
            raise StoreBusyError(f"a snapshot of `{self._path.name}` is still read")

    @contextmanager
    def _snapshot(self) -> Iterator[ReadView]:
        opened = self._opened()
        with opened.connections.apart(again=True) as connection:
            connection.execute("BEGIN")
            connection.execute(SCHEMA).fetchone()  # the moment is that of the first read
            yield SqlView(opened.connections.file, opened.tables, opened.texts, connection)

    def _view(self) -> SqlView:
        opened = self._opened()
        reader = opened.connections.reader()
        return SqlView(opened.connections.file, opened.tables, opened.texts, reader)

    def _opened(self) -> _Opened:
        if self._now is None:
            raise StoreUnavailableError(f"`{self._path.name}` is not open")
        return self._now


def _create(file: CipherFile, tables: Tables, texts: Texts) -> None:
    """Make a whole new store at the file's place, which must be free."""
    with becoming(file.path) as path:
        statements = [*OWN_TABLES, *(made for text in texts.values() for made in text.creates)]
        file.at(path).write_schema(statements, (SET_SCHEMA, (tables.schema(),)))


def _check_schema(connection: Connection, tables: Tables) -> None:
    if not connection.execute(HAS_META).fetchone()[0]:
        raise InvalidError("the file is no record store")
    kept = connection.execute(SCHEMA).fetchone()[0]
    if kept == tables.schema():
        return
    try:
        unpack(kept)
    except (InvalidEncodingError, TypeError) as err:
        # THREAT T06: of a page that was changed, a long cell comes back as zeros and no error
        raise TamperedError("the list of tables is not what was written") from err
    raise InvalidError("the store holds other tables")


def _check_fence(connection: Connection, fence: Fence) -> None:
    # INVARIANT: a writer whose lease went to another holder writes nothing more.
    if not connection.execute(FENCE_HOLDS, (fence,)).fetchone()[0]:
        raise FenceLostError(f"fence {fence} is not the newest")


def _run(connection: Connection, texts: Texts, units: Units, fence: Fence) -> list[Result]:
    results = run_together(connection, texts, units)
    if results is not None:
        return results
    connection.execute("ROLLBACK")
    begin(connection)
    _check_fence(connection, fence)  # between the two, another process may have taken over
    return run_apart(connection, texts, units)


def _faults(connection: Connection, name: str) -> tuple[str, ...]:
    """Return what two checks say: the MAC of each page, then each table and index."""
    faults = [text for (text,) in connection.execute("PRAGMA cipher_integrity_check")]
    if not faults:
        said = [text for (text,) in connection.execute("PRAGMA integrity_check")]
        faults = [text for text in said if text != "ok"]
    return tuple(f"`{name}`: {fault}" for fault in faults)
