"""A copy of an encrypted file as its pages lie, so that pages which did not change are the same.

- Writers go on: what they commit meanwhile waits in the log of changes, and the file stands still
  while somebody reads who needs nothing of that log.
- Where others read all the time the log never empties. Then the copy is one by the database, whole
  and of one moment, whose pages are like no others.
- The copy has key and salt of the file. Whoever keeps two of them sees which pages changed, so a
  copy goes nowhere as it is: it is cut, sealed and packed, and taken away again.

Source: docs/spec/29-operations.md section 5; SQLite, write-ahead logging, the read marks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlcipher3.dbapi2 import Connection, Error

from sealhold.stores.cipherfile import CipherFile, private_file, scratch
from sealhold.stores.spec import KeySource

TRIES: Final = 20  # a commit may come between two statements of ours
PATIENCE: Final = 100  # milliseconds; whoever waits for readers to end keeps writers waiting
AT_ONCE: Final = 4_194_304  # bytes


@contextmanager
def still_copy(path: Path, key: KeySource) -> Iterator[Path]:
    """Lend a copy of the file at one moment, beside it, that goes away again.

    Raises:
        StoreBusyError: another process writes.
        StoreFullError: no room for the copy.
        StoreUnavailableError: a file cannot be read or written.
        TamperedError: the key is not the file's, or it is damaged.
    """
    with scratch(path) as copy:
        private_file(copy)
        file = CipherFile(path, key())
        connection = file.connect(read_only=False)
        try:
            if _stands_still(connection, path):
                with path.open("rb") as source, copy.open("r+b") as to:
                    while piece := source.read(AT_ONCE):
                        to.write(piece)
                connection.execute("ROLLBACK")
            else:
                file.at(copy).fill_from(connection)
        except Error as err:
            raise file.meaning(err) from err
        finally:
            connection.close()
        yield copy


def _stands_still(connection: Connection, path: Path) -> bool:
    """Begin to read what is in the file alone, so that nobody moves the log into it.

    Return whether that was to be had; if not, nothing is begun.
    """
    log = path.with_name(f"{path.name}-wal")
    connection.execute(f"PRAGMA busy_timeout = {PATIENCE}").fetchall()
    for _ in range(TRIES):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()
        # INVARIANT: a log that is empty now was so when we began to read, for nobody cuts one that
        # we need: then we need none of it, and until we end it is not moved into the file
        if not log.exists() or log.stat().st_size == 0:
            return True
        connection.execute("ROLLBACK")
    return False
