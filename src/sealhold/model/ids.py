"""Names of things: 16-byte ids, and the short form in which people read them.

- An id that stays inside and happens at a time is a UUIDv7; an id that leaves the vault, and a
  subject's pseudonym, is random, because a UUIDv7 tells milliseconds.
- People read a kind letter and the last 12 hex digits, `g-0123456789ab`; programs the whole id.
- A code digest and a manifest id are SHA-256 digests and have types of their own.

Source: docs/spec/01-encoding.md section 2; RFC 9562 for UUIDv4 and UUIDv7.
"""

import re
import struct
from enum import StrEnum
from typing import NewType
from uuid import UUID

from sealhold.model.clock import Entropy
from sealhold.model.errors import InvalidIdError
from sealhold.model.quantities import Instant

Id16 = NewType("Id16", bytes)  # any 16-byte id
AppId = NewType("AppId", Id16)
SubjectId = NewType("SubjectId", Id16)
RecordId = NewType("RecordId", Id16)
RequestId = NewType("RequestId", Id16)
GrantId = NewType("GrantId", Id16)
ReceiptId = NewType("ReceiptId", Id16)
SourceId = NewType("SourceId", Id16)
JobId = NewType("JobId", Id16)
TicketId = NewType("TicketId", Id16)
RunId = NewType("RunId", Id16)
DecisionId = NewType("DecisionId", Id16)
ProcessingId = NewType("ProcessingId", Id16)
ConsentId = NewType("ConsentId", Id16)
NoticeId = NewType("NoticeId", Id16)
DeviceId = NewType("DeviceId", Id16)  # of a machine: follows from its signing key
CollectionId = NewType("CollectionId", Id16)  # of what is synced together, with its own members
EpochId = NewType("EpochId", Id16)  # of a secret of a collection: follows from the secret
ContactId = NewType("ContactId", bytes)  # 32: BLAKE3 of the public keys of somebody's root

TaskDigest = NewType("TaskDigest", bytes)  # SHA-256 of a task manifest's payload bytes
CodeDigest = NewType("CodeDigest", bytes)  # SHA-256 of a program
FunctionId = NewType("FunctionId", bytes)  # SHA-256 of all that can alter an answer (the f-id)

Collection = NewType("Collection", str)  # name of a kind of record: `trips`, `events`
FieldName = NewType("FieldName", str)
ObjectName = NewType("ObjectName", str)  # a stored object's name
Purpose = NewType("Purpose", str)  # a DPV 2.3 term, without its prefix

SealedBytes = NewType("SealedBytes", bytes)  # ciphertext; the only bytes a store may get

ID_BYTES = 16
_RANDOM = (1 << 62) - 1  # of the last 8 bytes, all but the two bits of the variant
SHORT_DIGITS = 12  # 48 bits: enough to tell a person's things apart, short enough to read out


class Kind(StrEnum):
    """What an id names; the value is the letter that people see before it."""

    APP = "a"
    BREACH = "b"
    RECEIPT = "c"
    DECISION = "d"
    GRANT = "g"
    HOLD = "h"
    JOB = "j"
    CREDENTIAL = "k"
    POLICY = "l"
    NOTICE = "n"
    OFFICER = "o"
    PROCESSING = "p"
    REQUEST = "q"
    RECORD = "r"
    SOURCE = "s"
    TICKET = "t"
    SUBJECT = "u"
    RUN = "x"
    CONSENT = "y"
    TOKEN = "z"  # noqa: S105  # reason: a letter, and no secret


_SHORT = re.compile(r"([a-z])-([0-9a-f]{12})")
_WHOLE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[47][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def random_id(entropy: Entropy) -> Id16:
    """Return a fresh UUIDv4: it tells nothing, so it may leave the vault."""
    return Id16(UUID(bytes=entropy(ID_BYTES), version=4).bytes)


def timed_id(now: Instant, entropy: Entropy, nth: int | None = None) -> Id16:
    """Return a fresh UUIDv7: it sorts by time, and stays inside.

    Whoever makes several gives each its `nth`, by which those of one millisecond sort as well.
    """
    tail = entropy(10)
    order = int.from_bytes(tail[:2], "big") if nth is None else nth
    head = now.to_bytes(6, "big") + (0x7000 | order & 0x0FFF).to_bytes(2, "big")
    return Id16(head + bytes([0x80 | tail[2] & 0x3F]) + tail[3:])


def timed_ids(now: Instant, count: int, entropy: Entropy) -> list[Id16]:
    """Return fresh UUIDv7s that ascend in the order of a batch.

    The 12 bits behind the time count within the millisecond (RFC 9562 section 6.2, method 1), and
    past 4,096 the time itself goes on.
    """
    tails = struct.unpack(f">{count}Q", entropy(8 * count))
    start = now << 12
    found = []
    for number, tail in enumerate(tails, start):
        head = number >> 12 << 16 | 0x7000 | number & 0x0FFF
        whole = head << 64 | 1 << 63 | tail & _RANDOM
        found.append(Id16(whole.to_bytes(ID_BYTES, "big")))
    return found


def show(kind: Kind, whole: Id16) -> str:
    """Return the short form: `g-0123456789ab`."""
    return f"{kind.value}-{whole.hex()[-SHORT_DIGITS:]}"


def canonical(whole: Id16) -> str:
    """Return the whole id as programs write it: a lower-case UUID."""
    digits = whole.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def parse_id(kind: Kind, text: str) -> bytes:
    """Return the bytes that `text` names: 16 of them, or the last 6 if it is a short form.

    Raises:
        InvalidIdError: neither a canonical UUID nor a short form of this kind.
    """
    if _WHOLE.fullmatch(text):
        return bytes.fromhex(text.replace("-", ""))
    short = _SHORT.fullmatch(text)
    if short and short[1] == kind.value:
        return bytes.fromhex(short[2])
    raise InvalidIdError(kind.name.lower(), text)
