"""What became of counted shares: a ledger for each, and each use with the answer that it got.

- A use is charged, told to the log and given its answer in one unit; who asks again under the same
  nonce gets the same answer, charged once.
- The row of a ledger is written over the very version that was read, so of many that charge at
  once none is lost and none is one too many.

Source: docs/spec/52-share-spaces.md section 4; docs/spec/49-sharing.md section 10.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind, Outcome
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, NotFoundError, TakenError, TamperedError
from sealhold.model.ids import DeviceId, GrantId, Id16, Purpose
from sealhold.model.quantities import Instant
from sealhold.policy.uses import Lease, Ledger, charge
from sealhold.stores.spec import Expect, Op, Put
from sealhold.vault.core import Core
from sealhold.vault.syncrows import SHARE_LEDGERS, SHARE_USES
from sealhold.vault.telling import Teller
from sealhold.vault.writer import Work

REFUSED = 0  # the number of a use that was denied
_AGAIN = 1_000  # times that a ledger is read anew, as others write it

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


class ShareLedgers:
    """The ledgers of the shares of one vault's owner."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._teller = Teller(core.keys)

    def tell(self, grant: GrantId, reason: str) -> None:
        """Have the log tell what the owner decided about a share, of any tier; durable on return.

        Raises:
            AuditUnavailableError: the log cannot be written.
        """
        self._write([], self._event(EventKind.SHARE, grant, reason))

    def open(self, grant: GrantId, ledger: Ledger) -> None:
        """Begin a ledger, durably.

        Raises:
            TakenError: there is one.
        """
        row = self._ledger_row(grant, ledger, Expect.ABSENT)
        try:
            self._write([row], self._event(EventKind.SHARE, grant, "began"))
        except ConflictError as err:
            raise TakenError("this share has a ledger") from err

    def ledger(self, grant: GrantId) -> Ledger:
        """Return the ledger of a share.

        Raises:
            NotFoundError: it has none here.
        """
        return self._read(grant)[0]

    def change(self, grant: GrantId, change: Callable[[Ledger], Ledger], reason: str) -> Ledger:
        """Change a ledger, durably: lend, settle, lose or revoke.

        Raises:
            NotFoundError: it has none here.
            ConflictError: others write it without end.
            SealholdError: as `change` raises; nothing was changed.
        """
        for _ in range(_AGAIN):
            ledger, version = self._read(grant)
            after = change(ledger)
            try:
                event = self._event(EventKind.SHARE, grant, reason)
                self._write([self._ledger_row(grant, after, version)], event)
            except ConflictError:
                continue
            return after
        raise ConflictError("a ledger that is written without end")

    def use(self, asked: Asked, now: Instant, answer: Answer, *, counted: bool = True) -> Kept:
        """Charge a use, durably, with the answer that it gets; or return the one that it got.

        Args:
            asked: which was permitted.
            now: the time.
            answer: makes what is told, from the number of the use.
            counted: whether the share has a count; without one the number is only a number.

        Raises:
            DeniedError: the share was taken back, or is over.
            UsesExhaustedError: nothing is left; nothing was charged.
            ConflictError: others write the ledger without end.
        """
        for _ in range(_AGAIN):
            if (known := self.kept(asked.grant, asked.nonce)) is not None:
                return known
            ledger, version = self._read(asked.grant)
            after, number = charge(ledger, asked.nonce, now)
            after = replace(after, answered={}, spent=after.spent if counted else ledger.spent)
            kept = _kept(asked, number, answer(number), now)
            # THREAT T549: charge, log and answer are one unit: none is without the others
            event = self._event(EventKind.SHARED_USE, asked.grant, "released", asked)
            try:
                rows = [self._ledger_row(asked.grant, after, version), self._use_row(asked, kept)]
                self._write(rows, event, releases=True)
            except ConflictError:
                continue
            return kept
        raise ConflictError("a ledger that is written without end")

    def refuse(self, asked: Asked, now: Instant, told: bytes, reason: str) -> Kept:
        """Keep that a use was denied, durably; the reason is for the owner alone."""
        if (known := self.kept(asked.grant, asked.nonce)) is not None:
            return known
        kept = _kept(asked, REFUSED, told, now)
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

    # --- inside ---

    def _read(self, grant: GrantId) -> tuple[Ledger, int]:
        (found,) = self._core.store.get(SHARE_LEDGERS.name, [(grant,)])
        if found is None:
            raise NotFoundError("this share has no ledger here")
        told = self._core.papers.open(SHARE_LEDGERS.name, (grant,), found.row[1])
        return _ledger(told), found.v

    def _opened_use(self, row: tuple[Any, ...]) -> Kept:
        return _use(row[1], self._core.papers.open(SHARE_USES.name, (row[0], row[1]), row[2]))

    def _ledger_row(self, grant: GrantId, ledger: Ledger, expect: Expect | int) -> Put:
        return self._row(SHARE_LEDGERS.name, (grant,), _told_ledger(ledger), expect)

    def _use_row(self, asked: Asked, kept: Kept) -> Put:
        key = (asked.grant, asked.nonce)
        return self._row(SHARE_USES.name, key, _told(kept), Expect.ABSENT)

    def _row(
        self, table: str, clear: tuple[bytes, ...], told: Plain, expect: Expect | int = Expect.ANY
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


def _kept(asked: Asked, number: int, answer: bytes, now: Instant) -> Kept:
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


def _told_ledger(ledger: Ledger) -> Plain:
    lent = [
        [each.device, each.incarnation, each.first, each.amount, each.end] for each in ledger.lent
    ]
    return [
        1,
        ledger.most,
        ledger.spent,
        lent,
        ledger.following,
        ledger.not_after,
        ledger.is_revoked,
    ]


def _ledger(told: Plain) -> Ledger:
    match told:
        case [1, int(most), int(spent), list(lent), int(following), end, bool(revoked)]:
            return Ledger(
                most=most,
                spent=spent,
                lent=tuple(_lease(each) for each in lent),
                following=following,
                not_after=None if end is None else Instant(end),
                is_revoked=revoked,
            )
        case _:
            raise TamperedError("a ledger of a share is not what was written")


def _lease(told: Plain) -> Lease:
    match told:
        case [bytes(device), bytes(incarnation), int(first), int(amount), int(end)]:
            return Lease(
                device=DeviceId(Id16(device)),
                incarnation=Id16(incarnation),
                first=first,
                amount=amount,
                end=Instant(end),
            )
        case _:
            raise TamperedError("a lease of a share is not what was written")
