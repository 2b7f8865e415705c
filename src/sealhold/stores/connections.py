"""The connections of one process to one encrypted file: a writer, a reader per thread, and others.

- One batch writes at a time; a second process waits `PATIENCE` for it and then finds it busy.
- A reader belongs to its thread and is closed some time after the thread ended.
- What a snapshot read with is kept for the next one, with its statements and without its pages: to
  open a file and prepare statements takes as long as a short snapshot does.
- What another thread may be reading with is never closed under it, which would end the process:
  `close` lets go of the readers, and each is closed by whoever lets go of it last.
- After an error of the disk the writer is closed, and the next batch opens a new one: what an
  fsync refused is never tried again on the same handle, since its pages may be gone already.

Source: docs/spec/04-stores.md section 6.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread, current_thread

from sqlcipher3.dbapi2 import Connection, Error

from sealhold.model.errors import StoreBusyError, StoreUnavailableError
from sealhold.stores.cipherfile import CipherFile

SPARE = 2  # readers that are kept for the next snapshot; four exports run at most


class Connections:
    """Opens, lends and closes the connections to `file`."""

    def __init__(self, file: CipherFile) -> None:
        self.file = file
        self._writing = Lock()
        self._writer: Connection | None = file.connect(read_only=False)
        self._lending = Lock()
        self._readers: dict[Thread, Connection] = {}
        self._spare: list[Connection] = []
        self._closed = False

    def reader(self) -> Connection:
        """Return this thread's reader.

        Raises:
            TamperedError: the file is damaged.
            StoreUnavailableError: it cannot be opened, or these connections are closed.
        """
        thread = current_thread()
        found = self._readers.get(thread)
        if found is not None:
            return found
        with self._lending:
            self._check_open()
            for ended in [known for known in self._readers if not known.is_alive()]:
                self._readers.pop(ended).close()
            connection = self._readers[thread] = self.file.connect(read_only=True)
            return connection

    @contextmanager
    def apart(self, *, again: bool = False) -> Iterator[Connection]:
        """Lend a reader of its own, for as long as the block lasts.

        With `again` it may be one that was lent before, and may be lent again.

        Raises:
            TamperedError: the file is damaged.
            StoreUnavailableError: it cannot be opened, or these connections are closed.
        """
        with self._lending:
            self._check_open()
            found = self._spare.pop() if again and self._spare else None
            connection = found or self.file.connect(read_only=True)
        try:
            yield connection
        except BaseException as err:
            connection.close()
            if isinstance(err, Error):
                raise self.file.meaning(err) from err
            raise
        if again:
            self._take_back(connection)
        else:
            connection.close()

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend the writer within a transaction: committed in the end, rolled back on any error.

        Raises:
            StoreBusyError: another process is writing.
            StoreFullError: no room; nothing was written.
            StoreUnavailableError: the disk failed, or these connections are closed.
            TamperedError: the file is damaged.
        """
        with self.alone() as connection:
            begin(connection)
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def alone(self) -> Iterator[Connection]:
        """Lend the writer outside a transaction, while no batch runs.

        Raises:
            StoreBusyError: another process is writing.
            StoreFullError: no room; nothing was written.
            StoreUnavailableError: the disk failed, or these connections are closed.
            TamperedError: the file is damaged.
        """
        with self._writing:
            self._check_open()
            connection = self._writer or self.file.connect(read_only=False)
            self._writer = connection
            try:
                yield connection
            except BaseException as err:
                self._clean_up(connection, err)
                if isinstance(err, Error):
                    raise self.file.meaning(err) from err
                raise

    def begin_anew(self) -> None:
        """Let go of the writer, so that the next batch opens another."""
        with self._writing:
            self._check_open()
            writer, self._writer = self._writer, None
            if writer is not None:
                writer.close()

    def close(self) -> None:
        """Close all of them, after the log was moved into the main file.

        Raises:
            StoreUnavailableError: the log could not be moved; it still holds what was committed.
        """
        with self._writing, self._lending:
            if self._closed:
                return
            self._closed = True
            self._readers.clear()  # and `apart` closes what it lent itself
            for spare in self._spare:
                spare.close()
            self._spare.clear()
            try:
                writer = self._writer or self.file.connect(read_only=False)
                try:
                    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    writer.close()
            except Error as err:
                raise self.file.meaning(err) from err

    def _take_back(self, connection: Connection) -> None:
        """Keep a reader for the next one, or close it; what it read is no longer in memory."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            connection.execute("PRAGMA shrink_memory").fetchall()
        except Error:
            connection.close()
            return
        with self._lending:
            is_kept = not self._closed and len(self._spare) < SPARE
            if is_kept:
                self._spare.append(connection)
        if not is_kept:
            connection.close()

    def _clean_up(self, connection: Connection, err: BaseException) -> None:
        """Roll back, and close the writer unless it is surely as it was before."""
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            whole = not isinstance(err, Error) or isinstance(self.file.meaning(err), StoreBusyError)
        except Error:
            whole = False
        if not whole:
            self._writer = None
            connection.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreUnavailableError(f"`{self.file.path.name}` is closed")


def begin(connection: Connection) -> None:
    """Begin a transaction that may write, before anybody else can."""
    connection.execute("BEGIN IMMEDIATE")
