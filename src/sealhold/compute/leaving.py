"""The papers that go with an answer: a proof sealed to the app, a receipt for the owner.

- The app gets the proof, the answer in it, sealed to its destination; nothing else leaves.
- The owner keeps the salts of the proof's commitments, and a credential to show claim by claim.
- The owner's receipt names the entry that charged, and what no outsider is told: how many objects
  were read, and what it cost.

Source: docs/spec/10-proof.md; docs/spec/06-receipts.md section 3.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sealhold.audit.receipt import Place, Receipt, issue
from sealhold.audit.receiptbody import Confirmed, RunBody, Secrecy
from sealhold.compute import credential
from sealhold.compute.allowing import confirmed
from sealhold.compute.asked import Asked, facts_so_far
from sealhold.compute.compliance import (
    Answer,
    Conduct,
    build_proof,
    statement_of,
)
from sealhold.compute.credential import KIND, TOLD, OwnFacts, Stated
from sealhold.compute.keeping import Kept, commitments, own_copy
from sealhold.compute.measuring import measured
from sealhold.compute.members import Roots
from sealhold.compute.office import Office
from sealhold.compute.proof_forms import read_file
from sealhold.compute.replay import Member
from sealhold.compute.shelf import StoredAnswer, Ticket
from sealhold.compute.slots import boundary
from sealhold.crypto import sdjwt
from sealhold.crypto.digest import framed, sha256
from sealhold.crypto.hybrid import seal_to
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import to_json
from sealhold.model.ids import Id16, ReceiptId, RequestId, TaskDigest, canonical, random_id
from sealhold.model.quantities import MICRO, Instant
from sealhold.model.shown import Mode
from sealhold.vault.grants import GrantRow

LONGEST_RECIPIENT = 200  # characters of an address that a proof holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A value that is ready to leave."""

    value: int
    members: Sequence[Member]  # the objects that it was computed over
    roots: Roots  # over them
    files: Mapping[str, bytes]  # digests of third parties' files that it was computed with, by id
    ticket: Ticket
    seq: int  # of the entry that charged it


def papers_of(
    office: Office, asked: Asked, row: GrantRow, computed: Computed, now: Instant
) -> tuple[StoredAnswer, Receipt]:
    """Return the answer with all its papers, and the receipt that an outsider's copy is made of."""
    task, box_key = asked.signed.task, asked.wish.destination.box_key
    receipt_id = ReceiptId(random_id(office.core.entropy))
    proof, own = _proof(office, asked, row, computed, receipt_id, now)
    sealed = seal_to(box_key, proof, box_info(row.request, task.digest))
    receipt = Receipt(
        id=receipt_id,
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
        own=own,
    )
    return answer, receipt


def box_info(request: RequestId, task: TaskDigest) -> bytes:
    """Return what an answer's seal is bound to; the recipient knows both."""
    return framed(Tag.BOX, request, task)


def _proof(
    office: Office,
    asked: Asked,
    row: GrantRow,
    computed: Computed,
    receipt: ReceiptId,
    now: Instant,
) -> tuple[bytes, bytes]:
    """Return what leaves as proof, and what the owner keeps of it."""
    signed, prover = asked.signed, office.prover
    answer = Answer(
        task=signed.task.digest,
        param=asked.wish.param,
        selection=asked.wish.selection,
        value=computed.value,
        # THREAT T43: a slot's end, never the moment at which the program was done
        slot_time=boundary(computed.ticket.slot_at, signed.task.slot.seconds, now),
        recipient=asked.wish.destination.url[:LONGEST_RECIPIENT],
        nonce=computed.ticket.nonce,
    )
    kept = _kept(office, asked, computed)
    conduct = Conduct(
        terms=sha256(row.envelope),
        coarsen=row.grant.coarsen,
        isolation=office.isolation_mode,
        runtime=measured(signed.task.code.tier),
        resources=tuple(computed.files[each.id] for each in signed.task.resources),
        hidden=commitments(kept),
        evidence=prover.attester.claim,
    )
    proof = build_proof(signed, answer, conduct, prover.key, prover.attester)
    stated = Stated(
        task=signed,
        answer=answer,
        conduct=conduct,
        statement=sha256(to_json(statement_of(signed, answer, conduct))),
        attestation=read_file(proof).evidence,
    )
    own = _credential(office, stated, computed, kept, receipt)
    if "dsse" in signed.task.output.forms:
        return proof, own_copy(kept, own)
    opened = sdjwt.present(
        sdjwt.read(own, KIND, prover.key.public),
        TOLD,
        holder=prover.holder(receipt),
        audience=answer.recipient,
        nonce=answer.nonce,
        at=answer.slot_time,
    )
    return opened.encode(), own_copy(kept, own)


def _kept(office: Office, asked: Asked, computed: Computed) -> Kept:
    return Kept.of(
        entropy=office.core.entropy,
        entry=office.leaf_hash(computed.seq),
        inputs=computed.roots.inputs,
        provenance=computed.roots.provenance,
        cost=computed.ticket.cost,
        per_object=facts_so_far(office.budget, asked.dataset).per_object,
    )


def _credential(
    office: Office, stated: Stated, computed: Computed, kept: Kept, receipt: ReceiptId
) -> str:
    own = OwnFacts(
        receipt=canonical(receipt),
        entry=kept.values["entry"],
        log_index=computed.seq,
        objects=len(computed.members),
        object_bits=-(-kept.per_object // MICRO),
    )
    return credential.issue(
        stated,
        own,
        key=office.prover.key,
        holder=office.prover.holder(receipt).public,
        entropy=office.core.entropy,
    )


def _confirmed(office: Office, row: GrantRow) -> Confirmed:
    return Confirmed.STANDING if row.grant.mode is Mode.UNTIL else confirmed(office)
