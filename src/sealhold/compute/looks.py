"""A look before the owner decides: charged like an answer, and then kept.

- It is charged in turn with every other decision, and evaluated behind it: however long a program
  runs, or waits for another, no decision waits for it.
- One look is charged once: whoever presses again while it is under way waits for it, and gets the
  same bytes at no cost.

Source: docs/spec/09-leakage.md section 5; docs/spec/20-faces.md section 3.
"""

from collections.abc import Callable
from threading import Lock
from weakref import WeakValueDictionary

from sealhold.audit.event import Actor, EventKind
from sealhold.compute import cards
from sealhold.compute.allowing import charge_ops, event_of, leak_ops, with_cost
from sealhold.compute.asked import Asked
from sealhold.compute.drawing import noise_ops
from sealhold.compute.members import choose
from sealhold.compute.office import Office, ask_of, facts
from sealhold.compute.results import result_of
from sealhold.compute.shelf import Shelf
from sealhold.compute.slots import epoch_of
from sealhold.crypto.digest import sha256
from sealhold.model.encoding import pack
from sealhold.model.ids import RequestId
from sealhold.model.quantities import Instant, MicroBits, year_of
from sealhold.model.shown import Terms
from sealhold.policy.decision import Decision
from sealhold.policy.facts import Actor as Asking
from sealhold.vault.firewall import Passage
from sealhold.vault.writer import Work


class Looks:
    """What the owner saw, or sees now, before they decide."""

    def __init__(self, office: Office, shelf: Shelf, turn: Lock) -> None:
        self._office = office
        self._shelf = shelf
        self._turn = turn  # that of every decision
        # those that are under way, each for as long as somebody waits for it
        self._begun: WeakValueDictionary[tuple[RequestId, bytes], Lock] = WeakValueDictionary()

    def seen(self, asked: Asked, terms: Terms) -> bytes | None:
        """Return the bytes of an earlier look under the same terms."""
        return self._shelf.preview(asked.row.id, _term(terms))

    def take(self, decidable: Callable[[], Asked], request: RequestId, terms: Terms) -> bytes:
        """Charge one look and evaluate it; or wait for the one that is under way.

        Args:
            decidable: returns the request if it can still be decided on, or raises.
            request: which it is.
            terms: on which the owner would allow it.

        Raises:
            LeakExhaustedError: the budget does not cover a look.
            QuestionsExhaustedError: the task was asked as often as it may be.
        """
        with self._turn:
            mine = self._begun.setdefault((request, _term(terms)), Lock())
        with mine:
            with self._turn:
                asked = decidable()
                seen = self.seen(asked, terms)
                if seen is not None:
                    return seen
                fields = terms.fields & asked.signed.task.fields
                members = choose(self._office, asked, fields, Actor.OWNER)
                now = self._office.core.clock()
                decision = self._charged(asked, terms, now)
            # THREAT T204: a stranger's program runs from here on, and no decision waits for it
            office = self._office
            program = asked.program(fields, office.retrieval.bound(asked.scope(fields)))
            values = office.replay.values(decision, program, members)
            value = result_of(office, program, values, terms.coarsen, epoch_of(now))
            content = cards.answer_text(asked, value, terms.coarsen).encode()
            shelved = self._shelf.put_preview(asked.row.id, _term(terms), content)
            entry = office.teller.entry(event_of(office, asked, EventKind.READ))
            office.core.writer.commit(Work((shelved,), (entry,)))
            return content

    def _charged(self, asked: Asked, terms: Terms, now: Instant) -> Decision:
        """Decide on a look and charge it, before anything runs."""
        office, fields = self._office, terms.fields & asked.signed.task.fields
        cost = cards.preview_cost(asked)
        ops = (
            *charge_ops(office, asked, fields, cost, now),
            *noise_ops(office, asked, fields, epoch_of(now), now),
            *leak_ops(office, asked, fields, now),
        )
        left = MicroBits(office.budget.all_left(year_of(now)) - cost)
        event = with_cost(event_of(office, asked, EventKind.PREVIEW), cost, left)
        ask = ask_of(asked, fields, cost, Asking.OWNER)
        passage = Passage(ask=ask, facts=facts(office, asked, now), event=event, ops=ops)
        decision, _ = office.firewall.decided(passage)
        return decision


def _term(terms: Terms) -> bytes:
    """Return what tells one look from another: what it would show differently."""
    return sha256(pack([sorted(terms.fields), terms.coarsen, terms.rows, list(terms.precision)]))
