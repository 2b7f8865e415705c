"""What a relay needs of the place where it keeps mailboxes; it decides nothing about them itself.

- Methods block; several threads may call at once.
- Whoever keeps learns what stands in `relay-view.toml`, and no more.

Source: docs/spec/14-relay.md section 3.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from sealhold.model.ids import Id16
from sealhold.net.relay.names import Item
from sealhold.net.relay.papers import Rights


class Stored(Enum):
    """What became of a put."""

    CREATED = auto()
    SAME = auto()  # it was there, with the same bytes
    TAKEN = auto()  # by other bytes, which stay
    FULL = auto()  # of the account's room


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a token stands for."""

    token: Id16
    rights: Rights | None  # None: of an account, which opens mailboxes
    of: Id16  # the mailbox or the account


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox."""

    key: bytes  # 32 bytes: signs its papers
    number: int  # of its newest paper


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of an account is used."""

    quota: int  # bytes
    used: int  # bytes
    boxes: int


@dataclass(frozen=True, slots=True)
class News:
    """What came to a mailbox."""

    cursor: int
    items: Sequence[tuple[Item, int]]  # and its length in bytes


class Holding(Protocol):
    """Keeps what lies in mailboxes.

    Any method may raise StoreUnavailableError: no answer, effect unknown, it may be repeated.
    """

    def bearer(self, token: str) -> Bearer:
        """Return what a token stands for.

        Raises:
            BadTokenError: for nothing, any more or ever.
        """
        ...

    def put(self, item: Item, data: bytes | bytearray) -> Stored:
        """Keep an object, durably, if its name is free; `data` is not written to meanwhile."""
        ...

    def get(self, item: Item, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object, or a part of it.

        Raises:
            ObjectNotFoundError: there is none.
            TamperedError: it ends before `offset + length`.
        """
        ...

    def size(self, item: Item) -> int:
        """Return an object's length in bytes.

        Raises:
            ObjectNotFoundError: there is none.
        """
        ...

    def delete(self, item: Item) -> None:
        """Forget an object; an unknown one is no error."""
        ...

    def names(
        self, box: Id16, within: str, after: Item | None, limit: int
    ) -> Sequence[tuple[Item, int]]:
        """Return what lies in a mailbox, in the order of names, and each one's length.

        `within` is "", a sort, `log/LOG` or `pack/II`; any other is InvalidError.
        """
        ...

    def news(self, box: Id16, after: int, limit: int) -> News:
        """Return what came after a cursor: of each log the newest, and no packs."""
        ...

    def entries(self, box: Id16, log: bytes, first: int, most: int) -> list[bytes]:
        """Return entries of a log from `first` on without a gap: `most` bytes, or one entry."""
        ...

    def wait(self, box: Id16, after: int, seconds: float) -> None:
        """Return when something came after a cursor, after `seconds`, or when the relay ends."""
        ...


class Keeping(Holding, Protocol):
    """Keeps mailboxes, and who opened them: what a relay needs."""

    def usage(self, account: Id16) -> Usage:
        """Return how much of an account is used."""
        ...

    def box(self, box: Id16) -> Box | None:
        """Return a mailbox, if there is one."""
        ...

    def open(self, account: Id16, box: Id16, key: bytes, number: int) -> bool:
        """Make a mailbox of an account; false if the account has as many as it may."""
        ...

    def mint(self, box: Id16, rights: Rights, number: int) -> str | None:
        """Return a new token, which is kept nowhere; None if there are too many."""
        ...

    def drop(self, box: Id16, tokens: Sequence[Id16], number: int) -> None:
        """End tokens of a mailbox."""
        ...

    def rekey(self, box: Id16, key: bytes, number: int) -> None:
        """Put another key in force, and end every token of the mailbox."""
        ...

    def end(self, box: Id16, number: int) -> None:
        """Forget a mailbox, its tokens, and all that lies in it."""
        ...
