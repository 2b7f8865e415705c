"""The ledgers of counted shares, at the device that looks after them.

- The row of a ledger is written over the very version that was read, so of many that charge at
  once none is lost and none is one too many.

Source: docs/spec/52-share-spaces.md section 4; docs/spec/49-sharing.md section 10.
"""

from collections.abc import Callable
from dataclasses import replace

from sealhold.audit.event import EventKind
from sealhold.model.encoding import Plain
from sealhold.model.errors import ConflictError, NotFoundError, TakenError, TamperedError
from sealhold.model.ids import GrantId
from sealhold.model.quantities import Instant
from sealhold.policy.uses import Ledger, charge
from sealhold.stores.spec import Expect, Put
from sealhold.vault.shareleases import read_lease, told_lease
from sealhold.vault.shareuses import AGAIN, Answer, Asked, Kept, ShareUses, kept_of
from sealhold.vault.syncrows import SHARE_LEDGERS


class ShareLedgers(ShareUses):
    """The ledgers of the shares of one vault's owner."""

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
        for _ in range(AGAIN):
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
        for _ in range(AGAIN):
            if (known := self.kept(asked.grant, asked.nonce)) is not None:
                return known
            ledger, version = self._read(asked.grant)
            after, number = charge(ledger, asked.nonce, now)
            after = replace(after, answered={}, spent=after.spent if counted else ledger.spent)
            kept = kept_of(asked, number, answer(number), now)
            # THREAT T549: charge, log and answer are one unit: none is without the others
            event = self._event(EventKind.SHARED_USE, asked.grant, "released", asked)
            try:
                rows = [self._ledger_row(asked.grant, after, version), self._use_row(asked, kept)]
                self._write(rows, event, releases=True)
            except ConflictError:
                continue
            return kept
        raise ConflictError("a ledger that is written without end")

    # --- inside ---

    def _read(self, grant: GrantId) -> tuple[Ledger, int]:
        (found,) = self._core.store.get(SHARE_LEDGERS.name, [(grant,)])
        if found is None:
            raise NotFoundError("this share has no ledger here")
        told = self._core.papers.open(SHARE_LEDGERS.name, (grant,), found.row[1])
        return _ledger(told), found.v

    def _ledger_row(self, grant: GrantId, ledger: Ledger, expect: Expect | int) -> Put:
        return self._row(SHARE_LEDGERS.name, (grant,), _told_ledger(ledger), expect)


def _told_ledger(ledger: Ledger) -> Plain:
    return [
        1,
        ledger.most,
        ledger.spent,
        [told_lease(each) for each in ledger.lent],
        ledger.following,
        ledger.not_after,
        ledger.is_revoked,
        ledger.incarnation,
        ledger.is_back,
    ]


def _ledger(told: Plain) -> Ledger:
    match told:
        case [
            1,
            int(most),
            int(spent),
            list(lent),
            int(following),
            end,
            bool(revoked),
            bytes(incarnation),
            bool(back),
        ]:
            return Ledger(
                most=most,
                spent=spent,
                lent=tuple(map(read_lease, lent)),
                following=following,
                not_after=None if end is None else Instant(end),
                is_revoked=revoked,
                incarnation=incarnation,
                is_back=back,
            )
        case _:
            raise TamperedError("a ledger of a share is not what was written")
