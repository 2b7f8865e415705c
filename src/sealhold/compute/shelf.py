"""What was computed and may be given again: looks, answers, receipts; and the tickets in between.

- The same question within one epoch has one stored answer, byte for byte; asking again costs
  nothing and tells nothing new.
- A ticket notes that a charge was written and the answer is still owed: a restart goes on from
  there, and neither charges again nor gives back. What came too late is given up, which settles it.

Source: docs/spec/08-task-manifest.md section 7; docs/spec/09-leakage.md section 5.
"""

from dataclasses import dataclass

from sealhold.model.encoding import Plain
from sealhold.model.ids import GrantId, Id16, ReceiptId, RequestId, TicketId
from sealhold.model.quantities import Instant, MicroBits
from sealhold.stores.spec import (
    ColumnKind,
    Expect,
    Found,
    Guard,
    Op,
    Put,
    RecordStore,
    TableSpec,
)
from sealhold.vault.deciding import rows_of, scan_all
from sealhold.vault.papers import Papers

PREVIEWS = TableSpec(
    name="preview",
    columns={
        "request": ColumnKind.ID16,
        "terms": ColumnKind.HASH32,
        "paper": ColumnKind.SEALED,
    },
    key=("request", "terms"),
    indexes={},
)
ANSWERS = TableSpec(
    name="answer",
    columns={
        "grants": ColumnKind.ID16,
        "epoch": ColumnKind.I64,
        "receipt": ColumnKind.ID16,
        "at": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("grants", "epoch"),
    indexes={"receipt": ("receipt",)},
)
RECEIPTS = TableSpec(
    name="receipt",
    columns={"id": ColumnKind.ID16, "at": ColumnKind.I64, "paper": ColumnKind.SEALED},
    key=("id",),
    indexes={},
)
TICKETS = TableSpec(
    name="ticket",
    columns={
        "grants": ColumnKind.ID16,
        "epoch": ColumnKind.I64,
        "id": ColumnKind.ID16,
        "slot_at": ColumnKind.I64,
        "paper": ColumnKind.SEALED,
    },
    key=("grants", "epoch"),
    indexes={"id": ("id",)},
)
GIVEN_UP = TableSpec(
    name="givenup",
    columns={"grants": ColumnKind.ID16, "epoch": ColumnKind.I64, "at": ColumnKind.I64},
    key=("grants", "epoch"),
    indexes={},
)
OPENED = TableSpec(  # claims of an answer that its owner has shown
    name="opened",
    columns={
        "receipt": ColumnKind.ID16,
        "claim": ColumnKind.CODE,
        "at": ColumnKind.I64,
    },
    key=("receipt", "claim"),
    indexes={},
)
TABLES = (PREVIEWS, ANSWERS, RECEIPTS, TICKETS, GIVEN_UP, OPENED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A charge that was written, whose answer is owed from `slot_at` on."""

    id: TicketId
    grant: GrantId
    epoch: int
    slot_at: Instant
    nonce: str
    cost: MicroBits


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer that left, with the papers that went along."""

    grant: GrantId
    epoch: int
    receipt: ReceiptId
    at: Instant
    value: int
    cost: MicroBits
    sealed: bytes
    proof: bytes
    owner_receipt: bytes
    seq: int  # of the entry that charged it
    own: bytes  # what the owner alone has: salts, and the credential; empty in older answers


class Shelf:
    """The papers that requests and runs leave behind."""

    def __init__(self, store: RecordStore, papers: Papers) -> None:
        self._store = store
        self._papers = papers

    def preview(self, request: RequestId, terms: bytes) -> bytes | None:
        """Return the bytes of an earlier look under the same terms."""
        found = self._store.get(PREVIEWS.name, [(request, terms)])[0]
        return None if found is None else self._open(PREVIEWS, found)["content"]

    def put_preview(self, request: RequestId, terms: bytes, content: bytes) -> Op:
        """Return the operation that keeps what a look showed."""
        return self._put(PREVIEWS, (request, terms), {"content": content}, Expect.ANY)

    def put_receipt(self, receipt: ReceiptId, at: Instant, paper: bytes) -> Op:
        """Return the operation that keeps a receipt."""
        return self._put(RECEIPTS, (receipt, at), {"receipt": paper}, Expect.ABSENT)

    def receipt(self, receipt: ReceiptId) -> bytes | None:
        """Return a receipt that was kept."""
        found = self._store.get(RECEIPTS.name, [(receipt,)])[0]
        return None if found is None else self._open(RECEIPTS, found)["receipt"]

    def answer(self, grant: GrantId, epoch: int) -> StoredAnswer | None:
        """Return the answer of an epoch."""
        found = self._store.get(ANSWERS.name, [(grant, epoch)])[0]
        return None if found is None else self._answer(found)

    def answers(self) -> list[StoredAnswer]:
        """Return every answer, the newest first."""
        found = [self._answer(each) for each in scan_all(self._store, ANSWERS)]
        return sorted(found, key=lambda each: (-each.at, each.receipt))

    def answers_of(self, grant: GrantId) -> list[StoredAnswer]:
        """Return the answers of one grant, the newest first."""
        found = [self._answer(each) for each in rows_of(self._store, ANSWERS, "key", grant)]
        return sorted(found, key=lambda each: -each.epoch)

    def last_run(self, grant: GrantId) -> Instant | None:
        """Return when an answer was last released under a grant."""
        return max((each.at for each in self.answers_of(grant)), default=None)

    def put_answer(self, answer: StoredAnswer) -> tuple[Op, ...]:
        """Return the operations that keep an answer, unless it was given up; one per epoch."""
        clear = (answer.grant, answer.epoch, answer.receipt, answer.at)
        paper = {
            "value": answer.value,
            "cost": answer.cost,
            "sealed": answer.sealed,
            "proof": answer.proof,
            "owner": answer.owner_receipt,
            "seq": answer.seq,
            "own": answer.own,
        }
        kept = self._put(ANSWERS, clear, paper, Expect.ABSENT)
        return (kept, Guard(GIVEN_UP.name, (answer.grant, answer.epoch), Expect.ABSENT))

    def ticket(self, grant: GrantId, epoch: int) -> Ticket | None:
        """Return the ticket of an epoch, if a charge was written."""
        found = self._store.get(TICKETS.name, [(grant, epoch)])[0]
        return None if found is None else self._ticket(found)

    def owed(self, grant: GrantId) -> list[int]:
        """Return the epochs of a grant that were charged and whose answer never left."""
        charged = rows_of(self._store, TICKETS, "key", grant)
        settled = {
            found.row[1]
            for table in (ANSWERS, GIVEN_UP)
            for found in rows_of(self._store, table, "key", grant)
        }
        return [found.row[1] for found in charged if found.row[1] not in settled]

    def is_settled(self, grant: GrantId, epoch: int) -> bool:
        """Return whether the answer of an epoch left, or was given up."""
        return self.given_up(grant, epoch) is not None or self.answer(grant, epoch) is not None

    def given_up(self, grant: GrantId, epoch: int) -> Instant | None:
        """Return when the answer of an epoch was given up, if it was."""
        found = self._store.get(GIVEN_UP.name, [(grant, epoch)])[0]
        return None if found is None else Instant(found.row[2])

    def given_up_epochs(self, grant: GrantId) -> list[int]:
        """Return the epochs of a grant whose answer was given up, the newest first."""
        return sorted(
            (f.row[1] for f in rows_of(self._store, GIVEN_UP, "key", grant)), reverse=True
        )

    def put_given_up(self, grant: GrantId, epoch: int, at: Instant) -> tuple[Op, ...]:
        """Return the operations that give an answer up for good, unless it left just now."""
        gone = Put(GIVEN_UP.name, (grant, epoch, at), Expect.ABSENT)
        return (gone, Guard(ANSWERS.name, (grant, epoch), Expect.ABSENT))

    def put_ticket(self, ticket: Ticket) -> Op:
        """Return the operation that keeps a ticket, in the commit that charges."""
        clear = (ticket.grant, ticket.epoch, ticket.id, ticket.slot_at)
        paper = {"nonce": ticket.nonce, "cost": ticket.cost}
        return self._put(TICKETS, clear, paper, Expect.ABSENT)

    def _ticket(self, found: Found) -> Ticket:
        grant, epoch, ticket, slot_at, _ = found.row
        body = self._open(TICKETS, found)
        return Ticket(
            id=TicketId(Id16(ticket)),
            grant=GrantId(Id16(grant)),
            epoch=epoch,
            slot_at=slot_at,
            nonce=body["nonce"],
            cost=body["cost"],
        )

    def _answer(self, found: Found) -> StoredAnswer:
        grant, epoch, receipt, at, _ = found.row
        body = self._open(ANSWERS, found)
        return StoredAnswer(
            grant=GrantId(Id16(grant)),
            epoch=epoch,
            receipt=ReceiptId(Id16(receipt)),
            at=at,
            value=body["value"],
            cost=body["cost"],
            sealed=body["sealed"],
            proof=body["proof"],
            owner_receipt=body["owner"],
            seq=body["seq"],
            own=body.get("own", b""),
        )

    def _put(self, table: TableSpec, clear: tuple[Plain, ...], paper: Plain, expect: Expect) -> Op:
        return Put(table.name, (*clear, self._papers.seal(table.name, clear, paper)), expect)

    def _open(self, table: TableSpec, found: Found) -> Plain:
        *clear, paper = found.row
        return self._papers.open(table.name, tuple(clear), paper)
