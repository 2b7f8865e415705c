"""Receipts of uses in a share space: what devices signed, and the owner's signature beside.

- A receipt counts if the device that wrote its note signed it, and it is about the share.
- At T2 and T3 the owner signs beside what fits a use that was charged; the rest is told as odd.

Source: docs/spec/52-share-spaces.md section 4; docs/spec/49-sharing.md section 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sealhold.audit.receipt import countersign, open_receipt
from sealhold.audit.receiptbody import UseBody
from sealhold.audit.usechain import Odd, check_uses
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import BadSignatureError, InvalidEncodingError
from sealhold.model.ids import DeviceId, GrantId, Id16
from sealhold.model.quantities import Instant
from sealhold.policy.shareterms import Tier
from sealhold.sharing.devices.certs import OF_OTHERS
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.saying import USE
from sealhold.sharing.peers.sharepaper import Record
from sealhold.sharing.peers.usenotes import ANSWER_KIND, MAX_RECEIPT, RECEIPT_KIND
from sealhold.vault.shareuses import ShareUses


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A receipt in a space."""

    key: bytes  # of its note
    device: DeviceId
    at: Instant
    body: UseBody
    data: bytes  # as its device signed it


def receipts(opened: Open, grant: GrantId) -> Iterator[Told]:
    """Yield the receipts of a share that devices told, each signed by the one that did."""
    members = opened.members.state.members
    for key, note in opened.replica.state.notes(USE):
        device = DeviceId(Id16(note.device))
        if device not in members or not isinstance(note.told, bytes):
            continue
        if len(note.told) > MAX_RECEIPT:
            continue
        try:
            found = open_receipt(note.told, {members[device].certificate.signing})
        except (InvalidEncodingError, BadSignatureError):
            continue
        receipt = found.receipt
        if isinstance(receipt.body, UseBody) and receipt.about == grant:
            yield Told(key=key, device=device, at=receipt.at, body=receipt.body, data=note.told)


def sign_beside(devices: Devices, opened: Open, record: Record, uses: ShareUses) -> list[bytes]:
    """Sign receipts of uses that were charged here, durably; return keys of those that do not fit.

    What another device of the owner answered is that one's to sign.

    Raises:
        AuditUnavailableError: nothing can be written.
    """
    odd: list[bytes] = []
    draft, state = Draft(opened.replica), opened.replica.state
    for told in receipts(opened, record.grant):
        if told.body.tier < Tier.KEY_PER_USE or state.note(RECEIPT_KIND, told.key) is not None:
            continue
        kept = uses.kept(record.grant, told.key)
        body = told.body
        # THREAT T549: a receipt of another use, or of none, is not signed
        if (
            kept is None
            or not body.permitted
            or kept.who != told.device
            or (kept.number, kept.action, kept.purpose)
            != (body.counter, body.action.value, body.purpose)
        ):
            if not _is_answered_elsewhere(devices, opened, told.key):
                odd.append(told.key)
            continue
        signing = opened.members.state.members[told.device].certificate.signing
        both = countersign(told.data, {signing}, devices.me.keys.signer)
        uses.put_receipt(record.grant, told.key, both)
        draft.note(RECEIPT_KIND, told.key, both)
    draft.commit()
    return odd


def _is_answered_elsewhere(devices: Devices, opened: Open, key: bytes) -> bool:
    answer = opened.replica.state.note(ANSWER_KIND, key)
    return answer is not None and answer.device != devices.me.id


def is_signed_beside(opened: Open, key: bytes) -> bool:
    """Return whether a device of the owner signed a receipt, by the key of its note."""
    return opened.replica.state.note(RECEIPT_KIND, key) is not None


def papers_of(opened: Open, grant: GrantId) -> list[bytes]:
    """Return the receipts of a share, those signed by both where the owner did."""
    state = opened.replica.state
    found: list[bytes] = []
    for told in receipts(opened, grant):
        note = state.note(RECEIPT_KIND, told.key)
        both = note.told if note is not None else None
        found.append(both if isinstance(both, bytes) else told.data)
    return found


def oddities(opened: Open, grant: GrantId, most: int | None) -> tuple[Odd, ...]:
    """Return what is odd about the receipts of a share: gaps, forks, numbers that came twice.

    Args:
        opened: the space.
        grant: the share.
        most: the count of the share, if it has one.
    """
    theirs: list[PublicKey] = []
    owners: list[PublicKey] = []
    for each in opened.members.state.members.values():
        is_theirs = each.certificate.role in OF_OTHERS
        (theirs if is_theirs else owners).append(each.certificate.signing)
    return check_uses(papers_of(opened, grant), Id16(grant), theirs, owners, most)
