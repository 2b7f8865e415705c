"""Bringing the tables of a server's schema to another form: in a schema beside it.

- Tables that stay are copied by the server, those that change come through here, a page at a time.
- The copy is one transaction, and taking its place is another one: after a kill there is one schema
  of that name, whole, of the older form or of the next.
- It takes a role that may make schemas, and as much room again for that time.

Source: docs/spec/29-operations.md section 8.
"""
# ruff: noqa: S608  # text is put together here from checked names alone

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from sealhold.model.errors import InvalidError
from sealhold.model.sqlsteps import Ask, Cells, Do
from sealhold.stores.backends.postgres import PostgresStore, empty_schema, is_there, lock_of
from sealhold.stores.migrating import Migration
from sealhold.stores.pgbatches import columns_of
from sealhold.stores.pgtext import PgText
from sealhold.stores.pgview import PgView, all_rows
from sealhold.stores.spec import Found, KeySource, Row, TableSpec
from sealhold.stores.sqlclient import SqlClient, SqlSession
from sealhold.stores.tables import Tables

AT_ONCE = 100  # rows that are written together; a row has a megabyte at most
NEXT, OLD = "_next", "_old"  # behind the name of a schema

Turn = Callable[[Row], Row | None]


@dataclass(frozen=True, slots=True)
class _Becomes:
    """What a table comes from, and what becomes of its rows; of a new one, nothing."""

    spec: TableSpec
    source: TableSpec | None = None
    turns: tuple[Turn, ...] = ()


class ServerRows:
    """The rows in `schema` of the database that `client` leads to, and their next form."""

    def __init__(self, client: SqlClient, schema: str) -> None:
        self._client = client
        self._schema = schema
        self._next = schema + NEXT

    def tables(self, key: KeySource) -> tuple[TableSpec, ...]:
        """Return the tables in force.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        del key  # the server's files are its own
        with self._client.reading() as session:
            return tuple(table.spec for table in self._tables(session))

    def in_force(self) -> PostgresStore:
        """Return the store of the rows in force, not open."""
        return PostgresStore(self._client, self._schema)

    def make(self, key: KeySource, steps: Sequence[Migration]) -> PostgresStore:
        """Copy the rows, take the copy through `steps`, and return its store, not open.

        Raises:
            InvalidError: a step names a table that is not there.
            StoreFullError: no room for a second copy.
            StoreUnavailableError: the server does not answer, or its role may not make schemas.
        """
        del key
        with self._client.writing() as session:
            session.run([lock_of(self._schema)])
            found = self._tables(session)
            become = _become([table.spec for table in found], steps)
            declared = Tables([each.spec for each in become])
            texts = {table.spec.name: PgText(table, self._next) for table in declared}
            empty_schema(session, self._next, declared.schema(), texts.values())
            leases = f"INSERT INTO {self._next}.s_lease SELECT * FROM {self._schema}.s_lease"
            session.run([Do(leases)])
            old = {table.spec.name: PgText(table, self._schema) for table in found}
            view = PgView(session, found, old)
            for each in become:
                if each.source is not None:
                    source, to = old[each.source.name], texts[each.spec.name]
                    if each.turns:
                        _fill(session, view, each, to)
                    else:
                        session.run([Do(f"INSERT INTO {to.name} SELECT * FROM {source.name}")])
        return PostgresStore(self._client, self._next)

    def take(self) -> None:
        """Put the copy into the place of the rows in force, if that is still to be done.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        old = self._schema + OLD
        with self._client.writing() as session:
            session.run([lock_of(self._schema)])
            if is_there(session, self._next):
                statements = (
                    f"ALTER SCHEMA {self._schema} RENAME TO {old}",
                    f"ALTER SCHEMA {self._next} RENAME TO {self._schema}",
                    f"DROP SCHEMA {old} CASCADE",
                )
                session.run([*map(Do, statements)])

    def forget(self) -> None:
        """Drop the copy, whole or not.

        Raises:
            StoreUnavailableError: the server does not answer.
        """
        with self._client.writing() as session:
            session.run([Do(f"DROP SCHEMA IF EXISTS {self._next} CASCADE")])

    def _tables(self, session: SqlSession) -> Tables:
        asked = f"SELECT value FROM {self._schema}.s_meta WHERE name = 'schema'"
        ((schema,),) = session.run([Ask(asked)])[0]
        return Tables.of_schema(schema)


def _become(specs: Sequence[TableSpec], steps: Sequence[Migration]) -> list[_Becomes]:
    """Return the tables that steps make of others.

    Raises:
        InvalidError: a step names a table that is not there.
    """
    now = {spec.name: _Becomes(spec, spec) for spec in specs}
    for step in steps:
        for change in step.changes:
            before = now.pop(change.table, None)
            if before is None:
                raise InvalidError(f"form {step.to} changes `{change.table}`, which is not there")
            if change.to is not None:
                turns = (*before.turns, change.row)
                now[change.to.name] = _Becomes(change.to, before.source, turns)
        now |= {spec.name: _Becomes(spec) for spec in step.added}
    return [*now.values()]


def _fill(session: SqlSession, view: PgView, table: _Becomes, to: PgText) -> None:
    """Write what becomes of each row of a table."""
    assert table.source is not None  # noqa: S101  # reason: a new table has no rows
    turned = _turned(all_rows(view, table.source.name), table.turns)
    while some := [*islice(turned, AT_ONCE)]:
        session.run([Do(to.load, columns_of(some))])


def _turned(rows: Iterator[Found], turns: Sequence[Turn]) -> Iterator[Cells]:
    for found in rows:
        row: Row | None = found.row
        for turn in turns:
            row = None if row is None else turn(row)
        if row is not None:
            yield (*row, found.v)
