"""Answers of programs to people: charged, evaluated and gated as the answers to apps are.

- With a share all that may be asked of its program is charged to each object, and each selection's
  objects are frozen, in one commit; then all is evaluated, before anybody asks.
- An answer is charged once for each parameter and selection, with a ticket, before it is worked
  out; asked again it is the same number, and costs nothing more.
- Each run passes the firewall with a grant made of the share: what the program sees is what stands
  in the row that was charged for. Where an item of a frozen set was erased, nothing is answered.

Source: docs/spec/52-share-spaces.md section 10.
"""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock

from msgspec import structs

from sealhold.audit.event import Actor, Event, EventKind
from sealhold.compute.allowing import (
    FIRST_EPOCH,
    charge_ops,
    event_of,
    shortage,
    told_wanting,
    with_cost,
)
from sealhold.compute.asked import Asked, leaks_of
from sealhold.compute.leakage import Prospect
from sealhold.compute.members import choose, epochs, freeze, frozen, thaw
from sealhold.compute.office import Office, ask_of
from sealhold.compute.personprograms import PersonProgram, Terms, named, program, shown_program
from sealhold.compute.results import result_of
from sealhold.compute.shelf import Shelf, Ticket
from sealhold.model.errors import BudgetAwayError, ConflictError, DeniedError, UnavailableError
from sealhold.model.ids import GrantId, RecordId, TaskDigest, TicketId, random_id
from sealhold.model.quantities import Instant, MicroBits, year_of
from sealhold.model.shown import Mode, RequestState
from sealhold.model.shown.shares import AnswersView
from sealhold.policy.consent import ConsentState
from sealhold.policy.consent import Standing as Consent
from sealhold.policy.decision import Decision
from sealhold.policy.facts import Actor as Asking
from sealhold.policy.facts import Facts, Held, Standing
from sealhold.policy.grant import Grant, GrantKind
from sealhold.stores.spec import Op
from sealhold.vault.core import Core
from sealhold.vault.firewall import Passage
from sealhold.vault.retired import is_retired
from sealhold.vault.sharetasks import ShareTask, ShareTasks
from sealhold.vault.writer import Work

NOBODY: AbstractSet[RecordId] = frozenset()


@dataclass(frozen=True, slots=True)
class _One:
    """One question under a share, with all that it rests on."""

    row: ShareTask
    program: PersonProgram
    asked: Asked
    number: int  # among all that may be asked
    selection: int


class PersonAnswers:
    """The programs that answer people, of one vault; several threads may call."""

    def __init__(self, office: Office, shelf: Shelf, turn: Lock) -> None:
        """Begin; `turn` is that of all who decide what an object may tell."""
        self._office, self._shelf, self._deciding = office, shelf, turn
        self._rows = ShareTasks(office.core)
        self._turn = Lock()  # one answer is made at a time

    def named(self, text: str) -> tuple[TaskDigest, str]:
        """Return digest and purpose of the program that a name, or a digest, says.

        Raises:
            NotFoundError: no request brought one to this vault.
            InvalidError: several are called so.
        """
        task = named(self._office, text).task
        return task.digest, task.purpose

    def look(self, terms: Terms, grant: GrantId | None = None) -> AnswersView:
        """Return what a share can tell; `grant` is of one that was made already.

        Raises:
            NotFoundError: no request brought the program to this vault.
            InvalidError: a share does not take it.
            LeakExhaustedError: an object would tell more than it ever may.
            BudgetAwayError: another device counts that, and lent too little of it to this one.
        """
        office, now = self._office, self._office.core.clock()
        row = None if grant is None else self._rows.get(grant)
        found = program(office, terms) if row is None else self._program(row)
        ahead = found.outlook(office, now)
        if row is None:
            self._leak_ops(found, ahead, now)
        meter = office.budget.app_meter(terms.person, "this person", year_of(now))
        return AnswersView(
            program=shown_program(found.task),
            left_out=tuple(sorted(found.task.fields - found.fields)),
            object_bits=ahead.after,
            object_added=ahead.charge,
            answer_bits=found.price,
            person_left=MicroBits(max(0, meter.cap - meter.used)),
            charged=0 if grant is None else self._charged(found, grant),
        )

    def allow(
        self, grant: GrantId, terms: Terms, barred: AbstractSet[RecordId] = NOBODY
    ) -> PersonProgram:
        """Charge each object for a program, durably, and evaluate it; once for a share.

        Args:
            grant: the share.
            terms: what it says of its program.
            barred: items that are not in the share.

        Raises:
            NotFoundError: no request brought the program to this vault.
            InvalidError: a share does not take it.
            LeakExhaustedError: an object would tell more than it ever may.
            BudgetAwayError: another device counts that, and lent too little of it to this one.
            SourceAwayError: a place where some of the records lie cannot be read.
        """
        row = self._rows.get(grant)
        if row is not None:
            return self._program(row)
        found = program(self._office, terms)
        with self._deciding:
            self._allow(grant, found, barred)
        with suppress(ConflictError, DeniedError, UnavailableError):  # made up for by the first ask
            self._evaluate_ahead(grant)
        return found

    def _allow(self, grant: GrantId, found: PersonProgram, barred: AbstractSet[RecordId]) -> None:
        office, now, task = self._office, self._office.core.clock(), found.task
        row = ShareTask(
            grant=grant,
            task=task.digest,
            person=found.person,
            said=found.said,
            fields=found.fields,
        )
        ops = [self._rows.add(row), *self._leak_ops(found, found.outlook(office, now), now)]
        for at, selection in enumerate(task.selections):
            asked = found.asked(grant, task.params[0].id, selection.id)
            members = choose(office, asked, found.fields, Actor.VAULT)
            # THREAT T586: what is barred is in no set, so no answer is made of it
            ops += freeze(office.core, grant, at, [m for m in members if m.record not in barred])
        event = Event(
            kind=EventKind.SHARE_TASK,
            actor=Actor.OWNER,
            subject=office.teller.subject,
            app=found.person,
            purpose=task.purpose,
            collection=found.dataset.name,
            grant=grant,
            task=task.digest,
            fields=tuple(sorted(found.fields)),
            reason="answers",
        )
        # THREAT T584: charged before anything is evaluated, in one commit with the sets
        office.core.writer.commit(Work(tuple(ops), (office.teller.entry(event),)))

    def answer(self, grant: GrantId, param: str, selection: str) -> int:
        """Return what the program of a share says, charged once for what it is asked.

        Raises:
            DeniedError: it ended, its task expired, or an item that it read was erased.
            NotFoundError: the program is not in this vault.
            LeakExhaustedError: a budget does not cover it; nothing was charged.
            QuestionsExhaustedError: the program was asked as often as it may be.
            BudgetAwayError: another device counts a budget, and lent too little of it to this one.
            UnavailableError: the host could not run it; what was charged stays charged.
        """
        office = self._office
        with self._turn:
            one = self._one(grant, param, selection)
            is_charged = self._shelf.ticket(grant, one.number) is not None
            decision = self._decided(one, "resumed") if is_charged else self._charge(one)
            values = self._values(one, decision)
            ready = one.asked.program(one.program.fields)
            return result_of(office, ready, values, coarsen=1, day=0)

    def is_over(self, grant: GrantId) -> bool:
        """Return whether a program answers no more: it ended, expired, or an item was erased."""
        row, core = self._rows.get(grant), self._office.core
        if row is None:
            return False
        if row.ended is not None or is_retired(core.deciding, row.task):
            return True
        task = named(self._office, row.task.hex()).task
        return task.expires_at <= core.clock()

    def end(self, grant: GrantId) -> None:
        """End the program of a share for good, durably; its sets are forgotten."""
        row, office = self._rows.get(grant), self._office
        if row is None or row.ended is not None:
            return
        ops = (self._rows.end(row, office.core.clock()), *thaw(office.core, grant, ()))
        event = Event(
            kind=EventKind.SHARE_TASK,
            actor=Actor.OWNER,
            subject=office.teller.subject,
            app=row.person,
            grant=grant,
            task=row.task,
            reason="ended",
        )
        office.core.writer.commit(Work(ops, (office.teller.entry(event),)))

    # --- inside ---

    def _leak_ops(self, found: PersonProgram, ahead: Prospect, now: Instant) -> tuple[Op, ...]:
        """Return the operations that charge every object for what the program may tell of it.

        Raises:
            LeakExhaustedError: an object would tell more than it ever may.
            BudgetAwayError: another device counts that, and lent too little; the log tells so.
        """
        office, leaks = self._office, leaks_of(found.proposed(now))
        try:
            return office.budget.leak_ops(found.dataset.name, leaks, ahead.after, ahead.before)
        except BudgetAwayError as err:
            told_wanting(office, found.asked(None, *next(found.inputs())), err)
            raise

    def _one(self, grant: GrantId, param: str, selection: str) -> _One:
        row = self._rows.get(grant)
        if row is None or row.ended is not None:
            raise DeniedError("no program answers under this share")
        found = self._program(row)
        inputs = list(found.inputs())
        if (param, selection) not in inputs:
            raise DeniedError("the program is not asked that")
        number = inputs.index((param, selection))
        return _One(
            row=row,
            program=found,
            asked=found.asked(grant, param, selection),
            number=number,
            selection=number % len(found.task.selections),
        )

    def _program(self, row: ShareTask) -> PersonProgram:
        """Return the program of a share as it was charged for.

        Raises:
            NotFoundError: it is not in this vault.
        """
        here = named(self._office, row.task.hex())
        # THREAT T586: what it sees is what was charged for, whatever its share says by now
        return PersonProgram(
            installed=here,
            dataset=self._office.core.datasets[here.task.collection],
            person=row.person,
            said=row.said,
            fields=row.fields,
        )

    def _charge(self, one: _One) -> Decision:
        """Decide, and write the charges with a ticket.

        Raises:
            LeakExhaustedError: a budget does not cover it.
        """
        office, now = self._office, self._office.core.clock()
        asked, fields, cost = one.asked, one.program.fields, one.program.price
        facts = self._facts(one, now)
        ops: tuple[Op, ...] = ()
        if cost <= facts.budget_left:  # else it is refused, and nothing is charged
            ticket = Ticket(
                id=TicketId(random_id(office.core.entropy)),
                grant=one.row.grant,
                epoch=one.number,
                slot_at=now,
                nonce=office.core.entropy(16).hex(),
                cost=cost,
            )
            charges = charge_ops(office, asked, fields, cost, now)
            ops = (*charges, self._shelf.put_ticket(ticket))
        left = MicroBits(max(0, office.budget.all_left(year_of(now)) - cost))
        event = event_of(office, asked, EventKind.CHARGE, Actor.VAULT)
        event = structs.replace(event, fields=tuple(sorted(fields)))
        passage = Passage(
            ask=ask_of(asked, fields, cost, Asking.APP),
            facts=facts,
            event=with_cost(event, cost, left),
            ops=ops,
            short=shortage(office, asked, fields, cost, now),
        )
        decision, _ = office.firewall.decided(passage)
        return decision

    def _decided(self, one: _One, reason: str) -> Decision:
        """Decide on a run that costs nothing more."""
        office = self._office
        ask = replace(ask_of(one.asked, one.program.fields, MicroBits(0), Asking.APP), repeat=True)
        event = event_of(office, one.asked, EventKind.DECISION, Actor.VAULT)
        passage = Passage(
            ask=ask,
            facts=self._facts(one, office.core.clock()),
            event=structs.replace(event, reason=reason),
        )
        decision, _ = office.firewall.decided(passage)
        return decision

    def _facts(self, one: _One, now: Instant) -> Facts:
        office, task = self._office, one.program.task
        ended = task.expires_at <= now or is_retired(office.core.deciding, task.digest)
        return Facts(
            now=now,
            app=Standing.ACTIVE,
            subject=Standing.ACTIVE,
            # THREAT T587: a frozen set that lost an object answers nothing more
            task=Standing.ENDED if ended else Standing.ACTIVE,
            held=(_held(one),),
            objected=frozenset(),
            restricted=False,
            retain_until=None,
            budget_left=office.budget.left(one.row.person, task.purpose, year_of(now)),
        )

    def _values(self, one: _One, decision: Decision) -> Sequence[int]:
        office = self._office
        members = frozen(office.core, one.row.grant, one.selection)
        ready = one.asked.program(one.program.fields)
        return office.replay.values(decision, ready, members)

    def _evaluate_ahead(self, grant: GrantId) -> None:
        row = self._rows.get(grant)
        if row is None:
            return
        found = shown_program(named(self._office, row.task.hex()).task)
        for param, selection in found.inputs:
            one = self._one(grant, param, selection)
            self._values(one, self._decided(one, "ahead"))

    def _charged(self, found: PersonProgram, grant: GrantId) -> int:
        every = range(len(list(found.inputs())))
        return sum(self._shelf.ticket(grant, number) is not None for number in every)


def _held(one: _One) -> Held:
    """Return a share as the rules of grants see it."""
    row, task = one.row, one.program.task
    notice = row.grant.hex()
    grant = Grant(
        id=row.grant,
        kind=GrantKind.COMPONENT,
        issuer=bytes(32),
        audience=bytes(32),
        app=row.person,
        purpose=task.purpose,
        collection=task.collection,
        fields=row.fields,
        filter=row.said.rows,
        precision=row.said.precision,
        task=row.task,
        param=one.asked.wish.param,
        selection=one.asked.wish.selection,
        mode=Mode.UNTIL,
        budget=one.program.price,
        coarsen=1,
        not_before=Instant(0),
        not_after=task.expires_at,
        epoch=FIRST_EPOCH,
        nonce=bytes(16),
    )
    consent = Consent(
        state=ConsentState.GIVEN, starts=Instant(0), ends=task.expires_at, notice=notice
    )
    return Held(
        grant=grant,
        state=RequestState.ALLOWED,
        consent=consent,
        notice=notice,
        epoch=FIRST_EPOCH,
        uses=1,  # what was charged before is said again at no cost
        spent=MicroBits(0),
        retention_days=0,
    )


def reading(core: Core, logical: bytes) -> Iterator[TaskDigest]:
    """Yield the programs under shares that have an item in one of their frozen sets."""
    for row in ShareTasks(core).all():
        for epoch in epochs(core, row.grant):
            if any(each.logical == logical for each in frozen(core, row.grant, epoch)):
                yield row.task
