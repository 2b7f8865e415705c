"""What a device that is removed had, as a signed receipt.

- What it had is counted before the removal, and kept before it begins: a removal that was cut off
  and is done again tells what was there the first time, not what was written since.
- The receipt is a note of the collection about all others, so all full devices have it.

Source: docs/spec/54-recovery-by-people.md section 2; docs/spec/06-receipts.md section 3.
"""

from sealhold.audit.exposed import EXPOSED, Exposed, Keeps
from sealhold.audit.receipt import Receipt, issue, open_receipt
from sealhold.audit.receiptbody import ExposureBody
from sealhold.crypto.digest import fingerprint
from sealhold.crypto.sign import PublicKey
from sealhold.model.errors import (
    DeniedError,
    InvalidEncodingError,
    InvalidError,
    NoEpochError,
    NotFoundError,
    TamperedError,
)
from sealhold.model.ids import DeviceId, Id16, ReceiptId, random_id
from sealhold.sharing.devices import joining
from sealhold.sharing.devices.certs import Role
from sealhold.sharing.devices.chosen import keeps_all
from sealhold.sharing.devices.cutting import say_ends
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.joinpapers import Holds
from sealhold.sharing.devices.keeping import Step

EXPOSURE_KIND = "exposure"  # of notes, by the device that was removed


def exposed(devices: Devices, device: DeviceId) -> tuple[Exposed, ...]:
    """Return what a device has, of each collection that it is a member of; empty if of none."""
    found = [_of(opened, device) for opened in devices.collections() if joining.has(opened, device)]
    return tuple(sorted(found, key=lambda each: each.collection))


def remove(devices: Devices, device: DeviceId) -> bytes:
    """Remove a device everywhere, durably; return the receipt on what it had.

    Done again, it ends what was cut off, and returns the receipt once more.

    Raises:
        NotFoundError: there is no such device.
        DeniedError: this device is no admin.
        InvalidError: it is this very device.
    """
    if device == devices.me.id:
        raise InvalidError("a device does not remove itself: ask another one")
    if devices.me.certificate.role is not Role.ADMIN:
        raise DeniedError("a device that may not remove others")
    is_member = any(
        joining.has(each, device) for each in devices.collections() if not each.is_foreign
    )
    for each in devices.collections():
        if not each.is_foreign:
            say_ends(devices, each)
    if not is_member and (paper := receipt(devices, device)) is not None:
        return paper
    had = _gathered(devices, device)
    if not had:
        raise NotFoundError("no such device")
    if is_member:
        joining.remove(devices, device)
    return _written(devices, device, had)


def receipt(devices: Devices, device: DeviceId) -> bytes | None:
    """Return the receipt on a device that was removed; None if there is none."""
    note = devices.home.replica.state.note(EXPOSURE_KIND, device)
    return note.told if note is not None and isinstance(note.told, bytes) else None


def read(devices: Devices, paper: bytes) -> tuple[ExposureBody, PublicKey]:
    """Return what a receipt says that a device of the owner issued, and by which key.

    Raises:
        InvalidEncodingError: it is no exposure receipt.
        BadSignatureError: no own device issued it, or it was altered.
    """
    signers = {each.certificate.signing for each in devices.members().values()}
    opened = open_receipt(paper, signers)
    if not isinstance(opened.receipt.body, ExposureBody):
        raise InvalidEncodingError("a receipt of another kind")
    return opened.receipt.body, opened.issuer


def objects(opened: Open) -> int:
    """Return how many files, or records, a collection shows."""
    state = opened.replica.state
    if opened.about.holds is Holds.RECORDS:
        of = state.versions
        return sum(of.standing(thing).shown is not None for thing in of.objects())
    return len(state.tree.shown(state.versions.edited_over_deletes()))


# --- inside ---


def _of(opened: Open, device: DeviceId) -> Exposed:
    state, replica = opened.members.state, opened.replica
    holds = state.members[device].holds_keys
    keeps = Keeps.ALL if keeps_all(opened, device) else Keeps.SOME
    logs = [log for log in replica.book.logs() if log.device == device]
    return Exposed(
        collection=Id16(opened.about.id),
        name=opened.about.name,
        entries=sum(replica.book.head(log).seq for log in logs),
        last=_last(opened, device),
        epochs=sum(device in epoch.recipients for epoch in state.epochs.values()),
        objects=objects(opened) if holds else 0,
        versions=sum(1 for _ in replica.state.contents()) if holds else 0,
        keeps=keeps if holds else Keeps.NOTHING,
        others=len(state.holders().keys() - {device}),
        ends=not opened.is_foreign,
    )


def _last(opened: Open, device: DeviceId) -> int | None:
    """Return the time of the newest entry of a device, by its own clock."""
    replica = opened.replica
    times: list[int] = []
    for log in replica.book.logs():
        head = replica.book.head(log).seq
        kept = replica.keeping.entry(replica.collection, log, head) if head else None
        if log.device != device or kept is None:
            continue
        try:
            times.append(replica.open(log, head, kept.data).told.time.ms)
        except (NoEpochError, TamperedError):  # its epoch is not here: nothing is told of it
            continue
    return max(times, default=None)


def _gathered(devices: Devices, device: DeviceId) -> tuple[Exposed, ...]:
    """Return what a device had, durably, with what was counted before a removal was cut off."""
    keeping, home = devices.keeping, devices.home.about.id
    kept = keeping.file_row(home, _row(device))
    before = () if kept is None else EXPOSED.read(kept)
    found = {each.collection: each for each in before}  # what it is out of already
    for each in exposed(devices, device):
        found[each.collection] = each
    had = tuple(found[name] for name in sorted(found))
    if had:
        told = EXPOSED.write(had)
        keeping.save(home, Step(beside=[keeping.put_file(home, _row(device), told)]))
    return had


def _written(devices: Devices, device: DeviceId, had: tuple[Exposed, ...]) -> bytes:
    """Return the receipt, durable and told in the log."""
    body = ExposureBody(
        device=Id16(device),
        called=devices.names().get(device, "") or device.hex(),
        remover=Id16(devices.me.id),
        had=had,
    )
    told = Receipt(
        id=ReceiptId(random_id(devices.entropy)),
        at=devices.now(),
        about=Id16(device),
        audit=None,
        body=body,
    )
    paper = issue(told, devices.me.keys.signer)
    keeping = devices.keeping
    # THREAT T569: what was handed out is in the log, before anybody has it
    keeping.receipt_told(told.id, paper, EXPOSURE_KIND)
    draft = Draft(devices.home.replica)
    draft.note(EXPOSURE_KIND, device, paper)
    draft.commit(Step(beside=[keeping.drop_file(devices.home.about.id, _row(device))]))
    return paper


def _row(device: DeviceId) -> bytes:
    return fingerprint(b"exposure of " + device)
