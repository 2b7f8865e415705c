"""What the faces show of keys: ids, states, versions and counts, never a byte of one.

Source: docs/spec/03-keys.md section 13.
"""

from dataclasses import dataclass
from typing import Self

from sealhold.model.encoding import Plain
from sealhold.model.quantities import Instant


@dataclass(frozen=True, slots=True)
class KeyView:
    """One key."""

    kind: str  # epoch | app | field | subject | vault
    name: str  # its id; the number of an epoch; what one of the vault's own is for
    version: int
    state: str
    wraps: int  # keys that lie under it now; 0 for one that wraps none


@dataclass(frozen=True, slots=True)
class LogKeyView:
    """One key that signs for the log, or did."""

    version: int
    digest: str  # 64 hex digits: SHA-256 of the public key
    key: str  # as a reader of signed notes takes it: name, id and public key
    state: str  # active | retired | compromised


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKeysView:
    """The keys of the log, and what they say of each other."""

    origin: str
    keys: tuple[LogKeyView, ...]  # the newest first
    notes: tuple[str, ...]  # that each of two keys signed, the oldest first


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedView:
    """An epoch that was closed."""

    epoch: int
    at: Instant
    keys: int  # that moved on to the next one
    erased: int  # items that were erased in it
    method: str  # how its slot was destroyed
    strength: str  # and what that is worth

    @classmethod
    def of(cls, epoch: int, paper: Plain) -> Self:
        """Return the view of the note that is kept of an epoch."""
        assert isinstance(paper, dict)  # noqa: S101  # reason: our own, under its seal
        return cls(epoch=epoch, **paper)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysView:
    """All keys of a vault."""

    epoch: int
    generation: int  # how often the key set was written
    due: Instant | None  # by when the epoch is to be closed, if something was erased in it
    keys: tuple[KeyView, ...]
    closed: tuple[ClosedView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingView:
    """An epoch that is closed, or would be."""

    epoch: int
    next: int
    keys: int
    erased: int
    method: str | None  # None while it is only looked at, as is the next
    strength: str | None
