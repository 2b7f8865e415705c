"""Bringing the tables of an encrypted file to another form: always of a copy, never in place.

- A step names the tables that change, what becomes of a row, and the tables that are new. All else
  stays, row for row, with its version.
- The copy is one transaction: after a kill it is whole or of no use, and the file stands as it was.

Source: docs/spec/29-operations.md section 8.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlcipher3.dbapi2 import Connection, Error

from sealhold.model.errors import InvalidError
from sealhold.stores.binding import bound
from sealhold.stores.cipherfile import CipherFile, private_file
from sealhold.stores.spec import KeySource, Row, TableSpec
from sealhold.stores.sqltext import TableText
from sealhold.stores.tables import Tables

_SCHEMA = "SELECT value FROM s_meta WHERE name = 'schema'"
_SET_SCHEMA = "UPDATE s_meta SET value = ? WHERE name = 'schema'"


def _same(row: Row) -> Row:
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one table."""

    table: str  # as it was called
    to: TableSpec | None  # None: it goes
    row: Callable[[Row], Row | None] = _same  # None: the row goes


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step from a form to the next."""

    to: int  # the number of the form that it leads to
    about: str
    changes: tuple[Change, ...] = ()
    added: tuple[TableSpec, ...] = ()
    deciding: frozenset[str] = frozenset()  # tables that decided before and are called otherwise
    back: "Migration | None" = None  # the step that leads back, where tables are not only added


def turned_round(step: Migration) -> Migration:
    """Return the step that leads back from where a step led.

    Raises:
        InvalidError: what it changed cannot be changed back.
    """
    if step.back is not None:
        return step.back
    if step.changes:
        raise InvalidError(f"what came with form {step.to} cannot be taken back")
    gone = tuple(Change(table=spec.name, to=None) for spec in step.added)
    return Migration(to=step.to - 1, about=step.about, changes=gone)


def tables_of(path: Path, key: KeySource) -> tuple[TableSpec, ...]:
    """Return the tables that a file holds.

    Raises:
        TamperedError: the key is not the file's, or it is damaged.
        StoreUnavailableError: it cannot be read.
    """
    file = CipherFile(path, key())
    file.check_header()
    connection = file.connect(read_only=True)
    try:
        return tuple(table.spec for table in _tables(connection))
    except Error as err:
        raise file.meaning(err) from err
    finally:
        connection.close()


def migrated_copy(path: Path, to: Path, key: KeySource, steps: Sequence[Migration]) -> None:
    """Copy a file to `to`, which is free, and take the copy through `steps`.

    Raises:
        InvalidError: a step names a table that is not there.
        StoreFullError: no room for a second one.
        StoreUnavailableError: a file cannot be read or written.
    """
    source = CipherFile(path, key())
    copy = source.at(to)
    private_file(to)
    reading = source.connect(read_only=False)  # it may have to look through the log of changes
    try:
        copy.fill_from(reading)
    finally:
        reading.close()
    migrate(to, key, steps)


def migrate(path: Path, key: KeySource, steps: Sequence[Migration]) -> None:
    """Take a copy, which nobody has open, through `steps`.

    Raises:
        InvalidError: a step names a table that is not there.
        StoreFullError: no room.
        StoreUnavailableError: it cannot be read or written.
    """
    copy = CipherFile(path, key())
    connection = copy.connect(read_only=False)
    try:
        for step in steps:
            _take(connection, step)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except Error as err:
        raise copy.meaning(err) from err
    finally:
        connection.close()


def _take(connection: Connection, step: Migration) -> None:
    connection.execute("BEGIN IMMEDIATE")
    tables = {table.spec.name: table.spec for table in _tables(connection)}
    for change in step.changes:
        old = tables.pop(change.table, None)
        if old is None:
            raise InvalidError(f"form {step.to} changes `{change.table}`, which is not there")
        connection.execute(f"ALTER TABLE t_{old.name} RENAME TO o_{old.name}")
        for index in old.indexes:
            connection.execute(f'DROP INDEX "i_{old.name}${index}"')
        if change.to is not None:
            _make(connection, change.to)
            _fill(connection, old, change.to, change.row)
            tables[change.to.name] = change.to
        connection.execute(f"DROP TABLE o_{old.name}")
    for spec in step.added:
        _make(connection, spec)
        tables[spec.name] = spec
    connection.execute(_SET_SCHEMA, (Tables(tuple(tables.values())).schema(),))
    connection.execute("COMMIT")


def _make(connection: Connection, spec: TableSpec) -> None:
    (table,) = Tables((spec,))
    for statement in TableText(table).creates:
        connection.execute(statement)


def _fill(
    connection: Connection, old: TableSpec, new: TableSpec, row: Callable[[Row], Row | None]
) -> None:
    marks = ", ".join("?" for _ in range(len(new.columns) + 1))
    insert = f"INSERT INTO t_{new.name} VALUES ({marks})"  # noqa: S608  reason: a checked name
    (table,) = Tables((old,))
    for *cells, version in connection.execute(f"SELECT * FROM o_{old.name}"):  # noqa: S608  reason: as above
        for at in table.flags:
            cells[at] = bool(cells[at])
        made = row(tuple(cells))
        if made is not None:
            connection.execute(insert, (*bound(made), version))


def _tables(connection: Connection) -> Tables:
    return Tables.of_schema(connection.execute(_SCHEMA).fetchone()[0])
