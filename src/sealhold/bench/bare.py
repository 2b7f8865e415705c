"""The peers of the vault's store: databases that keep bytes, and do nothing else.

- Same page size, journal, syncs and cache as the vault's own file; one table, a unique 16-byte id,
  64 rows to a commit. SQLCipher encrypts its pages, SQLite does not.

Source: docs/benchmarks.md.
"""

import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Protocol

from sqlcipher3 import dbapi2 as sqlcipher

from sealhold.crypto.entropy import system_entropy
from sealhold.model.ids import timed_ids
from sealhold.model.quantities import Instant
from sealhold.stores.binding import Bound, bound
from sealhold.stores.cipherfile import CACHE, KEY_BYTES, PAGE, CipherFile

TABLE: Final = "CREATE TABLE rec (id BLOB NOT NULL UNIQUE, coll TEXT NOT NULL, body BLOB NOT NULL)"
INSERT: Final = "INSERT INTO rec VALUES (?, ?, ?)"
AT: Final = Instant(1_795_000_000_000)


class Connection(Protocol):
    """What both databases have."""

    def execute(self, sql: str, /) -> object:
        """Run a statement."""
        ...

    def executemany(self, sql: str, rows: Iterable[list[Bound]], /) -> object:
        """Run a statement for each row."""
        ...


class Bare:
    """One bare database, which grows from run to run as the vault does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, payloads: Sequence[bytes], at_once: int) -> float:
        """Insert the payloads under new ids and return how many were kept in a second."""
        ids = timed_ids(AT, len(payloads), system_entropy)
        rows = [(bytes(each), "readings", body) for each, body in zip(ids, payloads, strict=True)]
        started = time.perf_counter()
        for start in range(0, len(rows), at_once):
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, map(bound, rows[start : start + at_once]))
            self._connection.execute("COMMIT")
        return len(rows) / (time.perf_counter() - started)


def bare_sqlcipher(path: Path) -> Bare:
    """Return an empty encrypted database."""
    file = CipherFile(path, system_entropy(KEY_BYTES))
    file.write_schema([TABLE], ("PRAGMA user_version", ()))
    return Bare(file.connect(read_only=False))


def bare_sqlite(path: Path) -> Bare:
    """Return an empty database without encryption."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        f"page_size = {PAGE}",
        "journal_mode = WAL",
        "synchronous = FULL",
        f"cache_size = -{CACHE}",
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute(TABLE)
    return Bare(connection)


def versions() -> dict[str, str]:
    """Return the version of each peer."""
    with sqlcipher.connect(":memory:") as connection:
        (cipher,) = connection.execute("PRAGMA cipher_version").fetchone()
    return {
        "sqlcipher": f"SQLCipher {cipher}, SQLite {sqlcipher.sqlite_version}",
        "sqlite": f"SQLite {sqlite3.sqlite_version}",
    }
