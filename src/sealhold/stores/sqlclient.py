"""How a backend reaches an SQL server: the few calls that it needs, given to it by the node.

- A backend opens no socket. Whoever builds it hands in a `SqlClient`, whose calls block.
- Several steps go to the server in one call; between two of them nothing comes back.
- Nothing but the errors of `stores/spec.py` escapes a client.

Source: docs/spec/04-stores.md section 10.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sealhold.model.sqlsteps import Cells, Step


class SqlSession(Protocol):
    """One transaction."""

    def run(self, steps: Sequence[Step]) -> list[list[Cells]]:
        """Run all steps in order, and return the rows of each.

        Raises:
            StoreUnavailableError: no answer.
            StoreFullError: the server has no room.
            StoreBusyError: another transaction is in the way for too long.
            TamperedError: what the server keeps is damaged.
        """
        ...


class SqlClient(Protocol):
    """Lends transactions. Several threads may ask at once."""

    def writing(self) -> AbstractContextManager[SqlSession]:
        """Lend a transaction: durable in the end, rolled back on any error.

        It begins with its first steps.

        Raises:
            StoreUnavailableError: no answer; if that came at the end, the effect is unknown.
        """
        ...

    def reading(self, *, fixed: bool = False) -> AbstractContextManager[SqlSession]:
        """Lend what writes nothing; if `fixed`, all it reads is of one moment.

        Else each step is of a moment of its own.

        Raises:
            StoreUnavailableError: no answer.
        """
        ...

    def alone(self, statements: Sequence[str]) -> None:
        """Run statements that a server takes only outside of a transaction, one by one.

        Raises:
            StoreUnavailableError: no answer.
        """
        ...

    def close(self) -> None:
        """Let go of the server; the next transaction connects anew."""
        ...
