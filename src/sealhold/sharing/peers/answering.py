"""The owner's side of a use: asks in a share space are decided, charged, told, and answered.

- The decision is that of every share, over the paper in the space and by the owner's clock. What
  is charged is durable with its entry in the log before an answer leaves.
- One device holds the ledger of a share; the others leave its asks alone.
- An answer that was not written yet when the device stopped is written from what is kept.

Source: docs/spec/52-share-spaces.md section 4.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from sealhold.model.errors import (
    BusyError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
    NotFoundError,
)
from sealhold.model.ids import Collection, ContactId, DeviceId, Id16
from sealhold.model.quantities import DAY, Instant
from sealhold.policy.share import Per
from sealhold.policy.sharedecide import decide_use
from sealhold.policy.sharefacts import DeviceRole, HeldShare, ShareFacts, Thing, Use, Used
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joining import has
from sealhold.sharing.devices.saying import ASK
from sealhold.sharing.peers.admitting import guests
from sealhold.sharing.peers.sharepaper import REVOKED, Paper, Record, papers
from sealhold.sharing.peers.usekeys import use_key
from sealhold.sharing.peers.usenotes import (
    ANSWER_KIND,
    Answered,
    Ask,
    read_answer,
    read_ask,
    seal_answer,
)
from sealhold.vault.shareledger import Asked, ShareLedgers

WHERE: Final = Collection("share")  # a copy names objects, so no dataset is looked at
AT_ONCE: Final = 256  # asks that are answered in one writing

Give = Callable[[Record, Ask, int], bytes]  # what a permitted use is given, by its number


@dataclass(slots=True)
class Answers:
    """What became of the asks in a space."""

    released: int = 0
    denied: int = 0
    reasons: list[str] = field(default_factory=list)  # for the owner alone


def key_for_use(record: Record, ask: Ask, _number: int) -> bytes:
    """Return what a use at T2 is given: the key of that version."""
    return use_key(record.secret, ask.thing, ask.version).reveal()


class Answering:
    """Answers the asks in share spaces. For one thread."""

    def __init__(self, devices: Devices, ledgers: ShareLedgers, give: Give = key_for_use) -> None:
        self._devices, self._ledgers, self._give = devices, ledgers, give

    def answer(self, opened: Open, record: Record) -> Answers:
        """Answer what is asked in the space of a share and has no answer yet, durably.

        Raises:
            AuditUnavailableError: nothing can be written: nothing was released.
        """
        done = Answers()
        if record.clauses.tier < Tier.KEY_PER_USE:
            return done
        ledger = opened.members.state.ledgers.get(Id16(record.grant))
        if ledger is not None and ledger.device != self._devices.me.id:
            return done
        self._catch_up(opened, record)
        waiting = list(self._waiting(opened, record))
        for at in range(0, len(waiting), AT_ONCE):
            draft = Draft(opened.replica)
            for key, device, ask in waiting[at : at + AT_ONCE]:
                try:
                    told = self._decided(opened, record, key, device, ask, done)
                except BusyError:  # what answers cannot do so now: the ask waits
                    continue
                draft.note(ANSWER_KIND, key, told.told())
            draft.commit()
        return done

    def _catch_up(self, opened: Open, record: Record) -> None:
        """Count what was released as its answers tell: a device that was put back forgot some."""
        # THREAT T549: no answer left without its note, so notes tell at least what was released
        released = [each.number for each in answers_of(opened).values() if each.number]
        most, count = max(released, default=0), len(released)
        ledger = self._ledgers.ledger(record.grant)
        is_counted = record.clauses.count is not None
        if ledger.following <= most or (is_counted and ledger.spent < count):
            self._ledgers.change(
                record.grant,
                lambda one: replace(
                    one,
                    following=max(one.following, most + 1),
                    spent=max(one.spent, count) if is_counted else one.spent,
                ),
                "caught up",
            )

    def _waiting(self, opened: Open, record: Record) -> Iterator[tuple[bytes, bytes, Ask]]:
        state = opened.replica.state
        for key, note in state.notes(ASK):
            if state.note(ANSWER_KIND, key) is not None:
                continue
            try:
                ask = read_ask(note.told)
            except (InvalidEncodingError, InvalidError):
                continue
            if ask.grant == record.grant:
                yield key, note.device, ask

    def _decided(  # reason: one ask, and where it stands
        self,
        opened: Open,
        record: Record,
        key: bytes,
        device: bytes,
        ask: Ask,
        done: Answers,
    ) -> Answered:
        now = self._devices.now()
        asked = Asked(
            grant=record.grant,
            nonce=key,
            who=device,
            action=ask.action.value,
            purpose=ask.purpose,
        )
        if (kept := self._ledgers.kept(record.grant, key)) is None:
            reason = self._reason(opened, record, device, ask, now)
            if not reason:
                try:
                    kept = self._ledgers.use(
                        asked,
                        now,
                        lambda number: self._sealed(opened, record, key, ask, number),
                        counted=record.clauses.count is not None,
                    )
                    done.released += 1
                except (DeniedError, ExhaustedError) as err:
                    reason = "used_up" if isinstance(err, ExhaustedError) else "over"
            if kept is None:
                no = Answered(grant=record.grant, number=0)
                kept = self._ledgers.refuse(asked, now, b"", reason)
                done.denied += 1
                done.reasons.append(reason)
                return no
        return Answered(grant=record.grant, number=kept.number, sealed=kept.answer)

    def _sealed(self, opened: Open, record: Record, key: bytes, ask: Ask, number: int) -> bytes:
        given = self._give(record, ask, number)
        return seal_answer(given, ask.box, opened.about.id, key)

    def _reason(self, opened: Open, record: Record, device: bytes, ask: Ask, now: Instant) -> str:
        """Return why a use is refused; empty if it is not."""
        # THREAT T549: by the owner's own clock and paper, whatever the ask says
        whose = guests(opened).get(DeviceId(Id16(device)))
        if whose is None or not has(opened, DeviceId(Id16(device))):
            return "other_person"
        paper = next((each for each in papers(opened) if each.grant == record.grant), None)
        if paper is None or record.is_revoked or paper.epoch == REVOKED:
            return "revoked"
        if paper.clauses.tier not in {Tier.KEY_PER_USE, Tier.ANSWER}:
            return "other_tier"
        state = opened.replica.state
        is_there = any(each.id == ask.version for each in state.versions.of(ask.thing))
        if paper.clauses.tier is Tier.KEY_PER_USE and not is_there:
            return "other_object"
        use = Use(
            who=ContactId(whose),
            device=DeviceRole.FULL,
            action=ask.action,
            purpose=ask.purpose,
            thing=Thing(id=ask.thing, dataset=WHERE),
            task=paper.clauses.task,
        )
        decision = decide_use(use, facts_of(paper, now, self._used(record, now)))
        return "" if decision.permit else decision.code.value

    def _used(self, record: Record, now: Instant) -> Used:
        try:
            ledger = self._ledgers.ledger(record.grant)
        except NotFoundError:
            return Used()
        grant = ledger.spent + sum(each.amount for each in ledger.lent)
        count = record.clauses.count
        if count is None or count.per is Per.GRANT:
            return Used(grant=grant)
        people = {ContactId(who): grant for who in record.clauses.who}
        if count.per is Per.PERSON:
            return Used(grant=grant, people=people)
        today = sum(
            each.number > 0 and each.at // DAY == now // DAY
            for each in self._ledgers.uses(record.grant)
        )
        return Used(grant=grant, day=today, people=people)


def facts_of(paper: Paper, now: Instant, used: Used) -> ShareFacts:
    """Return what a decision about a paper rests on."""
    held = HeldShare(
        id=paper.grant,
        issuer=ContactId(paper.owner),
        clauses=paper.clauses,
        signed=True,
        epoch=1,
        newest=1 if paper.epoch else 2,
        parent=paper.parent,
        used=used,
    )
    return ShareFacts(now=now, owner=ContactId(paper.owner), held=(held,))


def answers_of(opened: Open) -> dict[bytes, Answered]:
    """Return what the owner answered in a space, by the key of the ask."""
    found: dict[bytes, Answered] = {}
    for key, note in opened.replica.state.notes(ANSWER_KIND):
        try:
            found[key] = read_answer(note.told)
        except InvalidEncodingError:
            continue
    return found
