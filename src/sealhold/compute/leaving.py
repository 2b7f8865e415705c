"""The papers that go with an answer: a proof sealed to the app, a receipt for the owner.

- The app gets the proof, the answer in it, sealed to its destination; nothing else leaves.
- The owner's receipt names the entry that charged, and what no outsider is told: how many objects
  were read, and what it cost.

Source: docs/spec/10-proof.md; docs/spec/06-receipts.md section 3.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from sealhold.audit.receipt import Place, Receipt, issue
from sealhold.audit.receiptbody import Confirmed, RunBody, Secrecy
from sealhold.compute.allowing import confirmed
from sealhold.compute.asked import Asked
from sealhold.compute.compliance import Answer, Conduct, build_proof, commitment, inputs_root
from sealhold.compute.members import digests
from sealhold.compute.office import Office
from sealhold.compute.replay import Member
from sealhold.compute.shelf import StoredAnswer, Ticket
from sealhold.compute.slots import boundary
from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.hybrid import seal_to
from sealhold.crypto.tags import Tag
from sealhold.model.ids import Id16, ReceiptId, RequestId, TaskDigest, random_id
from sealhold.model.quantities import Instant
from sealhold.model.shown import Mode
from sealhold.vault.grants import GrantRow

SALT_BYTES = 32
LONGEST_RECIPIENT = 200  # characters of an address that a proof holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A value that is ready to leave."""

    value: int
    members: Sequence[Member]  # the objects that it was computed over
    ticket: Ticket
    seq: int  # of the entry that charged it


def papers_of(
    office: Office, asked: Asked, row: GrantRow, computed: Computed, now: Instant
) -> tuple[StoredAnswer, Receipt]:
    """Return the answer with all its papers, and the receipt that an outsider's copy is made of."""
    task, box_key = asked.signed.task, asked.wish.destination.box_key
    proof = _proof(office, asked, row, computed, now)
    sealed = seal_to(box_key, proof, box_info(row.request, task.digest))
    receipt = Receipt(
        id=ReceiptId(random_id(office.core.entropy)),
        at=now,
        about=Id16(row.grant.id),
        audit=Place(
            origin=office.log_origin, size=office.size_after(computed.seq), index=computed.seq
        ),
        body=RunBody(
            app=asked.app.id,
            grant=row.grant.id,
            task=task.digest,
            purpose=asked.wish.purpose,
            destination=sha256(box_key),
            answer=sha256(sealed),
            bytes_out=len(sealed),
            confirmed=_confirmed(office, row),
            rows_read=len(computed.members),
            cost=computed.ticket.cost,
            repeated=False,
            # THREAT T186: software evidence hides nothing from the owner, and the paper says so
            third_party=Secrecy.NOT_FROM_OWNER if task.resources else None,
        ),
    )
    answer = StoredAnswer(
        grant=row.grant.id,
        epoch=computed.ticket.epoch,
        receipt=receipt.id,
        at=now,
        value=computed.value,
        cost=computed.ticket.cost,
        sealed=sealed,
        proof=proof,
        owner_receipt=issue(receipt, office.proof_key),
        seq=computed.seq,
    )
    return answer, receipt


def box_info(request: RequestId, task: TaskDigest) -> bytes:
    """Return what an answer's seal is bound to; the recipient knows both."""
    return framed(Tag.BOX, request, task)


def runtime() -> str:
    """Return name and version of the sandbox, as a proof says it."""
    return f"pydantic-monty {version('pydantic-monty')}, python {platform.python_version()}"


def _proof(office: Office, asked: Asked, row: GrantRow, computed: Computed, now: Instant) -> bytes:
    entropy = office.core.entropy
    inputs = inputs_root(digests(office.core, computed.members))
    answer = Answer(
        task=asked.signed.task.digest,
        param=asked.wish.param,
        selection=asked.wish.selection,
        value=computed.value,
        # THREAT T43: a slot's end, never the moment at which the program was done
        slot_time=boundary(computed.ticket.slot_at, asked.signed.task.slot.seconds, now),
        recipient=asked.wish.destination.url[:LONGEST_RECIPIENT],
        nonce=computed.ticket.nonce,
    )
    conduct = Conduct(
        terms=sha256(row.envelope),
        coarsen=row.grant.coarsen,
        isolation=office.isolation_mode,
        runtime=runtime(),
        inputs=commitment(inputs, entropy(SALT_BYTES)),
        entry=commitment(office.leaf_hash(computed.seq), entropy(SALT_BYTES)),
    )
    return build_proof(asked.signed, answer, conduct, office.proof_key)


def _confirmed(office: Office, row: GrantRow) -> Confirmed:
    return Confirmed.STANDING if row.grant.mode is Mode.UNTIL else confirmed(office)
