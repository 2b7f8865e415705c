"""Somebody outside who knows how far the log is, before certain batches count.

- An old copy of all that a vault keeps agrees with itself. What lies outside of it does not: it
  names an entry that the copy's log lacks, or has another in the place of.
- It is told behind the commit and before whoever waits for it, so what counts is known to it.
- If it cannot be told, the batch is told as failed, and no other such batch begins until it is.

Source: docs/spec/11-exchange-and-op-log.md section 7.
"""

from collections.abc import Callable, Iterable
from threading import Lock

from sealhold.audit.log import Prepared
from sealhold.model.errors import AuditUnavailableError, SealholdError
from sealhold.vault.pieces import Work


class Watch:
    """Who is told of batches that touch some tables."""

    def __init__(
        self,
        tables: Iterable[str] = (),
        tell: Callable[[int, bytes], None] = lambda _number, _hash: None,
        known: int = -1,
    ) -> None:
        """Begin with nothing to tell.

        Args:
            tables: whose batches are told of.
            tell: takes an entry's number and hash, and keeps them, durably; may raise.
            known: number of the entry that was told of last, if any was.
        """
        self.tables = frozenset(tables)
        self.known = known
        self._tell = tell
        self._lock = Lock()
        self._owed: tuple[int, bytes] | None = None

    def settle_for(self, works: Iterable[Work]) -> None:
        """Tell what could not be told before, if any of `works` is to be told of.

        Raises:
            AuditUnavailableError: it cannot be told; whoever has such work is refused.
        """
        if self._owed is not None and self._concerns(works):
            try:
                self._settle()
            except SealholdError as err:
                sentence = "the mark outside the vault's folder cannot be written"
                raise AuditUnavailableError(sentence) from err

    def tell(self, number: int, hashed: bytes) -> None:
        """Tell of an entry, if of none behind it was told.

        Raises:
            StoreFullError: there is no room outside.
            StoreUnavailableError: the disk refuses.
        """
        with self._lock:
            if number > max(self.known, self._owed[0] if self._owed else -1):
                self._owed = number, hashed
        self._settle()

    def committed(self, works: Iterable[Work], batch: Prepared | None) -> None:
        """Tell of a batch's last entry if any of its works is to be told of; raises as `tell`."""
        if batch is not None and self._concerns(works):
            self.tell(batch.seqs[-1], batch.hashes[-1])

    def _concerns(self, works: Iterable[Work]) -> bool:
        return bool(self.tables) and any(
            op.table in self.tables for work in works for op in work.ops
        )

    def _settle(self) -> None:
        with self._lock:
            if self._owed is not None:
                self._tell(*self._owed)
                self.known, self._owed = self._owed[0], None
