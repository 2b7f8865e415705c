"""What the proxy must ask before it opens or sends anything: the seam to decision and log.

- The session asks before the first execution of a kind of statement, and again when the answer is
  used up. `node` binds the vault's decision and log in.
- A lease is written to the log before it is given: what was used of it comes after. So the log
  never says less than what was opened.

Source: docs/spec/56-postgresql-proxy.md section 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

LOGIN: Final = "LOGIN"  # as a verb: nothing was done but trying to come in
NOT_LET_IN: Final = "28P01"


@dataclass(frozen=True, slots=True)
class Use:
    """One kind of statement of one client: what it does, without a value."""

    principal: str  # the name the client logged in with
    database: str
    verb: str  # SELECT, INSERT, UPDATE, DELETE, COPY TO, COPY FROM, DDL, ...
    tables: tuple[str, ...]
    opens: tuple[str, ...]  # columns that come out in plain, as table.column
    writes: tuple[str, ...]  # protected columns that are written
    reads: bool = False  # rows come out, though the verb does not say so


@dataclass(slots=True)
class Lease:
    """Leave to run statements of one kind for a while."""

    statements: int  # that may still be run
    cells: int  # that may still be opened
    until: float  # of the clock that the gate was made with, in seconds
    used_statements: int = 0
    used_cells: int = 0


class Gate(Protocol):
    """Decides and records. Its calls may wait for a disk: they run outside the event loop."""

    def admit(self, use: Use) -> Lease:
        """Return a lease that is in the log already.

        Raises:
            SealholdError: refused, or the log cannot be written. Nothing is sent then.
        """

    def settle(self, use: Use, lease: Lease) -> None:
        """Record what was used of a lease that ended."""

    def refused(self, use: Use, code: str) -> None:
        """Record that a statement was refused (SH001 to SH008), or a login (28P01)."""

    def found(self, kind: str, table: str, detail: str) -> None:
        """Record that something is wrong at the provider: a bad tag, a stale row."""


class Rids(Protocol):
    """Gives out row numbers, each once, also over crashes."""

    def draw(self, count: int) -> Sequence[int]:
        """Return `count` numbers of 63 bits that nobody had before."""
