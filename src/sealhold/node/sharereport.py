"""What became of shares: how each stands, its uses, and what does not fit among its receipts.

Source: docs/spec/52-share-spaces.md section 4; docs/spec/49-sharing.md section 10.
"""

from typing import Final

from sealhold.model.errors import (
    ExhaustedError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from sealhold.model.ids import ContactId, DeviceId, Id16
from sealhold.model.quantities import DAY
from sealhold.model.shown.shares import AnswersView, ShareView, UseView
from sealhold.node.devicework import DeviceWork
from sealhold.node.shareanswers import asked_words
from sealhold.node.sharewords import line_views, standing_of
from sealhold.node.sharework import ShareWork
from sealhold.policy.shareterms import Tier
from sealhold.policy.sharetexts import label
from sealhold.sharing.devices.devices import Open
from sealhold.sharing.peers import spaces
from sealhold.sharing.peers.admitting import guests
from sealhold.sharing.peers.sharepaper import Record, records
from sealhold.sharing.peers.usereceipts import is_signed_beside, oddities, papers_of, receipts

_OWED: Final = DAY  # how long after its release a use without a receipt is told


class ShareReport:
    """The shares of this vault's owner, as they stand. For one thread."""

    def __init__(self, work: DeviceWork, shares: ShareWork) -> None:
        self._devices, self._shares = work.devices, shares

    def every(self) -> list[ShareView]:
        """Return all shares, those in force first."""
        found = [self.view(each) for each in records(self._devices)]
        return sorted(found, key=lambda each: (each.standing != "in force", each.name, each.id))

    def view(self, record: Record) -> ShareView:
        """Return one share as it stands."""
        opened = spaces.space_of(self._devices, record)
        names = self._names(record)
        count = record.clauses.count
        told = [] if opened is None else list(receipts(opened, record.grant))
        uses = [each for each in self._shares.ledgers.uses(record.grant) if each.number]
        now, have = self._devices.now(), {each.key for each in told}
        silent = [
            str(each.number) for each in uses if each.nonce not in have and each.at + _OWED <= now
        ]
        by_them = sum(each.body.permitted for each in told)
        is_counted = record.clauses.tier >= Tier.KEY_PER_USE
        return ShareView(
            id=record.grant.hex(),
            name=record.name,
            people=tuple(names.values()),
            label=label(record.clauses.tier),
            standing=self._standing(record),
            lines=line_views(record.clauses, names),
            objects=0 if opened is None else spaces.count(opened),
            uses=self._shares.released(record) if is_counted else by_them,
            most=None if count is None else count.most,
            receipts=len(told),
            odd=() if opened is None else self._odd(opened, record),
            silent=tuple(silent),
            unconfirmed=tuple(sorted(self._shares.lent(record))),
            answers=self._answers(record),
        )

    def uses(self, record: Record) -> list[UseView]:
        """Return the uses of a share that somebody told of, or that were asked for."""
        opened = spaces.space_of(self._devices, record)
        if opened is None:
            return []
        names, whose = self._names(record), guests(opened)
        shown = opened.replica.state.tree.shown()
        kept = {each.nonce: each for each in self._shares.ledgers.uses(record.grant)}

        def person(device: bytes) -> str:
            root = whose.get(DeviceId(Id16(device)))
            return "" if root is None else names.get(ContactId(root), root.hex()[:16])

        found = [
            UseView(
                number=each.body.counter,
                at=each.at,
                person=person(each.device),
                action=each.body.action.value,
                purpose=each.body.purpose,
                object="/".join(shown[each.body.object].path)
                if each.body.object in shown
                else asked_words(opened, record.grant, each.body.object),
                permitted=each.body.permitted,
                signed="by both" if is_signed_beside(opened, each.key) else "by their device",
            )
            for each in receipts(opened, record.grant)
        ]
        told = {each.key for each in receipts(opened, record.grant)}
        found += [
            UseView(
                number=each.number or None,
                at=each.at,
                person=person(each.who),
                action=each.action,
                purpose=each.purpose,
                object="",
                permitted=each.number > 0,
                signed="not yet" if each.number else "refused here",
            )
            for each in kept.values()
            if each.nonce not in told
        ]
        return sorted(found, key=lambda each: (each.at, each.number or 0))

    def papers(self, record: Record) -> list[bytes]:
        """Return the receipts of a share as papers, for whoever checks them elsewhere."""
        opened = spaces.space_of(self._devices, record)
        return [] if opened is None else papers_of(opened, record.grant)

    # --- inside ---

    def _odd(self, opened: Open, record: Record) -> tuple[str, ...]:
        count = record.clauses.count
        most = None if count is None else count.most
        found = oddities(opened, record.grant, most)
        return tuple(f"{each.what.value} at {each.seq}" for each in found)

    def _answers(self, record: Record) -> AnswersView | None:
        try:
            return self._shares.answers.look(record.clauses, record.grant)
        except (InvalidError, NotFoundError, ExhaustedError, UnavailableError):
            # it expired, lies on another device, or was not charged for yet
            return None

    def _names(self, record: Record) -> dict[ContactId, str]:
        contacts = self._shares.contacts.contacts
        found = {who: contacts.by_root(who) for who in sorted(record.clauses.who)}
        return {
            who: (who.hex()[:16] if known is None else known.name)
            + (" (may only look)" if who in record.lookers else "")
            for who, known in found.items()
        }

    def _standing(self, record: Record) -> str:
        if record.is_revoked:
            return "taken back"
        standing = standing_of(record.clauses, self._devices.now())
        count = record.clauses.count
        if standing == "in force" and self._shares.answers.is_over(record):
            return "answers no more"
        if standing == "in force" and count is not None:
            try:
                ledger = self._shares.ledgers.ledger(record.grant)
            except NotFoundError:
                return standing
            return standing if ledger.left else "used up"
        return standing
