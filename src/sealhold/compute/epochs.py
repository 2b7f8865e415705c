"""The days of open sets: once an epoch the vault looks at what is there, before anybody asks.

- The set of a day is made here and whole: chosen, evaluated, then kept in one commit, which is what
  makes the day complete. Until then the day before answers.
- Asking makes nothing: the owner's own run, and the rounds of a served vault, turn the day.
- The sets of earlier days are forgotten, but for the last and for those whose answer is owed.

Source: docs/spec/08-task-manifest.md section 7; docs/spec/09-leakage.md section 8.
"""

from dataclasses import replace
from threading import Lock

from msgspec import structs

from sealhold.audit.event import Actor, EventKind
from sealhold.compute.allowing import event_of
from sealhold.compute.asked import Asked
from sealhold.compute.members import choose, epochs, freeze, thaw
from sealhold.compute.office import Office, ask_of, facts, read
from sealhold.compute.replay import Member
from sealhold.compute.shelf import Shelf
from sealhold.compute.slots import SlotMode, epoch_of
from sealhold.model.ids import GrantId
from sealhold.model.quantities import Instant, MicroBits
from sealhold.model.shown import Mode
from sealhold.policy.facts import Actor as Asking
from sealhold.vault.firewall import Passage
from sealhold.vault.grants import GrantRow, stands
from sealhold.vault.writer import Work

EPOCH = "epoch"  # why something was done: a new day of an open set


def in_force(office: Office, now: Instant) -> list[GrantRow]:
    """Return the grants under which the vault does something by itself."""
    return [row for row in office.grants.all() if stands(row, now) and row.grant.mode is Mode.UNTIL]


class Epochs:
    """The sets of objects of each day."""

    def __init__(self, office: Office, shelf: Shelf, turn: Lock) -> None:
        self._office = office
        self._shelf = shelf
        self._turn = turn  # that of whoever makes answers

    def due(self) -> list[GrantId]:
        """Return the grants over open sets that were not looked at today."""
        office, now = self._office, self._office.core.clock()
        return [
            row.grant.id
            for row in in_force(office, now)
            if read(office, office.requests.get(row.request)).signed.task.input.objects == "open"
            and max(epochs(office.core, row.grant.id), default=0) < epoch_of(now)
        ]

    def turn(self, grant: GrantId) -> bool:
        """Look at an open set once more if a new epoch began; return whether one did.

        Raises:
            DeniedError: the grant does not cover a look now.
            UnavailableError: the host could not run it; the epoch before answers meanwhile.
        """
        office = self._office
        with self._turn:
            row = office.grants.get(grant)
            asked = read(office, office.requests.get(row.request))
            today = epoch_of(office.core.clock())
            if asked.signed.task.input.objects == "frozen":
                return False
            known = epochs(office.core, grant)
            if known and known[-1] >= today:
                return False
            # THREAT T171: the day's set is made here and whole, never by whoever asks
            members = self._look(asked, row)
            kept = {*known[-1:], *self._shelf.owed(grant)}
            ops = (*freeze(office.core, grant, today, members), *thaw(office.core, grant, kept))
            event = event_of(office, asked, EventKind.READ, Actor.VAULT)
            told = structs.replace(event, grant=grant, reason=EPOCH)
            office.core.writer.commit(Work(ops, (office.teller.entry(told),)))
            return True

    def _look(self, asked: Asked, row: GrantRow) -> list[Member]:
        """Choose today's objects of an open set and evaluate what is new, before anybody asks."""
        office = self._office
        ask = ask_of(asked, row.grant.fields, MicroBits(0), Asking.APP)
        event = event_of(office, asked, EventKind.DECISION, Actor.VAULT)
        passage = Passage(
            ask=replace(ask, repeat=True, confirmed=True),
            facts=facts(office, asked, office.core.clock()),
            event=structs.replace(event, grant=row.grant.id, reason=EPOCH),
            ops=office.unchanged(asked, row),
        )
        decision, _ = office.firewall.decided(passage)
        members = choose(office, asked, row.grant.fields, Actor.VAULT)
        if asked.signed.task.slot.mode is SlotMode.AHEAD:
            bound = office.retrieval.bound(asked.scope(row.grant.fields))
            program = asked.program(decision.fields, bound)
            with office.dispatch().running(row, program.code) as run:
                office.replay.values(decision, program, members, run=run)
        return members
