"""Entries of a membership log: what each kind says, signed by the admin who says it.

- An entry names the entries before it, the device that acts and the entry that made it an admin, so
  it stands on one chain of grants that begins at the root.
- An admin that the root certified anew adds itself: that entry stands on its own certificate.

Source: docs/spec/12-membership.md section 5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import NewType

from sealhold.crypto.digest import DIGEST_BYTES, tagged
from sealhold.crypto.sign import PublicKey, SigningKey, verify
from sealhold.crypto.tags import Tag
from sealhold.model.encoding import Plain, pack, unpack
from sealhold.model.errors import InvalidEncodingError
from sealhold.model.ids import ID_BYTES, CollectionId, DeviceId, EpochId, Id16
from sealhold.sharing.devices.certs import SignedCertificate, read_certificate
from sealhold.sharing.devices.logicaltime import MAX_MS, MAX_STEP, LogicalTime
from sealhold.sharing.devices.slices import MAX_TERM
from sealhold.sharing.devices.wraps import MAX_LINKS, MAX_RECIPIENTS

EntryId = NewType("EntryId", bytes)  # 32 bytes

MAX_ENTRY = 65_536  # bytes; an epoch for 1,024 devices names them in 16 KiB
MAX_PARENTS = 64
MAX_NAME = 64  # bytes of a setting's name, UTF-8
MAX_VALUE = 16_384  # bytes of a setting's value
SIGNATURE_BYTES = 64
SELF = EntryId(b"")  # stands on its own certificate

_FORM = 1
_EPOCH_FIELDS = _LEDGER_FIELDS = 4


class EntryKind(StrEnum):
    """What an entry does."""

    ADD = "add"
    REMOVE = "remove"
    ROLE = "role"
    POLICY = "policy"
    EPOCH = "epoch"
    TOKEN = "token"  # noqa: S105  # reason: a word, and no secret
    LEDGER = "ledger"


@dataclass(frozen=True, slots=True)
class Certified:
    """A device becomes a member, or another kind of member (`add`, `role`)."""

    signed: SignedCertificate
    data: bytes  # the certificate as it travels


@dataclass(frozen=True, slots=True)
class Removal:
    """A device is a member no more (`remove`)."""

    device: DeviceId


@dataclass(frozen=True, slots=True)
class Epoch:
    """A new secret to write under (`epoch`)."""

    id: EpochId
    wraps: bytes  # 32 bytes that name the set of copies
    earlier: frozenset[EpochId]
    recipients: frozenset[DeviceId]


@dataclass(frozen=True, slots=True)
class Setting:
    """A rule of the collection (`policy`), or a carrier's credential in public (`token`)."""

    name: str
    value: bytes
    device: DeviceId | None = None  # whom a token is for


@dataclass(frozen=True, slots=True)
class LedgerDevice:
    """Which device counts a budget (`ledger`)."""

    ledger: Id16
    device: DeviceId
    term: int  # from 1
    handed: bytes = b""  # the hand-over of the device before, signed; see slices


Body = Certified | Removal | Epoch | Setting | LedgerDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry before it is signed."""

    collection: CollectionId
    parents: frozenset[EntryId]
    actor: DeviceId
    grant: EntryId  # the entry that made the actor an admin, or SELF
    kind: EntryKind
    body: Body
    time: LogicalTime


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it came; whether it may stand in the log is for the log to say."""

    id: EntryId
    draft: Draft
    told: bytes
    signature: bytes

    def check(self, public: PublicKey) -> None:
        """Return if the device of that key signed the entry.

        Raises:
            BadSignatureError: it did not.
        """
        verify(public, Tag.MEMBERSHIP, self.told, self.signature)


def sign_entry(draft: Draft, signer: SigningKey) -> bytes:
    """Return an entry ready to be carried.

    Raises:
        InvalidEncodingError: what no reader would take.
    """
    told = pack(
        {
            "a": draft.actor,
            "b": _told(draft.body),
            "c": draft.collection,
            "g": draft.grant,
            "k": draft.kind.value,
            "p": sorted(draft.parents),
            "t": [draft.time.ms, draft.time.step],
            "v": _FORM,
        }
    )
    data = told + signer.sign(Tag.MEMBERSHIP, told)
    read_entry(data)
    return data


def read_entry(data: bytes) -> Entry:
    """Return what an entry says, its signature still to be checked.

    Raises:
        InvalidEncodingError: not as an entry is.
    """
    if not SIGNATURE_BYTES < len(data) <= MAX_ENTRY:
        raise InvalidEncodingError(f"an entry of {len(data)} bytes, at most {MAX_ENTRY}")
    told, signature = data[:-SIGNATURE_BYTES], data[-SIGNATURE_BYTES:]
    name = EntryId(tagged(Tag.MEMBERSHIP_ID, told))
    return Entry(name, _draft(unpack(told)), told, signature)


def _draft(told: Plain) -> Draft:
    match told:
        case {
            "a": bytes(actor),
            "b": body,
            "c": bytes(collection),
            "g": bytes(grant),
            "k": str(kind),
            "p": list(parents),
            "t": [int(ms), int(count)],
            "v": 1,
            **rest,
        } if (
            not rest
            and len(actor) == len(collection) == ID_BYTES
            and len(grant) in {0, DIGEST_BYTES}
            and kind in tuple(EntryKind)
            and 0 <= ms < MAX_MS
            and 0 <= count <= MAX_STEP
        ):
            return Draft(
                collection=CollectionId(Id16(collection)),
                parents=frozenset(map(EntryId, _ascending(parents, MAX_PARENTS, DIGEST_BYTES))),
                actor=DeviceId(Id16(actor)),
                grant=EntryId(grant),
                kind=EntryKind(kind),
                body=_body(EntryKind(kind), body),
                time=LogicalTime(ms, count),
            )
        case _:
            raise InvalidEncodingError("an entry of a membership log does not tell what it must")


def _told(body: Body) -> Mapping[str, Plain]:
    match body:
        case Certified(data=data):
            return {"x": data}
        case Removal(device=device):
            return {"d": device}
        case Epoch(id=name, wraps=wraps, earlier=earlier, recipients=recipients):
            return {"e": sorted(earlier), "i": name, "r": b"".join(sorted(recipients)), "w": wraps}
        case Setting(name=text, value=value, device=device):
            return {"d": device or b"", "n": text, "x": value}
        case LedgerDevice(ledger=ledger, device=device, term=term, handed=handed):
            return {"d": device, "h": handed, "l": ledger, "n": term}


def _body(kind: EntryKind, told: Plain) -> Body:
    if not isinstance(told, dict):
        raise InvalidEncodingError("the body of an entry is a map")
    match kind, told:
        case ((EntryKind.ADD | EntryKind.ROLE), {"x": bytes(data), **rest}) if not rest:
            return Certified(read_certificate(data), data)
        case EntryKind.REMOVE, {"d": bytes(device), **rest} if not rest and len(device) == ID_BYTES:
            return Removal(DeviceId(Id16(device)))
        case EntryKind.EPOCH, _:
            return _epoch(told)
        case ((EntryKind.POLICY | EntryKind.TOKEN), _):
            return _setting(kind, told)
        case EntryKind.LEDGER, _:
            return _ledger(told)
        case _:
            raise InvalidEncodingError(f"the body of an entry of kind {kind} is another's")


def _epoch(told: dict[str, Plain]) -> Epoch:
    match told:
        case {"e": list(earlier), "i": bytes(name), "r": bytes(named), "w": bytes(wraps)} if (
            len(told) == _EPOCH_FIELDS
            and len(name) == ID_BYTES
            and len(wraps) == DIGEST_BYTES
            and len(named) <= MAX_RECIPIENTS * ID_BYTES
        ):
            each = [named[at : at + ID_BYTES] for at in range(0, len(named), ID_BYTES)]
            return Epoch(
                id=EpochId(Id16(name)),
                wraps=wraps,
                earlier=frozenset(
                    EpochId(Id16(one)) for one in _ascending(earlier, MAX_LINKS, ID_BYTES)
                ),
                recipients=frozenset(
                    DeviceId(Id16(one)) for one in _ascending(each, MAX_RECIPIENTS, ID_BYTES)
                ),
            )
        case _:
            raise InvalidEncodingError("an epoch does not tell what it must")


def _setting(kind: EntryKind, told: dict[str, Plain]) -> Setting:
    match told:
        case {"d": bytes(device), "n": str(name), "x": bytes(value), **rest} if (
            not rest
            and len(device) in ({0, ID_BYTES} if kind is EntryKind.TOKEN else {0})
            and 1 <= len(name.encode()) <= MAX_NAME
            and len(value) <= MAX_VALUE
        ):
            return Setting(name, value, DeviceId(Id16(device)) if device else None)
        case _:
            raise InvalidEncodingError("a setting does not tell what it must")


def _ledger(told: dict[str, Plain]) -> LedgerDevice:
    match told:
        case {"d": bytes(device), "h": bytes(handed), "l": bytes(ledger), "n": int(term)} if (
            len(told) == _LEDGER_FIELDS
            and len(device) == len(ledger) == ID_BYTES
            and 0 < term <= MAX_TERM
            and len(handed) <= MAX_VALUE
        ):
            return LedgerDevice(Id16(ledger), DeviceId(Id16(device)), term, handed)
        case _:
            raise InvalidEncodingError("a ledger's device is not told as it must be")


def _ascending(told: list[Plain], most: int, size: int) -> list[bytes]:
    if (
        len(told) > most
        or any(not isinstance(each, bytes) or len(each) != size for each in told)
        or any(one >= other for one, other in pairwise(told))
    ):
        raise InvalidEncodingError("ids of an entry are not in their order")
    return told
