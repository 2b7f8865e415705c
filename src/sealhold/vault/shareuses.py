"""Uses of shares as they are kept: each with the answer that it got, and with its receipt.

- A use is charged, told to the log and given its answer in one unit; who asks again under the same
  nonce gets the same answer, charged once.
- What is charged, a ledger or a lease, is the business of whoever builds on this.

Source: docs/spec/52-share-spaces.md section 4.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, NotFoundError, TamperedError
from sealhold.model.ids import GrantId, Purpose
from sealhold.model.quantities import Instant
from sealhold.stores.spec import Cell, Expect, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.syncrows import SHARE_USES
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

REFUSED = 0  # the number of a use that was denied
AGAIN: Final = 1_000  # times that a row is read anew, as others write it

Answer = Callable[[int], bytes]  # what is told of the use with that number


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A use that was decided, as it is kept."""

    nonce: bytes  # 16
    number: int  # 0: it was denied
    answer: bytes
    who: bytes  # device, 16
    action: str
    purpose: str
    at: Instant
    receipt: bytes = b""  # signed by both, once it came


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A use that is to be decided."""

    grant: GrantId
    nonce: bytes
    who: bytes
    action: str
    purpose: Purpose


class ShareUses:
    """The uses of shares that one device decided."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)

    def refuse(self, asked: Asked, now: Instant, told: bytes, reason: str) -> Kept:
        """Keep that a use was denied, durably; the reason is for the owner alone."""
        if (known := self.kept(asked.grant, asked.nonce)) is not None:
            return known
        kept = kept_of(asked, REFUSED, told, now)
        event = self._event(EventKind.SHARED_USE, asked.grant, reason, asked)
        try:
            denied = structs.replace(event, outcome=Outcome.DENIED)
            self._write([self._use_row(asked, kept)], denied)
        except ConflictError:
            return self.kept(asked.grant, asked.nonce) or kept
        return kept

    def kept(self, grant: GrantId, nonce: bytes) -> Kept | None:
        """Return a use that was decided."""
        (found,) = self._core.store.get(SHARE_USES.name, [(grant, nonce)])
        return None if found is None else self._opened_use(found.row)

    def uses(self, grant: GrantId) -> Iterator[Kept]:
        """Yield all uses of a share, in no order."""
        cursor = None
        while True:
            page = self._core.store.scan(SHARE_USES.name, "key", (grant,), (), after=cursor)
            for found in page.rows:
                if found.row[0] != grant:
                    return
                yield self._opened_use(found.row)
            cursor = page.cursor
            if cursor is None:
                return

    def put_receipt(self, grant: GrantId, nonce: bytes, receipt: bytes) -> None:
        """Keep the receipt of a use, signed by both, durably.

        Raises:
            NotFoundError: no such use was decided here.
        """
        kept = self.kept(grant, nonce)
        if kept is None:
            raise NotFoundError("no such use of a share")
        if kept.receipt != receipt:
            row = self._row(SHARE_USES.name, (grant, nonce), _told(replace(kept, receipt=receipt)))
            self._write([row], self._event(EventKind.SHARED_USE, grant, "receipt"))

    # --- for what builds on this ---

    def _opened_use(self, row: tuple[Any, ...]) -> Kept:
        return _use(row[1], self._core.papers.open(SHARE_USES.name, (row[0], row[1]), row[2]))

    def _use_row(self, asked: Asked, kept: Kept) -> Put:
        key = (asked.grant, asked.nonce)
        return self._row(SHARE_USES.name, key, _told(kept), Expect.ABSENT)

    def _row(
        self, table: str, clear: tuple[Cell, ...], told: Plain, expect: Expect | int = Expect.ANY
    ) -> Put:
        return Put(table, (*clear, self._core.papers.seal(table, clear, told)), expect)

    def _event(
        self, kind: EventKind, grant: GrantId, reason: str, asked: Asked | None = None
    ) -> Event:
        return Event(
            kind=kind,
            actor=Actor.OWNER if asked is None else Actor.VAULT,
            subject=self._teller.subject,
            grant=grant,
            reason=reason,
            purpose=None if asked is None else asked.purpose,
        )

    def _write(self, ops: Sequence[Op], event: Event, *, releases: bool = False) -> None:
        entries = (self._teller.entry(event),)
        self._core.writer.commit(Work(tuple(ops), entries, releases=releases))


def kept_of(asked: Asked, number: int, answer: bytes, now: Instant) -> Kept:
    """Return a use as it is kept."""
    return Kept(
        nonce=asked.nonce,
        number=number,
        answer=answer,
        who=asked.who,
        action=asked.action,
        purpose=asked.purpose,
        at=now,
    )


def _told(kept: Kept) -> Plain:
    return [
        1,
        kept.number,
        kept.answer,
        kept.who,
        kept.action,
        kept.purpose,
        kept.at,
        kept.receipt,
    ]


def _use(nonce: bytes, told: Plain) -> Kept:
    match told:
        case [
            1,
            int(number),
            bytes(answer),
            bytes(who),
            str(action),
            str(purpose),
            int(at),
            bytes(receipt),
        ]:
            return Kept(
                nonce=nonce,
                number=number,
                answer=answer,
                who=who,
                action=action,
                purpose=purpose,
                at=Instant(at),
                receipt=receipt,
            )
        case _:
            raise TamperedError("what was kept of a use is not what was written")
