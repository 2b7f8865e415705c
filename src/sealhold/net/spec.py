"""What a carrier promises: a place through which the devices of one person pass sealed bytes.

- Objects are immutable and put once; whoever keeps them learns names, sizes and times, and may
  return anything: whoever reads checks.
- What devices keep in one mailbox is named `m/BOX/SORT/...`: section 2 of the page. Its logs are
  `m/BOX/log/LOG/SEQ`, one entry an object, `SEQ` in 16 hex digits from 0 on without a gap.
- Methods block; several threads may call at once.

Source: docs/spec/14-relay.md section 1. Suite: tests/conformance/test_carriers.py.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from sealhold.model.ids import ObjectName


class Putting(Enum):
    """What became of a put."""

    CREATED = "created"
    EXISTS = "exists"  # by the very same bytes, so it is as good as created
    TAKEN = "taken"  # by others, which stay


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a carrier can do beyond keeping and giving back."""

    ranges: bool  # gives a part of an object without the rest
    pushes: bool  # `wait` returns when something came, and not by the clock alone
    deletes: bool  # forgets an object when it is asked to


@dataclass(frozen=True, slots=True)
class Listed:
    """An object that a carrier says it has."""

    name: ObjectName
    size: int  # bytes


@dataclass(frozen=True, slots=True)
class Heads:
    """What came to a mailbox, and how to ask for what comes next."""

    cursor: str  # opaque, of this carrier alone
    names: tuple[Listed, ...]  # of a log the newest entry stands for those before it; no packs
    begins: bool = False  # all is told anew: what was told before counts no more


class Carrier(Protocol):
    """Keeps objects under names of `[a-z0-9][a-z0-9_.-]*` parts joined by `/`, at most 200 long."""

    abilities: Abilities

    def put_new(self, name: ObjectName, data: bytes) -> Putting:
        """Keep `data` if `name` is free; once this returns, it survives a power cut.

        Raises:
            CarrierAwayError: no answer; whether it took effect is unknown, it may be repeated.
            CarrierFullError: no room for it there; nothing was kept.
        """
        ...

    def get(self, name: ObjectName, offset: int = 0, length: int | None = None) -> bytes:
        """Return an object, or a part of it, unchecked.

        Raises:
            ObjectNotFoundError: never put, or deleted.
            TamperedError: it ends before `offset + length`.
            CarrierAwayError: no answer.
        """
        ...

    def list_after(self, prefix: str, after: str = "") -> Iterator[Listed]:
        """Yield, in byte order, what is kept under names that start with `prefix`, after `after`.

        Raises:
            CarrierAwayError: no answer, or none for the rest.
        """
        ...

    def delete(self, name: ObjectName) -> None:
        """Forget the object; an unknown name is no error.

        Raises:
            CarrierAwayError: no answer.
            CarrierRefusedError: this carrier keeps what it has, or this token may not delete.
        """
        ...

    def heads(self, box: str, cursor: str = "", seconds: float = 0.0) -> Heads:
        """Return what came below `m/BOX/` since `cursor`; wait up to `seconds` if nothing did.

        More may be named than came, never less. A page ends early if its cursor is not the last:
        ask until nothing comes. Without a cursor all is told. Packs are named by entries, not here.

        Raises:
            CarrierAwayError: no answer.
        """
        ...

    def entries(self, log: str, first: int) -> list[bytes]:
        """Return entries of the log `m/BOX/log/LOG/` from number `first` on, without a gap.

        As many as fit 4 MiB, at least one if it is there; empty if there is none.

        Raises:
            CarrierAwayError: no answer.
        """
        ...

    def wait(self, prefix: str, after: str, seconds: float) -> bool:
        """Return true once something after `after` is there, or false after `seconds`.

        Raises:
            CarrierAwayError: no answer.
        """
        ...

    def close(self) -> None:
        """Let go of connections; what follows is CarrierAwayError."""
        ...
