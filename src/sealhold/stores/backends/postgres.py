"""Records in a schema of a PostgreSQL server: the vault of an organisation's many people.

- The server is not trusted and keeps sealed bytes alone; it learns ids, counts and times.
- One batch is one transaction and few round trips, held against others by an advisory lock of the
  schema; the fence is looked at under that lock.
- Tables are made by `open(create=True)` and `restore` alone: at run time a role that may neither
  make nor drop them is enough.
- `purge` has the server write its tables anew. Its log of changes, its replicas and its backups
  are its own: what was deleted dies there with its key.

Source: docs/spec/04-stores.md section 10.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from sealhold.model.encoding import Plain, pack, unpack
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
from sealhold.model.sqlsteps import Ask, Cells, Do
from sealhold.stores.closing import run_and_close
from sealhold.stores.copying import PART, get_parts, put_parts
from sealhold.stores.pgbatches import columns_of, run
from sealhold.stores.pgtext import LOCK, PgText
from sealhold.stores.pgview import PgView, all_rows, misfits
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
    Outcome,
    Page,
    ReadView,
    Result,
    TableSpec,
    Unit,
)
from sealhold.stores.sqlclient import SqlClient, SqlSession
from sealhold.stores.tables import Tables

_SCHEMA = re.compile(r"[a-z][a-z0-9_]{0,48}")
_IS_THERE = "SELECT 1 FROM information_schema.tables WHERE table_schema = $1"
_LEASE = (
    "(shard bytea PRIMARY KEY, holder bytea NOT NULL, fence bigint NOT NULL, until bigint NOT NULL)"
)


@dataclass(frozen=True, slots=True)
class _Opened:
    tables: Tables
    texts: dict[str, PgText]


class PostgresStore:
    """Keeps rows in `schema` of the database that `client` leads to."""

    def __init__(self, client: SqlClient, schema: str = "sealhold") -> None:
        if not _SCHEMA.fullmatch(schema):
            raise InvalidError(f"`{schema[:64]}` cannot name a schema")
        self._client = client
        self._schema = schema
        self._now: _Opened | None = None

    @property
    def caps(self) -> Caps:
        return Caps(multi_writer=True, encrypts_file=False)

    def open(self, tables: Sequence[TableSpec], key: KeySource | None, *, create: bool) -> None:
        del key  # the server's files are its own; the rows are sealed before they come here
        if self._now is not None:
            raise InvalidError(f"schema `{self._schema}` is open")
        declared = Tables.declared(tables)
        opened = _Opened(declared, {t.spec.name: PgText(t, self._schema) for t in declared})
        if create:
            with self._client.writing() as session:
                self._make(session, declared.schema(), opened)
        with self._client.reading() as session:
            self._check_schema(session, declared)
        self._now = opened

    def lease(self, shard: Id16, holder: Id16, ttl_s: int, now: Instant) -> Fence:
        self._opened()
        leases, until = f"{self._schema}.s_lease", now + ttl_s * SECOND
        with self._client.writing() as session:
            held, (newest,) = session.run(
                [
                    Ask(LOCK, (self._schema,)),
                    Ask(f"SELECT holder, fence, until FROM {leases} WHERE shard = $1", (shard,)),  # noqa: S608  reason: a checked name
                    Ask(f"SELECT coalesce(max(fence), 0) + 1 FROM {leases}"),  # noqa: S608  reason: a checked name
                ]
            )[1:]
            is_ours = bool(held) and held[0][0] == holder
            if held and not is_ours and now < held[0][2]:
                raise StoreBusyError("another process holds the lease")
            fence = held[0][1] if is_ours else newest[0]
            session.run(
                [
                    Do(
                        f"INSERT INTO {leases} VALUES ($1, $2, $3, $4) ON CONFLICT (shard)"  # noqa: S608  reason: a checked name
                        " DO UPDATE SET holder = $2, fence = $3, until = $4",
                        (shard, holder, fence, until),
                    )
                ]
            )
        return Fence(fence)

    def commit(
        self,
        units: Sequence[Unit],
        finish: Callable[[Sequence[Result]], Sequence[Op]],
        fence: Fence,
    ) -> list[Result]:
        opened = self._opened()
        with self._client.writing() as session:
            self._check_fence(session, fence)
            all_of = partial(run, session, opened.tables, opened.texts)
            return run_and_close(
                opened.tables,
                units,
                finish,
                run=all_of,
                close=lambda ops: all_of([ops])[0].outcome is Outcome.APPLIED,
            )

    def get(
        self, table: str, keys: Sequence[Key], *, most: int | None = None
    ) -> list[Found | None]:
        opened = self._opened()
        with self._client.reading() as session:
            return PgView(session, opened.tables, opened.texts).get(table, keys, most=most)

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
        opened = self._opened()
        with self._client.reading() as session:
            view = PgView(session, opened.tables, opened.texts)
            return view.scan(
                table, index, lo, hi, after=after, limit=limit, reverse=reverse, most=most
            )

    def count(self, table: str, most: int) -> int:
        opened = self._opened()
        with self._client.reading() as session:
            return PgView(session, opened.tables, opened.texts).count(table, most)

    def renew(self) -> None:
        self._opened()
        with self._client.writing() as session:  # waits for whatever still holds the lock
            session.run([Ask(LOCK, (self._schema,))])

    def snapshot(self) -> AbstractContextManager[ReadView]:
        return self._snapshot()

    def backup(self, sink: ObjectStore, prefix: str) -> Backup:
        opened = self._opened()
        with self._fixed() as session:
            leases = session.run([Ask(f"SELECT * FROM {self._schema}.s_lease ORDER BY shard")])[0]  # noqa: S608  reason: a checked name
            view = PgView(session, opened.tables, opened.texts)
            return put_parts(sink, prefix, _parts(opened.tables, leases, view))

    def restore(self, source: ObjectStore, backup: Backup) -> None:
        if self._now is not None:
            raise InvalidError(f"schema `{self._schema}` is open")
        parts = get_parts(source, backup)
        try:
            schema, leases = unpack(next(parts, b""))
            specs = Tables.of_schema(schema)
            opened = _Opened(specs, {t.spec.name: PgText(t, self._schema) for t in specs})
            set_lease = f"INSERT INTO {self._schema}.s_lease VALUES ($1, $2, $3, $4)"  # noqa: S608  reason: a checked name
            with self._client.writing() as session:
                self._make(session, schema, opened)
                session.run([Do(set_lease, lease) for lease in leases])
                for part in parts:
                    name, rows = unpack(part)
                    session.run([Do(opened.texts[name].load, columns_of([*map(tuple, rows)]))])
        except (InvalidEncodingError, KeyError, TypeError, ValueError) as err:
            raise TamperedError("the backup is damaged") from err

    def purge(self) -> None:
        tables = [text.name for text in self._opened().texts.values()]
        self._client.alone([f"VACUUM (FULL) {name}" for name in tables])

    def check(self) -> Health:
        opened = self._opened()
        with self._snapshot() as view:
            faults = misfits(view, opened.tables)
        return Health(faults=tuple(faults))

    def close(self) -> None:
        self._now = None
        self._client.close()

    @contextmanager
    def _snapshot(self) -> Iterator[ReadView]:
        opened = self._opened()
        with self._fixed() as session:
            yield PgView(session, opened.tables, opened.texts)

    @contextmanager
    def _fixed(self) -> Iterator[SqlSession]:
        with self._client.reading(fixed=True) as session:
            session.run([Ask("SELECT 1")])  # the moment is that of the first read
            yield session

    def _make(self, session: SqlSession, schema: bytes, opened: _Opened) -> None:
        session.run([Ask(LOCK, (self._schema,))])
        if session.run([Ask(_IS_THERE, (self._schema,))])[0]:
            raise InvalidError(f"schema `{self._schema}` is not empty")
        statements = [
            f"CREATE SCHEMA IF NOT EXISTS {self._schema}",
            f"CREATE TABLE {self._schema}.s_meta (name text PRIMARY KEY, value bytea NOT NULL)",
            f"CREATE TABLE {self._schema}.s_lease {_LEASE}",
            *(made for text in opened.texts.values() for made in text.creates),
        ]
        set_schema = f"INSERT INTO {self._schema}.s_meta VALUES ('schema', $1)"  # noqa: S608  reason: a checked name
        session.run([*map(Do, statements), Do(set_schema, (schema,))])

    def _check_schema(self, session: SqlSession, tables: Tables) -> None:
        if not session.run([Ask(f"{_IS_THERE} AND table_name = 's_meta'", (self._schema,))])[0]:
            raise StoreUnavailableError(f"there is no store in schema `{self._schema}`")
        asked = f"SELECT value FROM {self._schema}.s_meta WHERE name = 'schema'"  # noqa: S608  reason: a checked name
        if session.run([Ask(asked)])[0] != [(tables.schema(),)]:
            raise InvalidError("the store holds other tables")

    def _check_fence(self, session: SqlSession, fence: Fence) -> None:
        # INVARIANT: a writer whose lease went to another holder writes nothing more.
        holds = f"SELECT 1 FROM {self._schema}.s_lease WHERE fence = $1"  # noqa: S608  reason: a checked name
        if not session.run([Ask(LOCK, (self._schema,)), Ask(holds, (fence,))])[1]:
            raise FenceLostError(f"fence {fence} is not the newest")

    def _opened(self) -> _Opened:
        if self._now is None:
            raise StoreUnavailableError(f"schema `{self._schema}` is not open")
        return self._now


def _parts(tables: Tables, leases: Sequence[Cells], view: ReadView) -> Iterator[bytes]:
    """Return a snapshot in parts: declarations and leases first, then rows, table by table."""
    yield pack([tables.schema(), [list(lease) for lease in leases]])
    for table in tables:
        rows: list[Plain] = []
        size = 0
        for found in all_rows(view, table.spec.name):
            rows.append([*found.row, found.v])
            size += table.row.measure(found.row)
            if size >= PART // 2:
                yield pack([table.spec.name, rows])
                rows, size = [], 0
        if rows:
            yield pack([table.spec.name, rows])
