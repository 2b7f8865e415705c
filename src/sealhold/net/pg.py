"""A PostgreSQL server over its own protocol: blocking calls over a pool that lives in one thread.

- The vault's threads block, the driver does not: it works on an event loop in a thread of its own,
  and each call crosses over once, however many steps it has; so do the begin of a transaction
  with its first steps, and its end.
- What is read alone takes one round trip and no transaction.
- A commit is acknowledged when it is on the server's disk (`synchronous_commit`).
- A server that went away is one typed error; the next transaction connects anew. A connection on
  which something was left open or unclear is thrown away.
- An error names its SQLSTATE and nothing of a row.

Source: docs/spec/04-stores.md section 10; asyncpg 0.32.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Any, Final, Literal, TypeVar

import asyncpg

from sealhold.model.errors import (
    SealholdError,
    StoreBusyError,
    StoreFullError,
    StoreUnavailableError,
    TamperedError,
)
from sealhold.model.sqlsteps import Ask, AskEach, Cells, Do, Step

PLACES: Final = 8  # connections at once
PATIENCE: Final = "5s"  # for another transaction's lock
CONNECTING: Final = 10.0  # seconds
_SETTINGS: Final = {
    "application_name": "sealhold",
    "synchronous_commit": "on",
    "lock_timeout": PATIENCE,
    "jit": "off",
    # seconds and tries after which the server lets go of what a client left behind that is gone:
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_NOT_ITS: Final = "42501"
_FULL, _DAMAGED = {"53100"}, {"XX001", "XX002"}
_BUSY = {"55P03", "40001", "40P01", "53300"}

_OF_SERVER: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the connection went in the middle of a message
    OSError,
    TimeoutError,
)
_T = TypeVar("_T")
_Isolation = Literal["read_committed", "repeatable_read"]


class PgSession:
    """One transaction on one connection, which begins with its first steps."""

    def __init__(self, client: "PgClient", level: _Isolation, *, is_reading: bool) -> None:
        self._client = client
        self._level: _Isolation = level
        self._is_reading = is_reading
        self._connection: Any = None
        self._transaction: Any = None

    def run(self, steps: Sequence[Step]) -> list[list[Cells]]:
        """Run all steps in order, and return the rows of each.

        Raises:
            StoreUnavailableError: no answer.
            StoreFullError: the server has no room.
            StoreBusyError: another transaction is in the way for too long.
            TamperedError: what the server keeps is damaged.
        """
        return self._client.wait(self._run(steps))

    async def end(self) -> None:
        """Commit; what failed leaves the transaction as it is, for `drop`."""
        if self._connection is not None:
            await self._transaction.commit()
            await self._client.give_back(self._connection, is_clear=True)
            self._connection = None

    async def drop(self) -> None:
        """Roll back, and give the connection back if it surely did."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        is_clear = False
        try:
            with suppress(*_OF_SERVER):  # what went wrong first is what is told
                await self._transaction.rollback()
                is_clear = True
        finally:
            # INVARIANT: a connection goes back only after its transaction surely ended.
            await self._client.give_back(connection, is_clear=is_clear)

    async def _run(self, steps: Sequence[Step]) -> list[list[Cells]]:
        if self._connection is None:
            self._connection = await self._client.take()
            self._transaction = self._connection.transaction(
                isolation=self._level, readonly=self._is_reading
            )
            await self._transaction.start()
        return [await self._one(step) for step in steps]

    async def _one(self, step: Step) -> list[Cells]:
        return await _done(self._connection, step)


class _Asking:
    """Reads, each for itself: a statement alone is of one moment without a transaction."""

    def __init__(self, client: "PgClient") -> None:
        self._client = client

    def run(self, steps: Sequence[Step]) -> list[list[Cells]]:
        """Run all steps in order, and return the rows of each, as a session does."""
        return self._client.wait(self._run(steps))

    async def _run(self, steps: Sequence[Step]) -> list[list[Cells]]:
        connection = await self._client.take()
        is_clear = False
        try:
            rows = [await _done(connection, step) for step in steps]
            is_clear = True
        finally:
            await self._client.give_back(connection, is_clear=is_clear)
        return rows


class PgClient:
    """Leads to the database at `address`, a URL as libpq takes it."""

    def __init__(self, address: str, *, places: int = PLACES) -> None:
        self._address = address
        self._places = places
        self._turn = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._pool: Any = None

    @contextmanager
    def writing(self) -> Iterator[PgSession]:
        """Lend a transaction: durable in the end, rolled back on any error.

        Raises:
            StoreUnavailableError: no answer; if that came at the end, the effect is unknown.
        """
        with self._transaction("read_committed", is_reading=False) as session:
            yield session

    @contextmanager
    def reading(self, *, fixed: bool = False) -> Iterator[PgSession | _Asking]:
        """Lend what writes nothing; if `fixed`, all it reads is of one moment.

        Raises:
            StoreUnavailableError: no answer.
        """
        if not fixed:
            yield _Asking(self)
            return
        with self._transaction("repeatable_read", is_reading=True) as session:
            yield session

    def alone(self, statements: Sequence[str]) -> None:
        """Run statements that a server takes only outside of a transaction, one by one.

        Raises:
            StoreUnavailableError: no answer.
        """
        connection = self.wait(self.take())
        is_clear = False
        try:
            for statement in statements:
                self.wait(connection.execute(statement))
            is_clear = True
        finally:
            self.wait(self.give_back(connection, is_clear=is_clear))

    def close(self) -> None:
        """Let go of the server; the next transaction connects anew."""
        with self._turn:
            loop, self._loop = self._loop, None
            thread, self._thread = self._thread, None
            pool, self._pool = self._pool, None
        if loop is None or thread is None:
            return
        if pool is not None:
            with suppress(Exception):  # it is being let go of, whatever it says
                asyncio.run_coroutine_threadsafe(_closed(pool), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do `work` on the loop and return what came of it.

        Raises:
            StoreUnavailableError: no answer.
            StoreFullError: the server has no room.
            StoreBusyError: another transaction is in the way for too long.
            TamperedError: what the server keeps is damaged.
        """
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result()
        except _OF_SERVER as err:
            told = meaning(err)
            raise told from err
        except BaseException:
            future.cancel()
            raise

    @contextmanager
    def _transaction(self, level: _Isolation, *, is_reading: bool) -> Iterator[PgSession]:
        session = PgSession(self, level, is_reading=is_reading)
        try:
            yield session
            self.wait(session.end())
        except BaseException:
            with suppress(StoreUnavailableError):  # what went wrong first is what is told
                self.wait(session.drop())
            raise

    async def take(self) -> Any:  # noqa: ANN401  reason: a proxy without a type of its own
        """Return a connection, on the loop."""
        pool = self._pool
        if pool is None:
            pool = self._pool = await asyncpg.create_pool(
                self._address,
                min_size=0,
                max_size=self._places,
                timeout=CONNECTING,
                server_settings=_SETTINGS,
                reset=_nothing,
            )
        return await pool.acquire(timeout=CONNECTING)

    async def give_back(self, connection: Any, *, is_clear: bool) -> None:  # noqa: ANN401  reason: as above
        """Take a connection back, on the loop; one on which something may be open ends."""
        if not is_clear:
            connection.terminate()
        with suppress(*_OF_SERVER):
            await self._pool.release(connection)

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._turn:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name="postgres", daemon=True)
                self._thread.start()
            return self._loop


async def _done(connection: Any, step: Step) -> list[Cells]:  # noqa: ANN401  reason: as above
    match step:
        case Ask(sql, cells):
            return [*map(tuple, await connection.fetch(sql, *cells))]
        case AskEach(sql, each):
            return [*map(tuple, await connection.fetchmany(sql, each))]
        case Do(sql, cells):
            status = await connection.execute(sql, *cells)
            count = status.rsplit(" ", 1)[-1]
            return [(int(count) if count.isdigit() else 0,)]


async def _nothing(_connection: object) -> None:
    """Stand for what the driver would ask the server to forget: nothing outlives a transaction.

    Locks, settings and cursors are of transactions alone, and nothing is listened to.
    """


async def _closed(pool: Any) -> None:  # noqa: ANN401  reason: the driver has no public type for it
    pool.terminate()


def meaning(err: Exception) -> SealholdError:
    """Return what an error of the driver means to a store."""
    state = str(getattr(err, "sqlstate", None) or type(err).__name__)
    said = f"the database server says {state}"
    if state == _NOT_ITS:
        said += ": this role may not do that"
    if state in _FULL:
        return StoreFullError(said)
    if state in _BUSY:
        return StoreBusyError(said)
    if state in _DAMAGED:
        return TamperedError(said)
    return StoreUnavailableError(said)
