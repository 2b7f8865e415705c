"""Databases of SQLite from strangers: read out of memory, a few tables, no code of theirs.

- The reader has one open file and no path, so the bytes are handed to the library as they are. A
  `-wal` file beside it is not seen; whoever tells what the file is says so.
- What the file's own schema says is no command: nothing but plain tables of the names that were
  asked for is read, no view, no virtual table, no function, and nothing is written.
- What is damaged is an error of the file.

Source: docs/spec/44-money-and-mail.md section 3; the file format of SQLite, section 1.3.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from sealhold.connectors.batches import MAX_ITEM
from sealhold.model.errors import UnreadableSourceError

MAX_FILE = 104_857_600  # bytes; it is held twice for a moment
MAGIC = b"SQLite format 3\x00"
WAL_NOTE = "; what a -wal file beside it holds is not in it"
_HEAD = 100  # bytes of the header
_PAGE_SIZE, _FORMS, _COUNTER, _PAGES, _VALID_FOR = 16, slice(18, 20), 24, 28, 92
_LARGEST_PAGE = 65_536  # written as 1
_WAL, _ROLLBACK = b"\x02\x02", b"\x01\x01"
_CREATE = re.compile(rb"CREATE TABLE [\"'`\[]?(\w{1,64})")
_PLAIN = re.compile(rb"CREATE TABLE\s", re.IGNORECASE)

_FAULTS = (sqlite3.Error, UnicodeDecodeError)  # the latter in what the library says of a fault

Judge = Callable[[int, str | None, str | None, str | None, str | None], int]
Value = bytes | int | float | None  # texts come as the bytes they are


def tables_in(head: bytes) -> set[bytes]:
    """Return the names of tables that the beginning of a database tells, none if it is none."""
    return set(_CREATE.findall(head)) if head.startswith(MAGIC) else set()


def is_in_wal_mode(head: bytes) -> bool:
    """Return whether the newest of a database may lie in a `-wal` file beside it."""
    return head[_FORMS] == _WAL


class Database:
    """A database of which a few tables can be read."""

    def __init__(
        self, connection: sqlite3.Connection, columns: Mapping[str, frozenset[str]]
    ) -> None:
        self._connection = connection
        self.columns = columns  # of each table that can be read

    def rows(self, statement: str) -> Iterator[Sequence[Value]]:
        """Yield what a statement of ours finds.

        Raises:
            UnreadableSourceError: the database is damaged, or wants more than its tables read.
        """
        try:
            yield from self._connection.execute(statement)
        except _FAULTS as err:
            raise UnreadableSourceError("a damaged database, or one with code in it") from err


@contextmanager
def opened(file: BinaryIO, tables: Sequence[str]) -> Iterator[Database]:
    """Yield the database that a file holds, of which only these tables can be read.

    Raises:
        UnreadableSourceError: no database, too large, cut off, damaged, or without the tables.
    """
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(_bytes_of(file))
        columns = _prepare(connection, tables)
        # THREAT T393: what the file defines is never run: no view, no function, no other table
        connection.set_authorizer(_only_reads_of(frozenset(tables)))
        yield Database(connection, columns)
    except _FAULTS as err:
        raise UnreadableSourceError("a damaged database") from err
    finally:
        connection.close()


def _bytes_of(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:  # THREAT T393: it would be held whole
        raise UnreadableSourceError(f"a database of over {MAX_FILE} bytes")
    if len(data) < _HEAD or not data.startswith(MAGIC):
        raise UnreadableSourceError("no SQLite database")
    if len(data) < _told_size(data):
        where = "in its -wal file, or lost" if is_in_wal_mode(data) else "lost"
        raise UnreadableSourceError(f"a database whose last pages are {where}; copy it anew")
    if not is_in_wal_mode(data):
        return data
    return data[: _FORMS.start] + _ROLLBACK + data[_FORMS.stop :]  # in memory there is no WAL


def _told_size(data: bytes) -> int:
    """Return how many bytes the header says that there are, 0 if it does not say so."""
    size = int.from_bytes(data[_PAGE_SIZE : _PAGE_SIZE + 2], "big")
    pages = int.from_bytes(data[_PAGES : _PAGES + 4], "big")
    is_told = data[_COUNTER : _COUNTER + 4] == data[_VALID_FOR : _VALID_FOR + 4]
    return pages * (_LARGEST_PAGE if size == 1 else size) if is_told else 0


def _prepare(connection: sqlite3.Connection, tables: Sequence[str]) -> Mapping[str, frozenset[str]]:
    """Set the limits and return the columns of each table.

    Raises:
        UnreadableSourceError: a table is missing, or is none that can be read without running code.
    """
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_ITEM)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    for setting in ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.text_factory = bytes  # what is no text is the reader's to tell
    columns = {}
    for table in tables:
        found = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
        ).fetchone()
        if found is None or not isinstance(found[0], bytes) or not _PLAIN.match(found[0]):
            raise UnreadableSourceError(f"a database without a plain table {table}")
        told = connection.execute(f"PRAGMA table_info({table})")  # a name of ours
        columns[table] = frozenset(each[1].decode("utf-8", "replace") for each in told)
    return columns


def _only_reads_of(tables: frozenset[str]) -> Judge:
    def judge(
        action: int, what: str | None, more: str | None, where: str | None, who: str | None
    ) -> int:
        del more, where
        if who is None and (
            action == sqlite3.SQLITE_SELECT or (action == sqlite3.SQLITE_READ and what in tables)
        ):
            return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    return judge
