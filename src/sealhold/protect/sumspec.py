"""What a session asks of the sums at an agent.

Source: docs/spec/64-sums-at-an-agent.md section 6.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

from sealhold.model.errors import NotFoundError
from sealhold.protect.columns import Column

Part = Sequence[tuple[int, Collection[int] | None]]
"""Blocks, each with the rows of it that are added; None for all."""


class NoSumError(NotFoundError):
    """The blocks at the agent do not answer this; the statement is done on opened rows.

    Remedy: none is needed.
    """


class Sums(Protocol):
    """The sums of one proxy; several threads may ask."""

    def live(self, columns: Collection[Column]) -> list[int] | None:
        """Return the first block of each column that may be asked for; None if one has none."""

    def totals(self, column: Column, parts: Sequence[Part]) -> list[int]:
        """Return the sum of each part; the call may wait for the agent.

        Raises:
            NoSumError: its blocks do not have these rows, or its key is ended.
            TamperedError: the agent gave a wrong sum; its key is ended now.
            AgentAwayError: it gives none.
        """
