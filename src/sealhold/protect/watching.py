"""What a session tells about its client and its provider, and what it is told of both.

- A session tells before rows leave, and what is told holds before the client's next message.
- Nothing here waits for a disk: what is to be durable is written by whoever listens.

Source: docs/spec/66-alarms-and-reactions.md section 2.
"""

from collections.abc import Sequence
from typing import Final, Protocol

NOBODY: Final = frozenset[str]()


class Watch(Protocol):
    """What sessions tell. Its calls are short, and come from several threads."""

    @property
    def out(self) -> frozenset[str]:
        """Users and providers that are shut out, each as `user:NAME` or `provider:ID`."""
        ...

    def opened(self, principal: str, table: str, keys: Sequence[int]) -> None:
        """Take in that rows of a table are about to be shown, by what tells them apart.

        Raises:
            TooFastError: more different rows of that table than the policy lets one user see.
        """

    def found(self, kind: str, table: str, principal: str = "", replica: str = "") -> None:
        """Take in that something is wrong with what a provider, or its replica, gave of tables."""


class Unwatched:
    """Takes all as it comes: for a session by itself."""

    out: Final = NOBODY

    def opened(self, principal: str, table: str, keys: Sequence[int]) -> None:
        """Let it be."""

    def found(self, kind: str, table: str, principal: str = "", replica: str = "") -> None:
        """Let it be."""


class AtReplica:
    """What a session at a replica tells."""

    def __init__(self, inner: Watch, replica: str) -> None:
        self._inner, self._replica = inner, replica

    @property
    def out(self) -> frozenset[str]:
        """Users and providers that are shut out."""
        return self._inner.out

    def opened(self, principal: str, table: str, keys: Sequence[int]) -> None:
        """Tell of rows.

        Raises:
            TooFastError: they are too many.
        """
        self._inner.opened(principal, table, keys)

    def found(self, kind: str, table: str, principal: str = "", replica: str = "") -> None:
        """Tell of what is wrong, and that it is so at the replica."""
        self._inner.found(kind, table, principal, replica or self._replica)


UNWATCHED: Final = Unwatched()
