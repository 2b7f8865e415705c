"""What is kept of people who were erased: the facts of each erasure, and the receipts made of them.

- The row lies under a keyed name that only who asks with the person's id can compute, and is
  sealed under the app's base key. It holds nothing of the person.
- A receipt is made anew each time, and is the same each time: of the facts, of the log's entry
  under the first checkpoint over it, and of the note of the closed epoch.
- An app's copy has no place in the log and no epoch, and its second stage comes a day after the
  erasure, whenever the epoch was closed: an app learns nothing of what others did.

Source: docs/spec/27-rights.md sections 1 and 2.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sealhold.audit.bundle import prove_entry
from sealhold.audit.erasure import Destroyed, Erasure, Facts, GoneKey, HeldBack, Told, issue
from sealhold.audit.event import EventKind, Outcome
from sealhold.audit.reading import leaf_of, open_leaf, rows
from sealhold.audit.tables import LEAF
from sealhold.crypto.digest import framed
from sealhold.crypto.seal import NOBODY, Sealer
from sealhold.model.encoding import Plain, pack, unpack_own
from sealhold.model.errors import NotFoundError, TamperedError
from sealhold.model.ids import AppId, Id16, ReceiptId, SubjectId
from sealhold.model.people import ErasedView
from sealhold.model.quantities import Instant
from sealhold.model.staying import StayView
from sealhold.stores.spec import Expect, Found, Op, Put, ReadView
from sealhold.vault.core import Core
from sealhold.vault.epochs import CLOSED, WITHIN, due
from sealhold.vault.erased import ERASED


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of one erasure."""

    facts: Facts
    epoch: int  # in which it was done
    closes_at: Instant
    since: int  # an entry of the log that is no later than the erasure's own


class Erasures:
    """Keeps the facts of erasures, and makes receipts of them."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def kept(self, facts: Facts, since: int) -> Kept:
        """Return what is to be kept of an erasure that is being done now."""
        epoch = self._core.keyring.lies_in.epoch
        by = due(self._core.deciding, epoch) or Instant(facts.at + WITHIN)
        return Kept(facts=facts, epoch=epoch, closes_at=by, since=since)

    def put(self, subject: SubjectId, kept: Kept) -> Op:
        """Return the operation that keeps it, for a person of whom nothing was kept so far."""
        facts = kept.facts
        keys = self._core.keyring.app(facts.app)
        clear = (facts.app, keys.erased.mac16(subject), facts.receipt, kept.epoch)
        paper = [
            facts.person,
            facts.at,
            facts.salt,
            [[key.name, key.version] for key in facts.keys],
            dict(facts.rows),
            [[each.recipient, each.name] for each in facts.told],
            kept.closes_at,
            kept.since,
            [_packed(each) for each in facts.held],
        ]
        sealed = keys.receipts.seal(pack(paper), _place(*clear), self._core.entropy)
        return Put(ERASED.name, (*clear, sealed), Expect.ABSENT)

    def of_person(self, app: AppId, subject: SubjectId) -> Kept | None:
        """Return what is kept of a person of this app who was erased.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        name = self._core.keyring.app(app).erased.mac16(subject)
        found = self._core.store.get(ERASED.name, [(app, name)])[0]
        return None if found is None else self._opened(found)

    def of_any(self, apps: Iterable[AppId], subject: SubjectId) -> Kept | None:
        """Return what is kept of a person of one of these apps who was erased.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        for app in apps:
            with suppress(NotFoundError):  # it never kept anybody
                found = self.of_person(app, subject)
                if found is not None:
                    return found
        return None

    def of_receipt(self, receipt: ReceiptId) -> Kept | None:
        """Return what is kept under the number of a receipt.

        Raises:
            SealBrokenError: it is not as it was written.
        """
        page = self._core.store.scan(ERASED.name, "receipt", (receipt,), (), limit=1)
        if not page.rows or page.rows[0].row[2] != receipt:
            return None
        return self._opened(page.rows[0])

    def app_copy(self, kept: Kept) -> ErasedView:
        """Return the receipt as the person's app may have it."""
        # THREAT T261: no place, no epoch, no moment of closing: these tell what others do
        shown_at = Instant(kept.facts.at + WITHIN)
        is_over = self._core.clock() >= shown_at
        gone = self._destroyed(kept) if is_over else None
        if gone is not None:
            at = max(shown_at, gone.at)
            gone = Destroyed(at=at, method=gone.method, strength=gone.strength)
        return self._view(Erasure(facts=kept.facts, closes_at=shown_at, destroyed=gone))

    def whole(self, kept: Kept) -> ErasedView:
        """Return the receipt with its place in the log, for the owner and officers.

        Raises:
            TamperedError: the log has no entry of it.
        """
        erasure = Erasure(
            facts=kept.facts,
            closes_at=kept.closes_at,
            epoch=kept.epoch,
            entry=self._entry(kept),
            destroyed=self._destroyed(kept),
        )
        return self._view(erasure)

    def _view(self, erasure: Erasure) -> ErasedView:
        facts = erasure.facts
        paper = issue(erasure, self._core.keyring.signer("proof-sign"))
        return ErasedView(
            receipt=facts.receipt,
            at=facts.at,
            stage=erasure.stage,
            closes_at=erasure.closes_at,
            rows=dict(sorted(facts.rows.items())),  # kept in an order of its own: one answer
            paper=paper.decode(),
            stays=tuple(map(_stay, facts.held)),
        )

    def _destroyed(self, kept: Kept) -> Destroyed | None:
        found = self._core.store.get(CLOSED.name, [(kept.epoch,)])[0]
        if found is None:
            return None
        note = self._core.papers.open(CLOSED.name, (kept.epoch,), found.row[1])
        return Destroyed(at=Instant(note["at"]), method=note["method"], strength=note["strength"])

    def _entry(self, kept: Kept) -> bytes:
        own, keys = Sealer(self._core.keyring.named("log")), self._core.writer.log.known
        with self._core.store.snapshot() as view:
            seq = _seq_of(view, kept, own)
            return prove_entry(
                view, seq, lambda subject: own if subject == NOBODY else None, keys, first=True
            )

    def _opened(self, found: Found) -> Kept:
        app, name, receipt, epoch, sealed = found.row
        keys = self._core.keyring.app(AppId(Id16(app)))
        plain = unpack_own(keys.receipts.open(sealed, _place(app, name, receipt, epoch)))
        person, at, salt, gone, counts, told, closes_at, since, *more = plain
        facts = Facts(
            receipt=ReceiptId(Id16(receipt)),
            app=AppId(Id16(app)),
            person=person,
            at=Instant(at),
            salt=salt,
            keys=tuple(GoneKey(name=key, version=version) for key, version in gone),
            rows=counts,
            told=tuple(Told(recipient=Id16(who), name=text) for who, text in told),
            held=tuple(_unpacked(*each) for some in more for each in some),
        )
        return Kept(facts=facts, epoch=epoch, closes_at=Instant(closes_at), since=since)


def _stay(held: HeldBack) -> StayView:
    from sealhold.policy.holds import ground_of, stay_of  # noqa: PLC0415  # reason: few are held

    return stay_of(ground_of(held.ground), held.law, held.until, held.items)


def _packed(held: HeldBack) -> list[Plain]:
    about = [held.hold, held.ground, held.law, held.purpose, held.until]
    return [*about, dict(held.items), held.lost]


def _unpacked(  # as they are kept
    hold: bytes, ground: str, law: str, purpose: str, until: int, items: dict[str, int], lost: int
) -> HeldBack:
    return HeldBack(
        hold=Id16(hold),
        ground=ground,
        law=law,
        purpose=purpose,
        until=Instant(until),
        items=items,
        lost=lost,
    )


def _seq_of(view: ReadView, kept: Kept, own: Sealer) -> int:
    for found in rows(view, LEAF.name, low=(kept.since,)):
        leaf = leaf_of(found)
        if leaf.subject != NOBODY:
            continue
        logged = open_leaf(leaf, lambda _: own).logged
        if logged is None:
            continue
        event = logged.event
        if (event.kind, event.outcome) == (EventKind.ERASE, Outcome.DONE) and (
            event.receipt == kept.facts.receipt
        ):
            return logged.seq
    raise TamperedError("the log has no entry of an erasure that there was")


def _place(app: bytes, name: bytes, receipt: bytes, epoch: int) -> bytes:
    return framed(ERASED.name.encode(), app, name, receipt, pack(epoch))
