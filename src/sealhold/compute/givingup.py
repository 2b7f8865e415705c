"""Giving up an answer that is late for its last slot: told at a boundary, written once, for good.

- In mode `demand` the program runs when it is asked, and an answer has `max_slots` slots to leave
  in. Behind the last one it never leaves; what was charged stays charged.
- That an answer left and that it was given up exclude each other by guards, whoever is faster.

Source: docs/spec/08-task-manifest.md section 7.
"""

from contextlib import suppress

from msgspec import structs

from sealhold.audit.event import Actor, EventKind, Outcome
from sealhold.compute.allowing import event_of
from sealhold.compute.asked import Asked
from sealhold.compute.office import Office, read
from sealhold.compute.shelf import Shelf, Ticket
from sealhold.compute.slots import SlotMode, gives_up_at
from sealhold.model.errors import ConflictError, GivenUpError
from sealhold.model.quantities import SECOND, Instant
from sealhold.vault.grants import GrantRow
from sealhold.vault.writer import Work

LATE = "late"
GIVEN_UP = "the program was not done by its last slot, so this answer was given up"


def give_up_owed(office: Office, shelf: Shelf, row: GrantRow) -> None:
    """Give up what a grant is owed and is late for its last slot, though it still runs.

    Raises:
        AuditUnavailableError: the log cannot be written.
    """
    asked = read(office, office.requests.get(row.request))
    tickets = (shelf.ticket(row.grant.id, one) for one in shelf.owed(row.grant.id))
    for ticket in filter(None, tickets):
        with suppress(ConflictError):  # it was late; or it left, or was given up, just now
            give_up_late(office, shelf, asked, row, ticket)


def give_up_late(office: Office, shelf: Shelf, asked: Asked, row: GrantRow, ticket: Ticket) -> None:
    """Give an answer up for good if its last slot is over.

    Raises:
        GivenUpError: it is.
        ConflictError: it left at this very moment.
    """
    slot, now = asked.signed.task.slot, office.core.clock()
    invoked = Instant(ticket.slot_at - slot.seconds * SECOND)
    if slot.mode is SlotMode.AHEAD or now <= gives_up_at(invoked, slot.seconds, slot.max_slots):
        return
    if shelf.given_up(row.grant.id, ticket.epoch) is None:
        event = structs.replace(
            event_of(office, asked, EventKind.RELEASE, Actor.VAULT),
            grant=row.grant.id,
            outcome=Outcome.DENIED,
            reason=LATE,
        )
        gone = shelf.put_given_up(row.grant.id, ticket.epoch, now)
        office.core.writer.commit(Work(gone, (office.teller.entry(event),)))
    # THREAT T172: which slot, or none, is one of max_slots + 1 outcomes, each of them charged
    raise GivenUpError(GIVEN_UP)
