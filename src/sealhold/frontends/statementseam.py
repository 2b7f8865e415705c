"""What a face may ask of the vault about its months.

A part of the contract in `seam.py`, whose rules hold here too.

Source: docs/spec/40-statement.md.
"""

from collections.abc import Iterator
from typing import Protocol

from sealhold.model.ids import GrantId
from sealhold.model.shown.statement import Odd, Statement


class Statements(Protocol):
    """What happened in a month, added up from the log."""

    def statement(self, month_text: str) -> Statement:
        """Return the statement of a month, written as `2026-10`.

        Raises:
            InvalidError: it is no month.
            TamperedError: the log is not what was written.
        """
        ...

    def paper(self, statement: Statement) -> bytes:
        """Return a statement as the vault signs it."""
        ...

    def export(self) -> Iterator[bytes]:
        """Yield the whole log, as `sealhold verify --log` reads it."""
        ...

    def alerts(self) -> tuple[Odd, ...]:
        """Return the odd uses of the last 30 days, the newest first."""
        ...

    def grant_of(self, odd: Odd) -> GrantId | None:
        """Return the one grant that all entries of an alert are about, if one is."""
        ...
