"""The rows of a vault's folder, and their next form beside them.

Source: docs/spec/29-operations.md section 8.
"""

from collections.abc import Sequence

from sealhold.stores.backends.sqlcipher import SqlCipherStore
from sealhold.stores.migrating import Migration, migrated_copy, tables_of
from sealhold.stores.spec import KeySource, TableSpec
from sealhold.vault.home import Home


class FileRows:
    """The rows in the database of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def tables(self, key: KeySource) -> tuple[TableSpec, ...]:
        """Return the tables in force.

        Raises:
            TamperedError: the key is not the file's, or it is damaged.
            StoreUnavailableError: it cannot be read.
        """
        return tables_of(self._home.data, key)

    def in_force(self) -> SqlCipherStore:
        """Return the store of the rows in force, not open."""
        return SqlCipherStore(self._home.data)

    def make(self, key: KeySource, steps: Sequence[Migration]) -> SqlCipherStore:
        """Copy the rows, take the copy through `steps`, and return its store, not open.

        Raises:
            InvalidError: a step names a table that is not there.
            StoreFullError: no room for a second one.
            StoreUnavailableError: a file cannot be read or written.
        """
        migrated_copy(self._home.data, self._home.next_data, key, steps)
        return SqlCipherStore(self._home.next_data)

    def take(self) -> None:
        """Put the copy into the place of the rows in force, if that is still to be done.

        Raises:
            StoreUnavailableError: the disk refuses.
        """
        self._home.take_next_data()

    def forget(self) -> None:
        """Drop the copy, whole or not."""
        self._home.next_data.unlink(missing_ok=True)
