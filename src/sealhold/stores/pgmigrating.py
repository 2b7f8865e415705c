"""Bringing the tables of a schema on a server to another form: in place, in one transaction.

- The server takes changes of tables back with all else. So after a kill or an error everything
  stands as it was, and there is no second copy to put in.
- It is done under the lock under which batches commit, and each lease gets another fence: whoever
  still writes by an older one writes nothing more.
- The number of the form stands in the schema, in the same transaction.

Source: docs/spec/29-operations.md section 8, docs/spec/04-stores.md section 11.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sealhold.model.errors import InvalidError, StoreUnavailableError, TamperedError
from sealhold.model.sqlsteps import Ask, Do
from sealhold.stores.migrating import Migration
from sealhold.stores.pgbatches import columns_of, run
from sealhold.stores.pgtext import LOCK, PgText
from sealhold.stores.pgview import PgView, all_rows, misfits
from sealhold.stores.spec import Op, Outcome, ReadView, Row, TableSpec
from sealhold.stores.sqlclient import SqlClient, SqlSession
from sealhold.stores.tables import Tables

_IS_THERE = "SELECT 1 FROM information_schema.tables WHERE table_schema = $1 AND table_name = $2"
_AT_ONCE = 500  # rows that are put in together


@dataclass
class Moving:
    """The tables of a schema while they are brought along; the transaction's end makes it true."""

    session: SqlSession
    schema: str
    tables: Tables
    form: int | None  # None: the schema does not say

    @property
    def specs(self) -> tuple[TableSpec, ...]:
        """The tables as they are now."""
        return tuple(table.spec for table in self.tables)

    @property
    def view(self) -> ReadView:
        """What lies in them now."""
        return PgView(self.session, self.tables, self._texts(self.tables))

    def take(self, step: Migration) -> None:
        """Go one step.

        Raises:
            InvalidError: it names a table that is not there.
            StoreUnavailableError: the server does not answer, or the role may not do this.
            TamperedError: a row is not of its form.
        """
        specs = {spec.name: spec for spec in self.specs}
        for change in step.changes:
            old = specs.pop(change.table, None)
            if old is None:
                raise InvalidError(f"form {step.to} changes `{change.table}`, which is not there")
            self._rename(old)
            if change.to is not None:
                self._make(change.to)
                self._fill(old, change.to, change.row)
                specs[change.to.name] = change.to
            self._do(f"DROP TABLE {self.schema}.o_{old.name}")
        for spec in step.added:
            self._make(spec)
            specs[spec.name] = spec
        self.tables, self.form = Tables(tuple(specs.values())), step.to
        set_meta = (
            f"INSERT INTO {self.schema}.s_meta VALUES ($1, $2)"  # noqa: S608  reason: a checked name
            " ON CONFLICT (name) DO UPDATE SET value = $2"
        )
        said = (("schema", self.tables.schema()), ("form", b"%d" % step.to))
        self.session.run([Do(set_meta, each) for each in said])

    def put(self, ops: Sequence[Op]) -> None:
        """Change rows.

        Raises:
            TamperedError: they are not as they were read.
        """
        (done,) = run(self.session, self.tables, self._texts(self.tables), [ops])
        if done.outcome is not Outcome.APPLIED:
            raise TamperedError("a row is not as it was read a moment ago")

    def faults(self) -> list[str]:
        """Return a sentence for each table with rows that are not of its form."""
        return misfits(self.view, self.tables)

    def _rename(self, old: TableSpec) -> None:
        self._do(
            f"ALTER TABLE {self.schema}.t_{old.name} RENAME TO o_{old.name}",
            *(f"DROP INDEX {self.schema}.i_{old.name}__{index}" for index in old.indexes),
            # its key's index would keep the name that the next table's gets
            f"ALTER INDEX {self.schema}.t_{old.name}_pkey RENAME TO o_{old.name}_pkey",
        )

    def _make(self, spec: TableSpec) -> None:
        (text,) = self._texts(Tables((spec,))).values()
        self._do(*text.creates)

    def _fill(self, old: TableSpec, new: TableSpec, row: Callable[[Row], Row | None]) -> None:
        was = Tables((old,))
        text = self._texts(Tables((new,)))[new.name]
        view = PgView(self.session, was, {old.name: PgText(was.named(old.name), self.schema, "o")})
        some: list[Row] = []
        for found in all_rows(view, old.name):
            made = row(found.row)
            if made is not None:
                some.append((*made, found.v))
            if len(some) == _AT_ONCE:
                self.session.run([Do(text.load, columns_of(some))])
                some.clear()
        if some:
            self.session.run([Do(text.load, columns_of(some))])

    def _texts(self, tables: Tables) -> dict[str, PgText]:
        return {table.spec.name: PgText(table, self.schema) for table in tables}

    def _do(self, *statements: str) -> None:
        self.session.run([*map(Do, statements)])


@contextmanager
def moving(client: SqlClient, schema: str) -> Iterator[Moving]:
    """Lend the tables of a schema to be brought along, all or not at all.

    Raises:
        StoreUnavailableError: the server does not answer, or there is no store.
        TamperedError: what the schema says of its tables is damaged.
    """
    with client.writing() as session:
        if not session.run([Ask(_IS_THERE, (schema, "s_meta"))])[0]:
            raise StoreUnavailableError(f"there is no store in schema `{schema}`")
        newer = f"UPDATE {schema}.s_lease SET fence = 1 + (SELECT max(fence) FROM {schema}.s_lease)"  # noqa: S608  reason: a checked name
        meta = f"SELECT name, value FROM {schema}.s_meta"  # noqa: S608  reason: as above
        _, _, rows = session.run([Ask(LOCK, (schema,)), Do(newer), Ask(meta)])
        said = {str(name): bytes(value) for name, value in rows}
        try:
            tables = Tables.of_schema(said["schema"])
            form = int(said["form"]) if "form" in said else None
        except (KeyError, TypeError, ValueError) as err:
            raise TamperedError("the schema does not say what its tables are") from err
        yield Moving(session, schema, tables, form)


def drop(client: SqlClient, schema: str) -> None:
    """Take a schema away with all that is in it.

    Raises:
        StoreUnavailableError: the server does not answer, or the role may not do this.
    """
    with client.writing() as session:
        session.run([Do(f"DROP SCHEMA IF EXISTS {schema} CASCADE")])
