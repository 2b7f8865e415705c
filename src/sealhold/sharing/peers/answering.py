"""The owner's side of a use: asks in a share space are decided, charged, told, and answered.

- The decision is that of every share, over the paper in the space and by the owner's clock. What
  is charged is durable with its entry in the log before an answer leaves.
- One device holds the ledger of a share. The others answer with uses that it lent to them, once an
  ask is older than a while; they refuse nobody.
- An answer that was not written yet when the device stopped is written from what is kept.

Source: docs/spec/52-share-spaces.md section 4.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from sealhold.model.errors import (
    AuditUnavailableError,
    BusyError,
    DeniedError,
    ExhaustedError,
    InvalidEncodingError,
    InvalidError,
    NotFoundError,
    SealholdError,
)
from sealhold.model.ids import Collection, ContactId, DeviceId, GrantId, Id16
from sealhold.model.quantities import DAY, SECOND, Instant
from sealhold.policy.share import Per
from sealhold.policy.sharedecide import decide_use
from sealhold.policy.sharefacts import DeviceRole, HeldShare, ShareFacts, Thing, Use, Used
from sealhold.policy.shareterms import Tier
from sealhold.policy.uses import unconfirmed
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
from sealhold.vault.shareleases import ShareLeases
from sealhold.vault.shareledger import ShareLedgers
from sealhold.vault.shareuses import Answer, Asked, Kept

WHERE: Final = Collection("share")  # a copy names objects, so no dataset is looked at
AT_ONCE: Final = 256  # asks that are answered in one writing
FIRST: Final = 30 * SECOND  # for which an ask is left to the device with the ledger

Charge = Callable[[Asked, Instant, Answer], Kept]
Give = Callable[[Record, Ask, int], bytes]  # what a permitted use is given, by its number


@dataclass(slots=True)
class Answers:
    """What became of the asks in a space."""

    released: int = 0
    denied: int = 0
    reasons: list[str] = field(default_factory=list)  # for the owner alone
    odd: int = 0  # receipts that do not fit
    said: bool = False  # whether anything was written for others
    troubles: list[str] = field(default_factory=list)  # each a sentence


def key_for_use(record: Record, ask: Ask, _number: int) -> bytes:
    """Return what a use at T2 is given: the key of that version."""
    return use_key(record.secret, ask.thing, ask.version).reveal()


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An ask without an answer."""

    key: bytes
    device: bytes  # that asks
    ask: Ask

    @property
    def asked(self) -> Asked:
        return Asked(
            grant=self.ask.grant,
            nonce=self.key,
            who=self.device,
            action=self.ask.action.value,
            purpose=self.ask.purpose,
        )


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
        if self._ledgers.ledger(record.grant).is_back:
            return done  # what others were lent is not known yet
        self._catch_up(opened, record)

        def decided(one: _Waiting) -> Answered | None:
            return self._decided(opened, record, one, done)

        self._answer_all(opened, record, decided, done)
        return done

    def answer_lent(self, opened: Open, record: Record, leases: ShareLeases) -> Answers:
        """Answer, durably, what waits for the device with the ledger, out of what it lent.

        Nobody is refused here: what cannot be answered goes on waiting.

        Raises:
            AuditUnavailableError: nothing can be written: nothing was released.
        """
        done = Answers()
        if not any(each.left for each in leases.held(record.grant)):
            return done

        def decided(one: _Waiting) -> Answered | None:
            now = self._devices.now()
            if 0 <= now - one.ask.at < FIRST or self._reason(opened, record, one, now, Used()):
                return None
            try:
                kept = self._charged(opened, record, one, leases.use)
            except (DeniedError, ExhaustedError):
                return None
            done.released += 1
            return Answered(grant=record.grant, number=kept.number, sealed=kept.answer)

        self._answer_all(opened, record, decided, done)
        return done

    def _answer_all(  # reason: what is asked, how it is decided, and what came of it
        self,
        opened: Open,
        record: Record,
        decided: Callable[[_Waiting], Answered | None],
        done: Answers,
    ) -> None:
        waiting = list(self._waiting(opened, record))
        for at in range(0, len(waiting), AT_ONCE):
            draft = Draft(opened.replica)
            for one in waiting[at : at + AT_ONCE]:
                try:
                    told = decided(one)
                except AuditUnavailableError:
                    raise
                except SealholdError as err:
                    # THREAT T594: one ask that cannot be answered holds up no other
                    trouble = f"a use of `{record.name}` is not answered yet: {err}"
                    if trouble not in done.troubles:
                        done.troubles.append(trouble)
                    continue
                if told is not None:
                    draft.note(ANSWER_KIND, one.key, told.told())
            draft.commit()

    def _catch_up(self, opened: Open, record: Record) -> None:
        """Count what was released as its answers tell: a device that was put back forgot some."""
        # THREAT T549: no answer left without its note, so notes tell at least what was released
        answers = answers_by(opened, record.grant)
        most = max((each for numbers in answers.values() for each in numbers), default=0)
        count = len(answers.get(self._devices.me.id, ()))
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

    def _waiting(self, opened: Open, record: Record) -> Iterator[_Waiting]:
        state = opened.replica.state
        for key, note in state.notes(ASK):
            if state.note(ANSWER_KIND, key) is not None:
                continue
            try:
                ask = read_ask(note.told)
            except (InvalidEncodingError, InvalidError):
                continue
            if ask.grant == record.grant:
                yield _Waiting(key, note.device, ask)

    def _decided(
        self, opened: Open, record: Record, one: _Waiting, done: Answers
    ) -> Answered | None:
        """Return what is answered; None if it is not known yet, as what was lent may come back."""
        now = self._devices.now()
        charge = partial(self._ledgers.use, counted=record.clauses.count is not None)
        if (kept := self._ledgers.kept(record.grant, one.key)) is None:
            reason = self._reason(opened, record, one, now, self._used(record, now))
            if not reason:
                try:
                    kept = self._charged(opened, record, one, charge)
                    done.released += 1
                except BusyError:  # a program cannot answer now: the ask waits
                    return None
                except (DeniedError, ExhaustedError) as err:
                    reason = "used_up" if isinstance(err, ExhaustedError) else "over"
            if reason == "used_up" and unconfirmed(self._ledgers.ledger(record.grant), now):
                return None
            if kept is None:
                kept = self._ledgers.refuse(one.asked, now, b"", reason)
                done.denied += 1
                done.reasons.append(reason)
        return Answered(grant=record.grant, number=kept.number, sealed=kept.answer)

    def _charged(self, opened: Open, record: Record, one: _Waiting, charge: Charge) -> Kept:
        now = self._devices.now()
        return charge(one.asked, now, lambda number: self._sealed(opened, record, one, number))

    def _sealed(self, opened: Open, record: Record, one: _Waiting, number: int) -> bytes:
        given = self._give(record, one.ask, number)
        return seal_answer(given, one.ask.box, opened.about.id, one.key)

    def _reason(self, opened: Open, record: Record, one: _Waiting, now: Instant, used: Used) -> str:
        """Return why a use is refused; empty if it is not."""
        ask = one.ask
        # THREAT T549: by the owner's own clock and paper, whatever the ask says
        whose = guests(opened).get(DeviceId(Id16(one.device)))
        if whose is None or not has(opened, DeviceId(Id16(one.device))):
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
        decision = decide_use(use, facts_of(paper, now, used))
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


def answers_by(opened: Open, grant: GrantId) -> dict[DeviceId, list[int]]:
    """Return the numbers of the uses that each of the owner's devices released in a space."""
    found: dict[DeviceId, list[int]] = {}
    for key, answer in answers_of(opened).items():
        note = opened.replica.state.note(ANSWER_KIND, key)
        if answer.grant == grant and answer.number and note is not None:
            found.setdefault(DeviceId(Id16(note.device)), []).append(answer.number)
    return found
