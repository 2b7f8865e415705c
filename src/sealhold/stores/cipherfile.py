"""One encrypted database file: how a connection to it is made, and what its errors mean.

- The key is the first statement of a connection, raw, so no password is stretched. What the file
  then answers decides: a wrong key and a damaged first page look alike, and both are TAMPERED.
- The file's first 16 bytes are read before each start: a database that is not encrypted is refused,
  because a library without encryption takes the key pragma without a word.
- Each connection syncs at every commit; there is no weaker setting.

Source: docs/spec/04-stores.md section 6.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlcipher3 import dbapi2 as sqlcipher
from sqlcipher3.dbapi2 import Connection, Error

from sealhold.model.errors import (
    InvalidError,
    PlaintextStoreError,
    SealholdError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.stores.spec import NO_ROOM

KEY_BYTES = 32
PAGE = 8192  # bytes; a sealed record of 1 KB then shares its page with six others
CACHE = 65_536  # KiB; random reads of a 1 GB file need their inner pages at hand
PATIENCE = 5_000  # ms to wait for another process's batch; ours take a few
STATEMENTS = 512  # prepared ones kept per connection: more than the vault's tables have
PLAIN_HEADER = b"SQLite format 3\x00"
AT_ONCE = 1_048_576  # bytes of a file that are in memory when it is written over itself
FILE_MODE = 0o600
UNFINISHED = ".tmp-"  # what a killed process may leave behind

_PRIMARY = 0xFF  # the low byte of an extended result code tells its family
_NO_INDEX = 4874  # SQLITE_IOERR_SHMSIZE: the index of the log cannot grow, so nothing is begun


class CipherFile:
    """An encrypted database at `path`, and the key that opens it."""

    def __init__(self, path: Path, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise InvalidError(f"a file key has {KEY_BYTES} bytes, not {len(key)}")
        self.path = path
        self._key = key

    def __repr__(self) -> str:
        return f"CipherFile({self.path.name})"

    def connect(self, *, read_only: bool) -> Connection:
        """Return a new connection that any thread may use, in autocommit mode.

        Raises:
            TamperedError: the key is not the file's, or its first page is damaged.
            StoreUnavailableError: the file cannot be opened.
        """
        try:
            connection = sqlcipher.connect(
                str(self.path),
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS,
            )
        except Error as err:
            raise self.meaning(err) from err
        try:
            self._prepare(connection, read_only=read_only)
        except Error as err:
            connection.close()
            raise self.meaning(err) from err
        return connection

    def check_header(self) -> None:
        """Read how the file begins, before the database does.

        Raises:
            PlaintextStoreError: it is a database that anybody can read.
            TamperedError: it is cut off; the database would take it for a new one.
            StoreUnavailableError: there is no such file.
        """
        try:
            with self.path.open("rb") as file:
                head = file.read(PAGE)
        except OSError as err:
            raise StoreUnavailableError(f"cannot read `{self.path.name}`") from err
        # THREAT T05: a plain database under our file name would take plain rows from us.
        if head.startswith(PLAIN_HEADER):
            raise PlaintextStoreError(f"`{self.path.name}` is not encrypted")
        if len(head) < PAGE:
            raise TamperedError(f"`{self.path.name}` is cut off")

    def at(self, path: Path) -> "CipherFile":
        """Return another file of the same key."""
        return CipherFile(path, self._key)

    def write_schema(self, statements: Sequence[str], last: tuple[str, tuple[bytes, ...]]) -> None:
        """Fill an empty file: page size, journal mode, `statements`, and one with parameters.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: the file cannot be written.
        """
        with self._filling() as connection:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            connection.execute("BEGIN IMMEDIATE")
            for statement in statements:
                connection.execute(statement)
            connection.execute(*last)
            connection.execute("COMMIT")

    def fill_from(self, source: Connection) -> None:
        """Fill an empty file with all that `source` sees at this moment.

        Raises:
            StoreFullError: no room.
            StoreUnavailableError: a file cannot be read or written.
        """
        with self._filling() as connection:
            source.backup(connection)

    @contextmanager
    def _filling(self) -> Iterator[Connection]:
        connection = self.connect(read_only=False)
        try:
            yield connection
        except Error as err:
            raise self.meaning(err) from err
        finally:
            connection.close()

    def meaning(self, err: Error) -> SealholdError:
        """Return what an error of the database says in the terms of a store."""
        name = self.path.name
        code = getattr(err, "sqlite_errorcode", 0)
        if code == _NO_INDEX:
            return StoreFullError(f"no room for `{name}`")
        match code & _PRIMARY:
            # THREAT T06: each page carries a MAC, so a changed one is never read as data.
            case sqlcipher.SQLITE_NOTADB | sqlcipher.SQLITE_CORRUPT:
                return TamperedError(f"`{name}` is damaged, or its key is another")
            case sqlcipher.SQLITE_FULL:
                return StoreFullError(f"no room for `{name}`")
            case sqlcipher.SQLITE_BUSY | sqlcipher.SQLITE_LOCKED:
                return StoreBusyError(f"`{name}` is in use")
            case _:
                return StoreUnavailableError(f"`{name}` does not answer")

    def _prepare(self, connection: Connection, *, read_only: bool) -> None:
        connection.execute(f"PRAGMA key = \"x'{self._key.hex()}'\"")
        connection.execute("PRAGMA cipher_log_level = NONE")  # else a wrong key writes to stderr
        connection.execute(f"PRAGMA cipher_page_size = {PAGE}")
        connection.enable_load_extension(False)  # noqa: FBT003  # its only parameter
        for pragma in (
            f"busy_timeout = {PATIENCE}",
            f"cache_size = -{CACHE}",
            "synchronous = FULL",
            "secure_delete = ON",
            "trusted_schema = OFF",
            "cell_size_check = ON",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # proves the key
        if read_only:
            connection.execute("PRAGMA query_only = ON")


def private_file(path: Path) -> None:
    """Make an empty file that only its owner may read; it must not exist."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))


def sync_anew(path: Path) -> None:
    """Write a file over itself and sync it, since what a sync refused once is not tried again.

    Readers go on, for no byte changes; nobody may write meanwhile.

    Raises:
        StoreFullError: no room.
        StoreUnavailableError: the disk refuses.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            at = 0
            while part := os.pread(file.fileno(), AT_ONCE, at):
                at += os.pwrite(file.fileno(), part, at)
            os.fsync(file.fileno())
    except OSError as err:
        if err.errno in NO_ROOM:
            raise StoreFullError(f"no room for `{path.name}`") from err
        raise StoreUnavailableError(f"`{path.name}` cannot be written") from err


@contextmanager
def scratch(path: Path) -> Iterator[Path]:
    """Lend a place for a file of the same name, in a folder beside `path` that goes away again.

    Raises:
        StoreFullError: no room.
        StoreUnavailableError: the folder cannot be written.
    """
    try:
        with TemporaryDirectory(prefix=UNFINISHED, dir=path.parent) as folder:
            yield Path(folder) / path.name
    except OSError as err:
        if err.errno in NO_ROOM:
            raise StoreFullError(f"no room for `{path.name}`") from err
        raise StoreUnavailableError(f"`{path.name}` cannot be written") from err


@contextmanager
def becoming(path: Path) -> Iterator[Path]:
    """Lend an empty private file that takes the place `path` in the end, when it is whole.

    Raises:
        InvalidError: the place is taken.
        StoreFullError: no room.
        StoreUnavailableError: the folder cannot be written.
    """
    if path.exists():
        raise InvalidError(f"`{path.name}` is not empty")
    with scratch(path) as part:
        private_file(part)
        yield part
        try:
            os.link(part, path)
        except FileExistsError:
            raise InvalidError(f"`{path.name}` is not empty") from None
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
