"""A run: decided, charged, evaluated, gated, logged, released; each arrow durable before the next.

- The charge and its ticket are one commit, before anything is evaluated. A restart finds the
  ticket and goes on: it neither charges again nor gives back.
- One answer per grant and epoch: asked again, the stored bytes leave once more, at no cost. A
  frozen set has one epoch; an open one has one each day.
- Whoever asks over an open set gets the answer of the last epoch that is complete (`epochs`).
- In mode `demand` the program runs when it is asked; what is late for its last slot is given up.
- What the app gets is sealed to its destination: the proof, with the answer in it. The owner keeps
  a receipt that names the place in the log.
- What makes proofs is loaded with the first answer: a server that idles does not carry it.

Source: docs/spec/08-task-manifest.md section 7; docs/spec/10-proof.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.audit.receipt import Receipt, issue, outsider_copy
from sealhold.compute.allowing import charge_ops, event_of, shortage, with_cost, with_receipt
from sealhold.compute.answered import shown, view_of
from sealhold.compute.asked import Asked
from sealhold.compute.drawing import day_of, noise_ops
from sealhold.compute.epochs import Epochs, in_force
from sealhold.compute.givingup import give_up_late
from sealhold.compute.members import ONE_EPOCH, epochs, frozen, roots_of
from sealhold.compute.office import Office, ask_of, facts, read
from sealhold.compute.replay import Progress
from sealhold.compute.results import result_of
from sealhold.compute.shelf import Shelf, StoredAnswer, Ticket
from sealhold.compute.slots import epoch_of
from sealhold.crypto.digest import sha256
from sealhold.model.errors import NotFoundError
from sealhold.model.ids import GrantId, Kind, ReceiptId, TicketId, parse_id, random_id
from sealhold.model.quantities import SECOND, Instant, MicroBits, year_of
from sealhold.model.shown import AnswerView, Mode, RequestState
from sealhold.policy.decision import Decision
from sealhold.policy.facts import Actor as Asking
from sealhold.policy.facts import Ask
from sealhold.policy.lifecycle import RequestEvent
from sealhold.policy.request import Schedule
from sealhold.stores.spec import Op
from sealhold.vault.firewall import Passage
from sealhold.vault.grants import GrantRow, stands


@dataclass(frozen=True, slots=True)
class _Begun:
    """A run that was decided on and charged."""

    decision: Decision
    ticket: Ticket
    seq: int  # of the entry that charged it, or that took it up again


class Runs:
    """What left, and what leaves next."""

    def __init__(self, office: Office, shelf: Shelf) -> None:
        self._office = office
        self._shelf = shelf
        self._turn = Lock()  # one answer is made at a time
        self.epochs = Epochs(office, shelf, self._turn)
        self._begun: set[tuple[GrantId, int]] = set()  # by apps, and not completed yet

    def run(
        self,
        grant_id_text: str,
        *,
        by_owner: bool = True,
        nonce: str | None = None,
        progress: Progress | None = None,
    ) -> AnswerView:
        """Run the granted task, or give its stored answer again, and release it.

        Args:
            grant_id_text: the grant.
            by_owner: the owner asks for it now, which confirms this one answer.
            nonce: what the recipient sent along; random if nothing was.
            progress: told how many objects are done.

        Raises:
            NotFoundError: no grant of that id.
            DeniedError: the grant does not cover a run now.
            LeakExhaustedError: a budget does not cover it.
            NoiseExhaustedError: the noise budget of the collection does not.
            QuestionsExhaustedError: the task was asked as often as it may be.
            GivenUpError: the answer was given up: the program was not done by its last slot.
            NotFetchedError: a third party's file was not fetched yet; nothing is charged.
            UnavailableError: the host could not run it; what was charged stays charged.
        """
        office = self._office
        row = office.grants.find(grant_id_text)
        grant = row.grant.id
        self.epochs.turn(grant)
        asked = read(office, office.requests.get(row.request))
        epoch = self._epoch(asked, row)
        stored = self._shelf.answer(grant, epoch)
        if stored is None:
            with self._turn:
                stored = self._shelf.answer(grant, epoch)
                if stored is None:  # nobody was faster
                    begun = self._charged(asked, row, epoch, nonce, by_owner=by_owner)
                    answer = self._answer(asked, grant, begun, progress or _silent)
                    return view_of(asked, answer, answer.cost)
        self._again(asked, office.grants.get(grant), stored, by_owner=by_owner)
        return view_of(asked, stored, MicroBits(0))

    def begin(self, grant: GrantId, *, nonce: str | None = None) -> Callable[[], None]:
        """Decide on a run that the app asks for and charge it; return what completes it.

        Raises:
            DeniedError: the grant does not cover a run now.
            LeakExhaustedError: a budget does not cover it.
        """
        office = self._office
        row = office.grants.get(grant)
        asked = read(office, office.requests.get(row.request))
        epoch = self._epoch(asked, row)
        stored = self._shelf.answer(grant, epoch)
        if stored is not None:
            self._again(asked, row, stored, by_owner=False)
            return _nothing
        if self._shelf.given_up(grant, epoch) is not None:
            return _nothing
        begun = self._charged(asked, row, epoch, nonce, by_owner=False)
        if (grant, epoch) in self._begun:  # whoever asks on and on has it made once
            return _nothing
        self._begun.add((grant, epoch))

        def complete() -> None:
            try:
                with self._turn:
                    if self._shelf.answer(grant, epoch) is None:
                        self._answer(asked, grant, begun, _silent)
            finally:
                self._begun.discard((grant, epoch))

        return complete

    def due(self) -> list[GrantRow]:
        """Return the grants whose next answer is due: daily ones without today's."""
        office, now = self._office, self._office.core.clock()
        found = []
        for row in in_force(office, now):
            asked = read(office, office.requests.get(row.request))
            is_open = asked.signed.task.input.objects == "open"
            turn = office.retrieval.turn(asked.scope(row.grant.fields))
            epoch = epoch_of(now) if is_open else turn
            if asked.wish.schedule is Schedule.DAILY and not self._shelf.is_settled(
                row.grant.id, epoch
            ):
                found.append(row)
        return found

    def owed(self) -> list[GrantId]:
        """Return the grants in force with a charge whose answer never left: a restart completes it.

        Under a grant that ended or pauses nothing leaves any more, so nothing is owed.
        """
        now = self._office.core.clock()
        return [
            row.grant.id
            for row in self._office.grants.all()
            if stands(row, now) and self._shelf.owed(row.grant.id)
        ]

    def answers(self) -> tuple[AnswerView, ...]:
        """Return what left so far, the newest first."""
        return tuple(shown(self._office, stored) for stored in self._shelf.answers())

    def answer(self, receipt_id_text: str) -> AnswerView:
        """Return the answer of one receipt.

        Raises:
            NotFoundError: no receipt of that id.
        """
        tail = parse_id(Kind.RECEIPT, receipt_id_text)
        for stored in self._shelf.answers():
            if stored.receipt.endswith(tail):
                return shown(self._office, stored)
        raise NotFoundError(f"no receipt `{receipt_id_text}`")

    def _epoch(self, asked: Asked, row: GrantRow) -> int:
        """Return the epoch of the answer that is due: one that was charged and never left first.

        Else the last that is complete: it was looked at and evaluated before anybody asked. A
        frozen set has one for each tuple of third parties' files, and one without any.
        """
        grant = row.grant.id
        if asked.signed.task.input.objects == "frozen":
            newest = self._office.retrieval.turn(asked.scope(row.grant.fields))
        else:
            newest = max(epochs(self._office.core, grant))
        return min(self._shelf.owed(grant), default=newest)

    def _again(self, asked: Asked, row: GrantRow, stored: StoredAnswer, *, by_owner: bool) -> None:
        """Decide on, and log, that the stored bytes leave once more."""
        office = self._office
        ask = replace(self._ask(asked, row, MicroBits(0), by_owner=by_owner), repeat=True)
        event = self._event(asked, row, EventKind.RELEASE, by_owner=by_owner)
        passage = Passage(
            ask=ask,
            facts=facts(office, asked, office.core.clock()),
            event=structs.replace(event, reason="stored", bytes_out=len(stored.sealed)),
            ops=office.unchanged(asked, row),
        )
        office.firewall.decided(passage)

    def _charged(
        self, asked: Asked, row: GrantRow, epoch: int, nonce: str | None, *, by_owner: bool
    ) -> _Begun:
        """Decide, and write the charges with a ticket; or go on from a ticket that is there."""
        office, now = self._office, self._office.core.clock()
        office.require_evidence(asked.signed.task)
        ticket = self._shelf.ticket(row.grant.id, epoch)
        if ticket is not None:
            ask = replace(self._ask(asked, row, MicroBits(0), by_owner=by_owner), repeat=True)
            event = self._event(asked, row, EventKind.RUN, by_owner=by_owner)
            resumed = structs.replace(event, reason="resumed")
            ops = office.unchanged(asked, row)
            passage = Passage(ask=ask, facts=facts(office, asked, now), event=resumed, ops=ops)
            decision, seq = office.firewall.decided(passage)
            return _Begun(decision, ticket, seq)
        # THREAT T415: what no source would run is not charged either
        office.dispatch().check(row, asked.row.code.read())
        office.retrieval.require(asked.scope(row.grant.fields))
        cost = asked.query_cost(row.grant.coarsen)
        ask = self._ask(asked, row, cost, by_owner=by_owner)
        known = facts(office, asked, now)
        ticket = Ticket(
            id=TicketId(random_id(office.core.entropy)),
            grant=row.grant.id,
            epoch=epoch,
            slot_at=Instant(now + asked.signed.task.slot.seconds * SECOND),
            nonce=nonce or office.core.entropy(16).hex(),
            cost=cost,
        )
        ops, fields = office.unchanged(asked, row), row.grant.fields
        if cost <= known.budget_left:  # else it is refused, and nothing is charged
            _, use = office.grants.use(row, cost)
            charges = charge_ops(office, asked, fields, cost, now)
            noise = noise_ops(office, asked, fields, day_of(asked, row, epoch), now)
            ops = (*ops, *charges, *noise, use, self._shelf.put_ticket(ticket))
        left = MicroBits(max(0, office.budget.all_left(year_of(now)) - cost))
        event = self._event(asked, row, EventKind.CHARGE, by_owner=by_owner)
        event = structs.replace(event, fields=tuple(sorted(fields)))
        event, short = with_cost(event, cost, left), shortage(office, asked, fields, cost, now)
        passage = Passage(ask=ask, facts=known, event=event, ops=ops, short=short)
        decision, seq = office.firewall.decided(passage)
        return _Begun(decision, ticket, seq)

    def _answer(
        self, asked: Asked, grant: GrantId, begun: _Begun, progress: Progress
    ) -> StoredAnswer:
        """Evaluate what is not known yet, and release the answer.

        Raises:
            GivenUpError: it came too late, and was given up.
        """
        office, row = self._office, self._office.grants.get(grant)
        give_up_late(office, self._shelf, asked, row, begun.ticket)
        turn = _turn_of(asked, begun.ticket)
        epoch = begun.ticket.epoch if turn is None else ONE_EPOCH
        members = frozen(office.core, grant, epoch)
        bound = office.retrieval.bound(asked.scope(row.grant.fields), turn)
        program = asked.program(begun.decision.fields, bound)
        with office.dispatch().running(row, program.code) as run:
            values = office.replay.values(begun.decision, program, members, progress, run)
            day = day_of(asked, row, begun.ticket.epoch)
            value = result_of(office, program, values, row.grant.coarsen, day)
        give_up_late(office, self._shelf, asked, row, begun.ticket)
        from sealhold.compute.leaving import Computed, papers_of  # noqa: PLC0415  # reason: see above

        # THREAT T72: from here on a kill leaves the charge; the answer leaves at the next run
        computed = Computed(
            value=value,
            members=members,
            roots=roots_of(office.core, grant, epoch, members),
            files=bound.digests,
            ticket=begun.ticket,
            seq=begun.seq,
        )
        answer, receipt = papers_of(office, asked, row, computed, office.core.clock())
        self._release(answer, receipt)
        return answer

    def _release(self, answer: StoredAnswer, receipt: Receipt) -> None:
        """Decide once more, on what stands now, and let the answer leave.

        Raises:
            DeniedError: the grant ended while the program ran; the answer is dropped.
            ConflictError: it ended at this very moment; the answer is dropped.
        """
        office, now = self._office, answer.at
        row = office.grants.get(answer.grant)
        asked = read(office, office.requests.get(row.request))
        fresh = ReceiptId(random_id(office.core.entropy))
        outside = issue(outsider_copy(receipt, fresh), office.proof_key)
        ops: list[Op] = [
            *office.unchanged(asked, row),
            *self._shelf.put_answer(answer),
            self._shelf.put_receipt(fresh, now, outside),
        ]
        kept = len(ops)
        if row.grant.mode is Mode.ONCE and row.state is RequestState.ALLOWED:
            _, grant_op = office.grants.move(row, RequestEvent.SPENT, now)
            _, request_op = office.requests.move(asked.row, RequestEvent.SPENT, now)
            ops += [grant_op, request_op]
        event = event_of(office, asked, EventKind.RELEASE, Actor.VAULT)
        told = structs.replace(
            event,
            reason="spent" if len(ops) > kept else None,  # the grant was for one answer
            grant=row.grant.id,
            bytes_out=len(answer.sealed),
            destination=sha256(asked.wish.destination.box_key),
        )
        ask = replace(self._ask(asked, row, MicroBits(0), by_owner=False), repeat=True)
        passage = Passage(
            ask=ask,
            facts=facts(office, asked, now),
            event=with_receipt(told, answer.receipt, answer.owner_receipt),
            ops=tuple(ops),
        )
        # THREAT T73: a withdrawal binds a run that is under way; what it computed is dropped
        office.firewall.decided(passage)

    @staticmethod
    def _ask(asked: Asked, row: GrantRow, cost: MicroBits, *, by_owner: bool) -> Ask:
        ask = ask_of(asked, row.grant.fields, cost, Asking.APP)
        return replace(ask, confirmed=by_owner)

    def _event(self, asked: Asked, row: GrantRow, kind: EventKind, *, by_owner: bool) -> Event:
        event = event_of(self._office, asked, kind, Actor.OWNER if by_owner else Actor.APP)
        return structs.replace(event, grant=row.grant.id)


def _turn_of(asked: Asked, ticket: Ticket) -> int | None:
    """Return which tuple of third parties' files an answer is computed over; None: the newest."""
    return ticket.epoch if asked.signed.task.input.objects == "frozen" else None


def _silent(_done: int, _all: int) -> None:
    """Tell nobody how far it is."""


def _nothing() -> None:
    """Complete nothing: the answer is stored already."""
