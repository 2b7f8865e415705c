"""What an owner's devices tell each other of counted uses: what is lent, and what became of it.

- Both are notes of the owner's home collection, one for each share and device; only what a device
  says of itself counts, and of leases only what the device says that looks after the share.

Source: docs/spec/52-share-spaces.md section 11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sealhold.crypto.digest import mac16
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain
from sealhold.model.errors import InvalidEncodingError, TamperedError
from sealhold.model.ids import ID_BYTES, DeviceId, GrantId, Id16
from sealhold.policy.uses import Holding, Lease
from sealhold.sharing.devices.devices import Devices, Open
from sealhold.sharing.devices.drafting import Draft
from sealhold.sharing.devices.state import Note
from sealhold.vault.shareleases import KEPT, Held, read_lease, told_lease

LEASE, HAS = "uselease", "usehas"  # kinds of notes
_LAST: Final = 1 << 31  # of numbers of uses and of terms


@dataclass(frozen=True, slots=True)
class Has:
    """What a device has of the uses of a share."""

    incarnation: Id16
    term: int  # of the device that looks after the share, as this one knows it
    wants: bool
    held: tuple[Held, ...]

    @property
    def last(self) -> int:
        """The number of the first use of its newest lease; 0: it never had one."""
        return max((each.holding.lease.first for each in self.held), default=0)

    @property
    def before(self) -> int:
        """How many uses it drew from leases that it tells of no more."""
        return max((each.before for each in self.held), default=0)


def key_of(devices: Devices, kind: str, grant: GrantId, device: DeviceId) -> bytes:
    """Return the key of a note, 16 bytes."""
    secret = devices.home.about.secret
    return mac16(secret, Tag.NOTE, kind.encode(), grant, device)


def tell_lease(devices: Devices, grant: GrantId, term: int, lease: Lease) -> None:
    """Write what a device was lent, if that is new."""
    key = key_of(devices, LEASE, grant, lease.device)
    _tell(devices, LEASE, key, [1, grant, term, told_lease(lease)])


def lease_for_me(devices: Devices, grant: GrantId, by: DeviceId, term: int) -> Lease | None:
    """Return what `by` lent to this device in a term; None if nothing that counts."""
    me = devices.me
    note = _note(devices.home, LEASE, key_of(devices, LEASE, grant, me.id))
    # THREAT T590: what nobody lent who may, or was lent to another, is drawn from by nobody
    if note is None or note.device != by:
        return None
    match note.told:
        case [1, bytes(of), int(since), list(told)] if (of, since) == (grant, term):
            try:
                lease = read_lease(told)
            except TamperedError:
                return None
            mine = (lease.device, lease.incarnation) == (me.id, me.incarnation)
            return lease if mine else None
        case _:
            return None


def tell_has(devices: Devices, grant: GrantId, has: Has) -> None:
    """Write what this device has of a share, if that is new."""
    held = [
        [told_lease(each.holding.lease), each.holding.used, each.before, each.is_closed]
        for each in has.held
    ]
    key = key_of(devices, HAS, grant, devices.me.id)
    _tell(devices, HAS, key, [1, grant, has.incarnation, has.term, has.wants, held])


def has_told(devices: Devices, grant: GrantId) -> bool:
    """Return whether this device ever told what it has of a share."""
    return _note(devices.home, HAS, key_of(devices, HAS, grant, devices.me.id)) is not None


def what_others_have(devices: Devices, grant: GrantId) -> Iterator[tuple[DeviceId, Has]]:
    """Yield what the other devices of the owner have of a share; what is no such note is not."""
    for device in devices.home.members.state.holders():
        note = _note(devices.home, HAS, key_of(devices, HAS, grant, device))
        if device != devices.me.id and note is not None and note.device == device:
            try:
                yield device, _has(note.told, grant, device)
            except (InvalidEncodingError, TamperedError):
                continue


def _has(told: Plain, grant: GrantId, device: DeviceId) -> Has:
    match told:
        case [1, bytes(of), bytes(incarnation), int(term), bool(wants), list(held)] if (
            of == grant
            and len(incarnation) == ID_BYTES
            and 0 <= term < _LAST
            and len(held) <= 2 * KEPT
        ):
            return Has(Id16(incarnation), term, wants, tuple(_held(each, device) for each in held))
        case _:
            raise InvalidEncodingError("what a device has of a share is not told as it must be")


def _held(told: Plain, device: DeviceId) -> Held:
    match told:
        case [list(told_of), int(used), int(before), bool(closed)]:
            lease = read_lease(told_of)
            if lease.device == device and 0 <= used <= lease.amount and 0 <= before < _LAST:
                return Held(Holding(lease=lease, used=used), before, closed)
        case _:
            pass
    raise InvalidEncodingError("what a device has of a share is not told as it must be")


def _note(home: Open, kind: str, key: bytes) -> Note | None:
    return home.replica.state.note(kind, key)


def _tell(devices: Devices, kind: str, key: bytes, told: Plain) -> None:
    note = _note(devices.home, kind, key)
    if note is not None and note.told == told and note.device == devices.me.id:
        return
    draft = Draft(devices.home.replica)
    draft.note(kind, key, told)
    draft.commit()
